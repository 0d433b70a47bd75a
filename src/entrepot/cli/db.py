"""`entrepot db`: the metadata database."""

from entrepot.app import opened
from entrepot.cli.output import HERE, Format, Place, show


def upgrade(*, place: Place = HERE, output: Format = "text") -> None:
    """Bring the schema to this version's; a server does so itself when it starts."""
    before, after = opened.upgrade(place.settings())
    show({"before": before, "after": after}, output)
