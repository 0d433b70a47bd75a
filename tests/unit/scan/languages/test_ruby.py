"""Gems: what RubyGems writes of them, read as text."""

import pytest

from entrepot.scan.packages import Package
from tests.factories.language_files import names, packages, readers, told

PATH = "usr/lib/ruby/gems/3.1.0/specifications/rake-13.0.6.gemspec"
WRITTEN = """# -*- encoding: utf-8 -*-
# stub: rake 13.0.6 ruby lib

Gem::Specification.new do |s|
  s.name = "rake".freeze
  s.version = "13.0.6"

  s.required_rubygems_version = Gem::Requirement.new(">= 1.3.2".freeze) if s.respond_to? :required_rubygems_version=
  s.authors = ["Hiroshi SHIBATA".freeze]
  s.licenses = ["MIT".freeze, "Ruby".freeze]
  s.rubygems_version = "3.3.5".freeze
  s.specification_version = 4
end
"""


@pytest.mark.parametrize(
    "path",
    [
        PATH,
        "usr/local/bundle/specifications/rake-13.0.6.gemspec",
        "usr/lib/ruby/gems/3.1.0/specifications/default/a.gemspec",
    ],
)
def test_a_specification_is_read_where_rubygems_keeps_them(path):
    assert packages(path, WRITTEN) == [Package("gem", "rake", "13.0.6", path, licence="MIT, Ruby")]


def test_a_specification_among_a_gems_sources_is_of_no_installed_gem():
    assert not readers("usr/local/bundle/gems/rake-13.0.6/rake.gemspec")
    assert not readers("app/Gemfile.lock")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# stub: nokogiri 1.15.0 x86_64-linux lib\n", ("nokogiri", "1.15.0")),
        ('spec.name = "a"\nspec.version = "1"', ("a", "1")),
        ("  s.name = 'a'.freeze\n  s.version = '1'", ("a", "1")),
        ("s.name = %q{a}\ns.version = %q{1}", ("a", "1")),
        ('s.name=%q[a]\ns.version = Gem::Version.new("1")', ("a", "1")),
        ("# stub: a 1 ruby lib\ns.name = NAME\ns.version = Foo::VERSION", ("a", "1")),
        ('s.name = "a"\ns.version = "1"\ns.name = "b"', ("a", "1")),
        ('# stub: a 1 ruby lib\r\ns.name = "a"\r\ns.version = "1"\r\n', ("a", "1")),
    ],
)
def test_names_and_versions_are_literals_or_stand_in_the_stub(text, expected):
    assert names(PATH, text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Gem::Specification.new do |s|\nend",
        's.name = "a"\ns.version = A::VERSION',
        's.name = "a#{1}"\ns.version = "1"',
        's.name = `id`\ns.version = "1"',
        '# s.name = "a"\n# s.version = "1"',
        's.full_name = "a"\ns.version = "1"',
    ],
)
def test_nothing_is_computed(text):
    assert told(PATH, text) == ([], f"{PATH} cannot be read: its name or version is no literal")


@pytest.mark.parametrize(
    "text", ["s.name = " * 100_000, " \t" * 500_000, 's.licenses = ["' * 80_000, "# stub:" * 100_000]
)
def test_text_that_repeats_is_read_in_linear_time(text):
    assert told(PATH, text)[0] == []


def test_a_specification_has_a_largest_size():
    assert "more than the 1048576" in told(PATH, "#" * 1_100_000)[1]
