"""A layer is found by every name by which a package of it may be told of."""

from hypothesis import given
from hypothesis import strategies as st

from entrepot.scan import name_marks
from entrepot.scan.matching import asked_of
from entrepot.scan.merging import merge
from entrepot.scan.names import ECOSYSTEMS, normalised
from entrepot.scan.packages import Layer, Package, Release, SystemDatabase

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
TYPES = st.sampled_from(sorted({*ECOSYSTEMS, "deb", "apk", "rpm"}))
VERSION = "1.2"


@st.composite
def layers(draw: st.DrawFn) -> Layer:
    packages = [
        Package(draw(TYPES), draw(NAMES), VERSION, "db", source_name=draw(st.just("") | NAMES)) for _ in range(3)
    ]
    release = Release(
        draw(
            st.sampled_from(["alpine", "amzn", "debian", "opensuse-leap", "photon", "rhel", "sles", "ubuntu", "wolfi"])
        ),
        draw(st.sampled_from(["1", "12", "22.04", "3.19.1"])),
    )
    of_system = [each for each in packages if each.type in {"deb", "apk", "rpm"}]
    others = [each for each in packages if each not in of_system]
    return Layer(
        releases={"etc/os-release": release},
        databases=[SystemDatabase("dpkg", "db", of_system)],
        packages=[Package(each.type, each.name, VERSION, "elsewhere") for each in others],
    )


@given(layers())
def test_whatever_is_asked_of_an_image_its_layer_is_marked_with(layer: Layer):
    marks = name_marks.unpacked(name_marks.of_layer(layer))
    assert list(marks) == sorted(set(marks))
    for _, asked in asked_of(merge([("sha256:1", layer)])):
        key = (asked.ecosystem, normalised(asked.ecosystem, asked.name))
        assert not name_marks.of_changed([key]).isdisjoint(marks)


def test_what_a_layer_does_not_hold_it_is_not_marked_with():
    layer = Layer(packages=[Package("pypi", "Flask", "1", "x")])
    marks = name_marks.unpacked(name_marks.of_layer(layer))
    for key in (("PyPI", "django"), ("npm", "flask"), ("Debian:12", "flask")):
        assert name_marks.of_changed([key]).isdisjoint(marks)
    assert not name_marks.of_changed([("PyPI", "flask")]).isdisjoint(marks)
    assert name_marks.unpacked(name_marks.of_layer(Layer())) == ()
