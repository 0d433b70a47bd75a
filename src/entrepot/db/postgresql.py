"""PostgreSQL as the database: a bounded pool of sessions on threads, READ COMMITTED, a durable commit for each unit.

What is decided under concurrency is decided by row locks (FOR NO KEY UPDATE, FOR KEY SHARE, SKIP LOCKED), which the
statements name themselves; on SQLite, where one writer runs at a time, the same statements carry none.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from psycopg import errors as states
from psycopg.pq import TransactionStatus
from psycopg.types.string import StrDumper
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from entrepot.db.compiled import CompiledTransaction, Compiler
from entrepot.db.database import Conflict, DatabaseUnavailable, Transaction
from entrepot.errors.start import DatabaseUnsafe
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Tag

T = TypeVar("T")
SESSIONS = 8
_ATTEMPTS = 5
_COMPILE = Compiler(PGDialect_psycopg(paramstyle="format"))  # type: ignore[no-untyped-call]  # SQLAlchemy does not annotate it
_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_CONFLICTS = (states.UniqueViolation, states.ForeignKeyViolation)
_TRY_AGAIN = (states.SerializationFailure, states.DeadlockDetected)
_LOST = (psycopg.OperationalError, psycopg.InterfaceError)
_BROKEN = """
    SELECT 'constraint ' || conname || ' is not valid' FROM pg_constraint WHERE NOT convalidated
    UNION ALL
    SELECT 'index ' || indexrelid::regclass || ' is not valid' FROM pg_index WHERE NOT indisvalid
"""


def _transaction(connection: Any) -> CompiledTransaction:
    return CompiledTransaction(connection, _COMPILE, _translated)


def _translated(error: Exception) -> Exception:
    """Conflict for a key that does not hold, after which the unit can only end; any other error as it is."""
    return Conflict(str(error)) if isinstance(error, _CONFLICTS) else error


class PostgresqlDatabase:
    """The Database over one PostgreSQL database: DatabaseUnsafe when its server does not sync."""

    engine = "postgresql"

    def __init__(self, url: str, sessions: int = SESSIONS) -> None:
        self._url = url
        self._pool = ThreadPoolExecutor(sessions, "postgresql")
        self._own = threading.local()
        self._opened: list[Any] = []
        self._opening = threading.Lock()
        try:
            self._require_safe()
        except BaseException:
            self.close()
            raise

    def submit(self, work: Callable[[Transaction], T], *, relaxed: bool = False) -> Future[T]:
        """Run `work` on a session of the pool; it runs again after a deadlock, or a session lost before its commit."""
        return self._pool.submit(self._write, work, relaxed=relaxed)

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` over one snapshot, in a session of the calling thread."""
        for attempt in range(_ATTEMPTS):
            try:
                connection = self._session()
                connection.execute(_READ)
                try:
                    return work(_transaction(connection))
                finally:
                    self._undo(connection)
            except _LOST as error:
                self._drop()
                if attempt == _ATTEMPTS - 1:
                    raise DatabaseUnavailable(str(error)) from error
        raise DatabaseUnavailable("unreachable")

    def check(self) -> Sequence[str]:
        """Constraints and indexes that do not hold."""
        return [str(row[0]) for row in self._session().execute(_BROKEN).fetchall()]

    def close(self) -> None:
        """Finish the queued units, then end every session."""
        self._pool.shutdown()
        with self._opening:
            for connection in self._opened:
                connection.close()
            self._opened.clear()

    def _write(self, work: Callable[[Transaction], T], *, relaxed: bool) -> T:
        for attempt in range(_ATTEMPTS):
            try:
                result = self._attempt(work, relaxed=relaxed)
            except _TRY_AGAIN:
                if attempt == _ATTEMPTS - 1:
                    raise
            except _LOST as error:
                self._drop()
                if attempt == _ATTEMPTS - 1:
                    raise DatabaseUnavailable(str(error)) from error
            else:
                return result
        raise DatabaseUnavailable("unreachable")

    def _attempt(self, work: Callable[[Transaction], T], *, relaxed: bool) -> T:
        connection = self._session()
        connection.execute(_WRITE)
        try:
            if relaxed:
                connection.execute("SET LOCAL synchronous_commit = off")
            result = work(_transaction(connection))
            _require_alive(connection)
        except BaseException:
            self._undo(connection)
            raise
        try:
            connection.execute("COMMIT")
        except _LOST as error:  # it may have happened or not: whoever asked must look
            self._drop()
            raise DatabaseUnavailable(f"the session was lost during a commit: {error}") from error
        return result

    def _session(self) -> Any:
        connection = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = _connect(self._url)
            with self._opening:
                self._opened.append(connection)
        return connection

    def _undo(self, connection: Any) -> None:
        if not connection.closed:
            connection.execute("ROLLBACK")

    def _drop(self) -> None:
        """Forget this thread's session: the next unit opens another one."""
        connection = getattr(self._own, "connection", None)
        self._own.connection = None
        if connection is not None:
            with self._opening:
                self._opened.remove(connection)
            connection.close()

    def _require_safe(self) -> None:
        try:
            synced = self._session().execute("SHOW fsync").fetchall()[0][0]
        except _LOST as error:
            raise DatabaseUnavailable(str(error)) from error
        if synced != "on":
            raise DatabaseUnsafe(setting="fsync", value=synced, wanted="on")


def _require_alive(connection: Any) -> None:
    """Conflict for a unit that went on after one: its COMMIT would be a silent ROLLBACK."""
    if connection.info.transaction_status == TransactionStatus.INERROR:
        raise Conflict("the unit ended normally after a conflict")


def _connect(url: str) -> Any:
    connection = psycopg.connect(
        url, autocommit=True, options="-c synchronous_commit=on -c client_min_messages=warning"
    )
    for kind in (Digest, Tag):
        connection.adapters.register_dumper(kind, StrDumper)
    return connection
