"""Inventories that images share are unpacked once, and no image ever gets another's."""

from entrepot.core.scanning import inventories
from entrepot.core.scanning.kept_layers import KeptLayers
from entrepot.scan.packages import Layer, Package

LAYERS = {
    name: Layer(packages=[Package(type="pypi", name=name, version="1", path=f"opt/{name}")], read=["opt/none"])
    for name in ("a", "b", "c")
}
BODIES = {name: inventories.packed(layer) for name, layer in LAYERS.items()}


def test_layers_are_kept_up_to_their_size_and_never_missing():
    for most in (1, 10**6):
        kept = KeptLayers(most)
        for wanted in (["a", "b"], ["b", "c"], ["a", "b", "c"], ["c"]):
            brought = {name: BODIES[name] for name in wanted if name not in kept.of(wanted, {})}
            assert kept.of(wanted, brought) == {name: LAYERS[name] for name in wanted}
        assert [*kept.of(["c"], {}), *kept.of(["a"], {})] == (["c", "a"] if most > 1 else ["c"])
    assert kept.of(["unheard"], {}) == {}
