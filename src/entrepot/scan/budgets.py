"""What reading one layer may cost, and the meter that stops it there. The clock is given: seconds that only rise."""

from collections.abc import Callable
from dataclasses import dataclass

from entrepot.errors.scanning import BudgetExceeded

Clock = Callable[[], float]
KIB, MIB, GIB = 1024, 1024**2, 1024**3


@dataclass(frozen=True, slots=True)
class Budgets:
    """The most that one layer may take; each is far above what images of today need."""

    unpacked: int = 20 * GIB  # bytes
    ratio: int = 200  # bytes unpacked for each packed one,
    ratio_after: int = 100_000_000  # once so many are unpacked
    entries: int = 2_000_000
    path: int = 4 * KIB  # bytes of one path
    extended: int = MIB  # bytes of one extended header (PAX, or a long name of GNU)
    kept: int = 64 * MIB  # characters of all paths and packages that are told of the layer
    seconds: float = 120


class Meter:
    """What a layer has cost up to now; each method raises BudgetExceeded beyond what the budgets allow."""

    __slots__ = ("_budgets", "_clock", "_ends", "_entries", "_kept", "_packed", "_unpacked")

    def __init__(self, budgets: Budgets, clock: Clock) -> None:
        self._budgets, self._clock = budgets, clock
        self._ends = clock() + budgets.seconds
        self._packed = self._unpacked = self._entries = self._kept = 0

    def tick(self) -> None:
        """Time goes by."""
        if self._clock() > self._ends:
            raise BudgetExceeded(what="seconds", most=self._budgets.seconds)

    def pack(self, count: int) -> None:
        """So many bytes of the blob were read."""
        self._packed += count

    def unpack(self, count: int) -> None:
        """So many bytes came out of it."""
        self.tick()
        budgets = self._budgets
        self._unpacked += count
        if self._unpacked > budgets.unpacked:
            raise BudgetExceeded(what="bytes unpacked", most=budgets.unpacked)
        if self._unpacked > budgets.ratio_after and self._unpacked > budgets.ratio * self._packed:
            raise BudgetExceeded(what="bytes unpacked for each packed one", most=budgets.ratio)

    def enter(self) -> None:
        """One more header was read."""
        self._entries += 1
        if self._entries > self._budgets.entries:
            raise BudgetExceeded(what="entries", most=self._budgets.entries)

    def keep(self, count: int) -> None:
        """So many characters more are remembered."""
        self._kept += count
        if self._kept > self._budgets.kept:
            raise BudgetExceeded(what="characters of inventory", most=self._budgets.kept)

    def extend(self, size: int) -> None:
        """An extended header has this size."""
        if size > self._budgets.extended:
            raise BudgetExceeded(what="bytes in an extended header", most=self._budgets.extended)

    def name(self, path: str) -> str:
        """The path, unless it is too long."""
        if len(path) > self._budgets.path or (not path.isascii() and len(path.encode()) > self._budgets.path):
            raise BudgetExceeded(what="bytes in a path", most=self._budgets.path)
        return path
