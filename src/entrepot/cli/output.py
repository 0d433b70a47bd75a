"""What every command shares: where its data is, and how its result is shown (`--output json`, or text)."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from entrepot.app import directory
from entrepot.errors import RegionNotServed
from entrepot.settings import Settings, beside, load
from entrepot.spec.repository import RegistryKey

Account = Annotated[str | None, Parameter(help="12 digits; the default account when left out.")]
Region = Annotated[str | None, Parameter(help="The region of the registry; the first that is served when left out.")]
Format = Annotated[Literal["text", "json"], Parameter(name="--output", help="How to show the result.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Place:
    """The data that a command works on, beside a running server or without one."""

    data: Annotated[Path | None, Parameter(help="The server's data directory.")] = None
    config: Annotated[Path | None, Parameter(help="The server's configuration file.")] = None

    def settings(self) -> Settings:
        """The settings of the server that runs here, or that one would have."""
        flags = {"data": self.data, "config": self.config}
        return beside(flags, directory.running(load(flags).data))


HERE = Place()


def registry(settings: Settings, account: str | None, region: str | None) -> RegistryKey:
    """The private registry that a command is about: RegionNotServed."""
    chosen = region or settings.regions[0]
    if chosen not in settings.regions:
        raise RegionNotServed(region=chosen, served=", ".join(settings.regions))
    return RegistryKey("private", account or settings.account_id, chosen)


def show(result: Mapping[str, object] | Sequence[Mapping[str, object]], output: str) -> None:
    """Print a record, or a list of them."""
    if output == "json":
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(result)).decode() + "\n")
        return
    records = [result] if isinstance(result, Mapping) else result
    for number, record in enumerate(records):
        if number:
            sys.stdout.write("\n")
        width = max((len(name) for name in record), default=0)
        for name, value in record.items():
            sys.stdout.write(f"{name.ljust(width)}  {_plain(value)}\n")


def warn(warnings: Sequence[str]) -> None:
    """Say on stderr what was done and may not have been meant; the result holds it too."""
    for each in warnings:
        sys.stderr.write(f"Warning: {each}\n")


@contextmanager
def progress(what: str, total: int | None) -> Iterator["Bar"]:
    """A bar on stderr, when that is a terminal."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as shown:
        yield Bar(shown, total)


class Bar:
    """Counts up."""

    def __init__(self, shown: Progress, total: int | None) -> None:
        self._shown = shown
        self._task = shown.add_task("", total=total)

    def __call__(self, count: int) -> None:
        """So many more are done."""
        self._shown.advance(self._task, count)


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return "".join(f"\n  {item}" for item in value) if value else "none"
    return str(value)
