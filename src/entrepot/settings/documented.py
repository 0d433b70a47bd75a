"""What each field of the record of settings says of itself, and how a value is written."""

import hashlib
from collections.abc import Callable
from dataclasses import Field, dataclass, field
from pathlib import Path
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


def written(value: object) -> str:
    """A value as the environment would hold it: the kind of its setting reads it back; absent is empty."""
    if isinstance(value, Path):
        return str(value.absolute())
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join("=".join(item) if isinstance(item, tuple) else str(item) for item in value)
    return "" if value is None else str(value)


def fingerprint(secret: object) -> str:
    """Tells whether two secrets are the same, and nothing else of them."""
    return "unset" if secret is None else f"sha256:{hashlib.sha256(str(secret).encode()).hexdigest()[:16]}"
