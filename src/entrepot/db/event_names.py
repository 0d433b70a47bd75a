"""What EventBridge has by name, whichever table it is in: found, counted, and listed by name.

Buses, archives, replays, connections and API destinations are named within an account and region, rules on a bus there.
"""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from sqlalchemy import Table, bindparam, func, select

from entrepot.db.database import Reader, Row, number_of

T = TypeVar("T")
Place = tuple[str, ...]  # what names are unique within: account and region, of rules the bus too


class Names(Generic[T]):
    """The rows of a table as `record` makes them; `scope` are the columns of a place."""

    def __init__(
        self, table: Table, record: Callable[[Row], T], scope: Sequence[str] = ("account_id", "region")
    ) -> None:
        self._record = record
        self._scope = tuple(scope)
        self.here = tuple(table.c[column] == bindparam(f"of_{column}") for column in scope)
        name = table.c.name
        self._find = select(table).where(*self.here, name == bindparam("of_name"))
        self._page = (
            select(table)
            .where(
                *self.here, name > bindparam("after"), name >= bindparam("prefix"), name < bindparam("beyond_prefix")
            )
            .order_by(name)
            .limit(bindparam("most"))
        )
        self._count = select(func.count().label("number")).select_from(table).where(*self.here)

    def at(self, place: Place) -> dict[str, str]:
        """The parameters of `here` that mean a place."""
        return {f"of_{column}": value for column, value in zip(self._scope, place, strict=True)}

    def find(self, tx: Reader, place: Place, name: str) -> T | None:
        """The one of this name."""
        row = tx.one(self._find, **self.at(place), of_name=name)
        return None if row is None else self._record(row)

    def list_of(self, tx: Reader, place: Place, prefix: str, after: str, most: int) -> Sequence[T]:
        """Those whose names begin so, by name: none of EventBridge's names has a tilde."""
        begins = {"prefix": prefix, "beyond_prefix": f"{prefix}~"}
        rows = tx.all(self._page, **self.at(place), **begins, after=after, most=most)
        return [self._record(row) for row in rows]

    def count(self, tx: Reader, place: Place) -> int:
        """How many there are."""
        return number_of(tx, self._count, **self.at(place))
