"""SQLAlchemy Core statements as SQL text for a driver: compiled once, executed raw.

SQLAlchemy's own execution costs 23-37 us a statement, a raw one 4 us. The schema uses only text, integers and bytes, so
no value needs converting on its way in or out.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ClauseElement, Executable
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.dml import Insert


@dataclass(frozen=True, slots=True)
class Compiled:
    """SQL text, the names of its parameters in order (or as it names them), and how to build a row."""

    sql: str
    parameters: tuple[str, ...]
    fixed: Mapping[str, object]
    row: Callable[[Sequence[object]], Any] | None

    def bind(self, given: Mapping[str, object]) -> list[object]:
        """The values in the driver's order; a name that is missing is a KeyError."""
        fixed = self.fixed
        return [given[name] if name in given else fixed[name] for name in self.parameters]


class Compiler:
    """Compiles for one dialect and remembers; statements are module constants, so the memory is bounded."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[int, tuple[Executable, Compiled]] = {}

    def __call__(self, statement: Executable) -> Compiled:
        """The compiled form of a statement."""
        known = self._known.get(id(statement))
        if known is None:
            known = (statement, self._compile(statement))  # keeps the statement alive, so its id stays its own
            self._known[id(statement)] = known
        return known[1]

    def _compile(self, statement: Executable) -> Compiled:
        keys = None
        if isinstance(statement, Insert):
            keys = [column.name for column in statement.table.columns]
        compiled: Any = cast("ClauseElement", statement).compile(dialect=self._dialect, column_keys=keys)
        names = tuple(compiled.positiontup or ())
        fixed = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        columns = [column.name for column in getattr(statement, "selected_columns", ())]
        row = _row_type(columns) if columns else None
        return Compiled(compiled.string, names, fixed, row)


class CompiledTransaction:
    """Statements in one open transaction of a connection; each engine says how its driver's errors are told.

    `translated` gives the error to raise for one of the driver's that a changing statement met, or the same one.
    """

    def __init__(self, connection: Any, compile_: Compiler, translated: Callable[[Exception], Exception]) -> None:
        self._connection = connection
        self._compile = compile_
        self._translated = translated

    def one(self, statement: Executable, **parameters: object) -> Any | None:
        """The first row, or None; the cursor is exhausted, for an open one would hold the snapshot."""
        rows = self.all(statement, **parameters)
        return rows[0] if rows else None

    def all(self, statement: Executable, **parameters: object) -> Sequence[Any]:
        """Every row."""
        compiled = self._compile(statement)
        rows: Sequence[Any] = self._connection.execute(compiled.sql, compiled.bind(parameters)).fetchall()
        return rows if compiled.row is None else [compiled.row(row) for row in rows]

    def run(self, statement: Executable, **parameters: object) -> int:
        """The number of rows changed."""
        compiled = self._compile(statement)
        try:
            return int(self._connection.execute(compiled.sql, compiled.bind(parameters)).rowcount)
        except Exception as error:
            self._raise_translated(error)
            raise

    def run_many(self, statement: Executable, rows: Sequence[Mapping[str, object]]) -> None:
        """One statement for many rows: a third of the cost of as many statements."""
        if not rows:
            return
        compiled = self._compile(statement)
        try:
            self._connection.cursor().executemany(compiled.sql, [compiled.bind(row) for row in rows])
        except Exception as error:
            self._raise_translated(error)
            raise

    def _raise_translated(self, error: Exception) -> None:
        """Raise what stands for a driver's error; nothing for one that stands for itself."""
        told = self._translated(error)
        if told is not error:
            raise told from error


def _row_type(columns: Sequence[str]) -> Callable[[Sequence[object]], Any]:
    named: Any = namedtuple  # noqa: PYI024 - the fields are known at run time only
    make: Callable[[Sequence[object]], Any] = named("Row", columns, rename=True)._make
    return make
