"""What each field of the record of settings says of itself."""

from collections.abc import Callable
from dataclasses import Field, dataclass, field
from typing import Any

PREFIX = "ENTREPOT_"


def setting(
    default: object,
    parse: Callable[[object], object],
    doc: str,
    *,
    unit: str = "",
    secret: bool = False,
    agree: bool = False,
) -> Any:
    """One setting. `default` is parsed like any other value; None means absent. `agree`: see `Settings.agreed`."""
    metadata = {"parse": parse, "doc": doc, "unit": unit, "secret": secret, "agree": agree, "default": default}
    return field(metadata=metadata)


@dataclass(frozen=True)
class Documented:
    """One setting as its documentation shows it."""

    name: str
    variable: str
    default: str
    unit: str
    doc: str
    secret: bool
    is_flag: bool
    agree: bool

    @property
    def help(self) -> str:
        """One line for the command line."""
        shown = f" Default: {self.default}." if self.default else ""
        return f"{self.doc}{f' In {self.unit}.' if self.unit else ''}{shown}"


def variable(name: str) -> str:
    """The environment variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def documented(item: "Field[object]") -> Documented:
    """A field of the record as its documentation shows it."""
    about = item.metadata
    default = about["default"]
    shown = "" if default is None else ",".join(default) if isinstance(default, list) else str(default)
    if isinstance(default, bool):
        shown = str(default).lower()
    return Documented(
        item.name,
        variable(item.name),
        shown,
        about["unit"],
        about["doc"],
        about["secret"],
        isinstance(default, bool),
        about["agree"],
    )
