"""The headers of rpmdb.sqlite, rpm's database since 4.16. A write-ahead log beside it is not read: rpm leaves none.

The file is hostile: nothing of its schema is trusted or run, it is read in memory, and what a query may do is counted.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

from entrepot.errors.scanning import FileMalformed

MAGIC = b"SQLite format 3\0"

_STEP = 10_000  # instructions of SQLite's machine; a row takes about five
_MOST_STEPS = 2_000


def headers(database: bytearray, path: str, steps: int = _MOST_STEPS, step: int = _STEP) -> Iterator[bytes]:
    """Each package's header; the bytes are changed. FileMalformed, also beyond `steps` of `step` instructions."""
    # a database that was last written through a log asks for that log's shared memory, which one in memory cannot have
    database[18:20] = b"\x01\x01"
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(database)
            database.clear()
            _restrict(connection, steps, step)
            if not _is_table(connection):
                raise FileMalformed(path=path, reason="it has no table of packages")
            for (blob,) in connection.execute("SELECT blob FROM main.Packages"):
                yield blob if isinstance(blob, bytes) else b""
    except (sqlite3.Error, OverflowError, MemoryError, UnicodeDecodeError) as error:  # the last of its own messages
        raise FileMalformed(path=path, reason=f"it is no sound SQLite database ({error})") from error


def _restrict(connection: sqlite3.Connection, most: int, step: int) -> None:
    steps = iter(range(most))
    connection.set_progress_handler(lambda: next(steps, None) is None, step)
    connection.text_factory = bytes
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 64 * 1024 * 1024)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA query_only = ON")


def _is_table(connection: sqlite3.Connection) -> bool:
    """Whether its packages stand in a table, whose column is stored: no view, no module, nothing that is computed."""
    found = connection.execute(
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'Packages' AND rootpage > 1"
    ).fetchone()
    columns = connection.execute("SELECT hidden FROM pragma_table_xinfo('Packages') WHERE name = 'blob'").fetchall()
    return found == (1,) and columns == [(0,)]
