"""SQLite as the database: WAL, synchronous=FULL, one writer thread a process, readers beside it.

pysqlite3's own SQLite is used and no other library ever opens the file: Debian 12's and CPython 3.11's SQLite has the
WAL-reset bug (fixed in 3.51.3, 3.50.7 and 3.44.6), which can lose commits.
"""

import fcntl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any, TypeVar, cast

import pysqlite3
from sqlalchemy import Executable
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from entrepot.db.compiled import CompiledTransaction, Compiler
from entrepot.db.database import Conflict, DatabaseUnavailable, Reader, Row, Transaction
from entrepot.db.writer import BatchUndone, Writer, turn_of
from entrepot.errors import StorageFull
from entrepot.errors.start import SqliteUnfixed

T = TypeVar("T")
_FIXED = ((3, 51, 3), (3, 50, 7), (3, 44, 6))
_FULL_AFTER_PAGES = 4000
_EMPTYING_MILLISECONDS = 200  # how long a checkpoint that keeps writers out waits for readers


def require_fixed(version: str = pysqlite3.sqlite_version) -> None:
    """SqliteUnfixed for a SQLite that can lose commits in WAL mode."""
    have = tuple(int(part) for part in version.split("."))
    if have >= _FIXED[0] or any(have[:2] == fixed[:2] and have >= fixed for fixed in _FIXED):
        return
    raise SqliteUnfixed(version=version)


def _transaction(connection: Any) -> CompiledTransaction:
    return CompiledTransaction(connection, _COMPILE, translated)


class _Constants(SQLiteCompiler):
    """Writes the constants of a statement into its text.

    SQLite prepares a statement anew at each execution whose bound values it has planned by: limits, patterns of LIKE,
    and what conditions of partial indexes are compared with. That costs several times what a lookup does.
    """

    def visit_bindparam(self, bindparam: Any, *args: Any, **named: Any) -> str:
        """A text or number that the statement itself has as a literal, all else as a parameter."""
        is_constant = bindparam.unique and not bindparam.required and not bindparam.expanding
        if is_constant and type(bindparam.value) in (str, int):
            return str(self.render_literal_value(bindparam.value, bindparam.type))
        write = cast("Callable[..., str]", super().visit_bindparam)  # SQLAlchemy does not annotate it
        return write(bindparam, *args, **named)


class _Dialect(SQLiteDialect_pysqlite):
    statement_compiler = _Constants
    supports_statement_cache = False  # of SQLAlchemy's own execution, which nobody here uses


_COMPILE = Compiler(_Dialect(paramstyle="qmark"))


class _WritingSession:
    """The writer thread's connection."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._transaction = _transaction(self._connection)
        self._relaxed = False

    def begin(self, *, relaxed: bool) -> None:
        """BEGIN IMMEDIATE; a relaxed batch is not synced by its commit."""
        if relaxed != self._relaxed:
            self._connection.execute(f"PRAGMA synchronous = {'NORMAL' if relaxed else 'FULL'}")
            self._relaxed = relaxed
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except pysqlite3.OperationalError as error:
            raise translated(error) from error

    def savepoint(self, work: Callable[[Transaction], Any]) -> Any:
        """Run a unit inside a savepoint: BatchUndone when SQLite itself ended the transaction, as it may when full."""
        self._connection.execute("SAVEPOINT unit")
        try:
            result = work(self._transaction)
        except BaseException as error:
            if isinstance(error, StorageFull) or not self._connection.in_transaction:
                raise BatchUndone from error
            self._connection.execute("ROLLBACK TO unit")
            self._connection.execute("RELEASE unit")
            raise
        self._connection.execute("RELEASE unit")
        return result

    def commit(self) -> None:
        """Commit the batch: StorageFull when the volume is."""
        try:
            self._connection.execute("COMMIT")
        except pysqlite3.OperationalError as error:
            raise translated(error) from error

    def rollback(self) -> None:
        """Undo the batch; a transaction that SQLite has ended itself is fine."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class SqliteDatabase:
    """The Database over one SQLite file."""

    engine = "sqlite"

    def __init__(self, path: Path, make_room: Callable[[], bool] = lambda: False) -> None:
        """`make_room` is asked for room when the volume is full; True: there is some now, what failed runs again."""
        require_fixed()
        self._path = path
        self._turns = path.with_name(path.name + ".turn")
        self._writer = Writer(
            lambda: _WritingSession(path),
            self._turns,
            lambda fault: isinstance(fault, StorageFull) and make_room(),
        )
        self._readers = threading.local()
        self._opened: list[Any] = []
        self._opening = threading.Lock()

    def submit(self, work: Callable[[Transaction], T], *, relaxed: bool = False) -> Future[T]:
        """Queue a unit for the writer thread."""
        return self._writer.submit(work, relaxed=relaxed)

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on this thread's reading connection, over one snapshot."""
        return _read(self._reader(), work)

    def snapshot(self) -> "SqliteSnapshot":
        """A connection for one event loop's hot reads."""
        return SqliteSnapshot(self._path)

    def checkpoint(self) -> int:
        """Move what is committed from the WAL into the file and empty the WAL; pages left in it, for readers of old.

        Most is moved beside the writers. Emptying keeps them out, so it takes its turn and waits for readers briefly:
        were it not for the turn, writers would wait in SQLite's busy handler, which gives up.
        """
        connection = self._for_upkeep()
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        with turn_of(self._turns) as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            row = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0]
        return int(row[1])

    def check(self) -> Sequence[str]:
        """What is wrong with the file itself, by SQLite's own checks; empty when nothing is."""
        connection = self._reader()
        rows = connection.execute("PRAGMA integrity_check").fetchall()
        broken = [str(row[0]) for row in rows if row[0] != "ok"]
        return broken + [f"foreign key: {row}" for row in connection.execute("PRAGMA foreign_key_check").fetchall()]

    def close(self) -> None:
        """Finish the queued units, then close every connection."""
        self._writer.close()
        with self._opening:
            for connection in self._opened:
                connection.close()
            self._opened.clear()

    def _reader(self) -> Any:
        connection = getattr(self._readers, "connection", None)
        if connection is None:
            try:
                connection = connect(self._path, query_only=True)
            except pysqlite3.OperationalError as error:
                raise DatabaseUnavailable(str(error)) from error
            self._readers.connection = connection
            with self._opening:
                self._opened.append(connection)
        return connection

    def _for_upkeep(self) -> Any:
        connection = getattr(self._readers, "upkeep", None)
        if connection is None:
            connection = connect(self._path)
            connection.execute(f"PRAGMA busy_timeout = {_EMPTYING_MILLISECONDS}").fetchall()
            self._readers.upkeep = connection
            with self._opening:
                self._opened.append(connection)
        return connection


class SqliteSnapshot:
    """The hot reads of one event loop: `version` changes when any other connection has committed."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, query_only=True)
        self._execute = self._connection.execute

    def version(self) -> int:
        """A number that is another after each commit by any process (3 us)."""
        return int(self._execute("PRAGMA data_version").fetchall()[0][0])

    def one(self, statement: Executable, **parameters: object) -> Row | None:
        """The first row as of now, or None; never leaves a cursor open, which would freeze `version`."""
        compiled = _COMPILE(statement)
        rows = self._execute(compiled.sql, compiled.bind(parameters)).fetchall()
        if not rows:
            return None
        return rows[0] if compiled.row is None else compiled.row(rows[0])

    def together(self, work: Callable[[Reader], T]) -> T:
        """Several rows of one state; the transaction is over before `version` is asked again."""
        return _read(self._connection, work)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _read(connection: Any, work: Callable[[Transaction], T]) -> T:
    try:
        connection.execute("BEGIN")
        try:
            return work(_transaction(connection))
        finally:
            connection.execute("ROLLBACK")
    except pysqlite3.OperationalError as error:
        raise DatabaseUnavailable(str(error)) from error


def connect(path: Path, *, query_only: bool = False) -> Any:
    """A connection with the house's pragmas; statements are autocommitted unless a transaction is begun."""
    connection = pysqlite3.connect(str(path), isolation_level=None, check_same_thread=False, timeout=0.0)
    for pragma in (
        "busy_timeout = 5000",  # recovery after a crash and checkpoints lock for moments; writers take turns by flock
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"wal_autocheckpoint = {_FULL_AFTER_PAGES}",
        f"query_only = {int(query_only)}",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def translated(error: Exception) -> Exception:
    """Conflict for a key that does not hold, StorageFull for a volume that is full; any other error as it is."""
    if isinstance(error, pysqlite3.IntegrityError):
        return Conflict(str(error))
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in (pysqlite3.SQLITE_FULL, pysqlite3.SQLITE_IOERR):
        return StorageFull(reserve=0)
    return error
