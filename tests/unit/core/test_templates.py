"""Which template a repository is made from, and what a registry may have of them."""

import pytest

from entrepot.core import templates
from entrepot.core.templates import TemplateDraft
from entrepot.errors import QuotaExceeded, TemplateAlreadyExists
from tests.factories.callers import registry, repository
from tests.factories.core_database import CoreDatabase

PUSH = ("CREATE_ON_PUSH",)
CASES = [
    ("a/b/c/d", "a/b/c"),
    ("a/b/c", "a/b/"),
    ("a/b", "a"),
    ("a/bb/c", "a"),
    ("a", "ROOT"),
    ("ab/c", "ROOT"),
    ("x/y", "x"),
    ("root/y", "ROOT"),
]


@pytest.fixture
def prefixed(core: CoreDatabase) -> CoreDatabase:
    """Templates of nested prefixes, one of which is for something else."""
    for prefix in ("ROOT", "a", "a/b/", "a/b/c", "x"):
        core.write(templates.create, registry(), TemplateDraft(prefix, PUSH))
    core.write(templates.create, registry(), TemplateDraft("x/y/z", ("REPLICATION",)))
    return core


@pytest.mark.parametrize(("name", "prefix"), CASES)
def test_the_longest_prefix_of_whole_segments_applies_then_root(prefixed: CoreDatabase, name: str, prefix: str):
    found = prefixed.row(templates.match, repository(name), PUSH[0])
    assert found.prefix == prefix


def test_a_template_for_another_occasion_does_not_hide_a_shorter_prefix(prefixed: CoreDatabase):
    assert prefixed.row(templates.match, repository("x/y/z/app"), PUSH[0]).prefix == "x"
    assert prefixed.row(templates.match, repository("x/y/z/app"), "REPLICATION").prefix == "x/y/z"
    assert prefixed.row(templates.match, repository("x/y/app"), "REPLICATION") is None


def test_another_account_has_templates_of_its_own(prefixed: CoreDatabase):
    assert prefixed.row(templates.match, repository("a/b", "111122223333"), PUSH[0]) is None


def test_a_registry_has_so_many_templates_and_no_more(prefixed: CoreDatabase):
    with pytest.raises(QuotaExceeded):
        prefixed.write(templates.create, registry(), TemplateDraft("more", PUSH), 6)
    prefixed.write(templates.create, registry(), TemplateDraft("more", PUSH), 7)
    with pytest.raises(TemplateAlreadyExists):
        prefixed.write(templates.create, registry(), TemplateDraft("more/", PUSH))


def test_a_mode_without_exclusions_takes_the_filters_of_another_away(core: CoreDatabase):
    kept = TemplateDraft("a", PUSH, mutability="MUTABLE_WITH_EXCLUSION", exclusion_filters=("v*",))
    core.write(templates.create, registry(), kept)
    changed = core.write(templates.update, registry(), TemplateDraft("a", mutability="IMMUTABLE"))
    assert (changed.mutability, changed.exclusion_filters, changed.applied_for) == ("IMMUTABLE", (), PUSH)
