"""`entrepot db`: the databases."""

from entrepot.app import opened
from entrepot.cli.output import HERE, Format, Place, show


def upgrade(*, place: Place = HERE, output: Format = "text") -> None:
    """Bring the schema to this version's; a server does so itself when it starts."""
    changes = opened.upgrade(place.settings())
    show([{"database": name, "before": before, "after": after} for name, (before, after) in changes.items()], output)
