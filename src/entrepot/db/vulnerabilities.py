"""Reading one generation of the vulnerability database: a file that never changes, mapped into memory.

Rows are answered as they are packed (db/vulnerability_file.py): what they mean is for the core to know.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pysqlite3
import zstandard

from entrepot.db.vulnerability_file import FORMAT, Unpacker
from entrepot.errors.scanning import VulnerabilityFileUnusable

_MAPPED_BYTES = 1 << 40
_MOST_PARAMETERS = 500
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Source:
    """Who tells: until when (microseconds, as the data itself says), when that was imported, how many records, and how
    many more are left out, for no finding is made of them.
    """

    name: str
    updated_at: int
    imported_at: int
    records: int
    left_out: int


class VulnerabilityFile:
    """One generation; any number of threads may read it at once."""

    def __init__(self, path: Path) -> None:
        """VulnerabilityFileUnusable for what is no such file; OSError where there is none."""
        path.stat()
        self._path = path
        self._lock = threading.Lock()
        self._unpacker = Unpacker()
        try:
            self._connection: Any = pysqlite3.connect(
                f"file:{_quoted(path)}?mode=ro&immutable=1", uri=True, isolation_level=None, check_same_thread=False
            )
            self._connection.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}").fetchall()
            meta = dict(self._connection.execute("SELECT key, value FROM meta").fetchall())
        except pysqlite3.DatabaseError as fault:
            raise VulnerabilityFileUnusable(path=path, reason=fault) from None
        if meta.get("format") != FORMAT:
            self._connection.close()
            raise VulnerabilityFileUnusable(path=path, reason=f"it has format {meta.get('format')}, not {FORMAT}")
        self.generation: int = int(meta["generation"])
        self.made_at: int = int(meta["made_at"])
        self.history: int = int(meta.get("history", 0))  # the generation since which changes are listed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def require_sound(self) -> None:
        """VulnerabilityFileUnusable when SQLite finds a fault in the file. Reads all of it."""
        found = self._all("PRAGMA quick_check(1)", ())
        if found[0][0] != "ok":
            raise VulnerabilityFileUnusable(path=self._path, reason=found[0][0])

    def rows(self, keys: Sequence[tuple[str, str]]) -> Sequence[bytes | None]:
        """What is known of each (ecosystem, name), in the order of the question: msgpack of [advisory number, stamp,
        body] for each row, None where nothing ever was.
        """
        sql = "SELECT rows FROM package WHERE ecosystem = ? AND name = ?"
        with self._lock, self._sound():
            execute = self._connection.execute
            found = [execute(sql, key).fetchone() for key in keys]
            return [None if row is None else self._unpacker(row[0]) for row in found]

    def tells_of(self, ecosystem: str) -> bool:
        """Whether anything is known of any package of an ecosystem."""
        sql = "SELECT 1 FROM package WHERE ecosystem = ? AND rows != x'90' LIMIT 1"
        return bool(self._all(sql, (ecosystem,)))

    def heads(self, numbers: Sequence[int]) -> dict[int, bytes]:
        """What advisories say, without packages and texts."""
        found: dict[int, bytes] = {}
        for start in range(0, len(numbers), _MOST_PARAMETERS):
            some = numbers[start : start + _MOST_PARAMETERS]
            sql = f"SELECT number, head FROM advisory WHERE number IN ({','.join('?' * len(some))})"  # noqa: S608 - question marks
            found.update(self._all(sql, some))
        return found

    def texts(self, number: int) -> bytes | None:
        """The long texts of an advisory, packed."""
        return self._bytes("SELECT texts FROM advisory WHERE number = ?", (number,))

    def number(self, advisory: str) -> int | None:
        """The number of the advisory of this id."""
        rows = self._all("SELECT number FROM advisory WHERE id = ?", (advisory,))
        return int(rows[0][0]) if rows else None

    def about(self, name: str) -> Sequence[int]:
        """The numbers of the advisories that are about a vulnerability of this name."""
        return [number for (number,) in self._all("SELECT advisory FROM about WHERE name = ?", (name,))]

    def packages(self, number: int) -> Sequence[tuple[str, str, bytes]]:
        """The packages that an advisory concerns, each with all rows about it."""
        sql = (
            "SELECT ecosystem, name, rows FROM concerns JOIN package ON package.number = concerns.package"
            " WHERE concerns.advisory = ? ORDER BY ecosystem, name"
        )
        return self._unpacked(self._all(sql, (number,)))

    def changed_since(self, generation: int) -> Sequence[tuple[str, str]]:
        """The packages of which something else is known than in that generation, newly unknown ones among them."""
        return self._all("SELECT ecosystem, name FROM package WHERE changed > ? ORDER BY 1, 2", (generation,))

    def sources(self) -> Sequence[Source]:
        """Who tells, by name."""
        return [Source(*row) for row in self._all("SELECT * FROM source ORDER BY name", ())]

    def exploited(self, name: str) -> bytes | None:
        """What is known of a vulnerability's exploitation, packed."""
        return self._bytes("SELECT body FROM exploited WHERE name = ?", (name,))

    def exploitation(self, name: str) -> tuple[float, float] | None:
        """How probable exploitation is within 30 days, and of how many vulnerabilities it is less probable."""
        rows = self._all("SELECT score, percentile FROM exploitation WHERE name = ?", (name,))
        return (float(rows[0][0]), float(rows[0][1])) if rows else None

    def releases(self, product: str) -> Sequence[tuple[str, bytes]]:
        """The releases of a product, packed, by name."""
        return self._all("SELECT name, body FROM release WHERE product = ? ORDER BY name", (product,))

    def every_package(self) -> Iterator[tuple[str, str, bytes]]:
        """Every package with its rows, by number."""
        sql = "SELECT number, ecosystem, name, rows FROM package WHERE number > ? ORDER BY number LIMIT ?"
        last = 0
        while rows := self._all(sql, (last, _PAGE)):
            yield from self._unpacked([row[1:] for row in rows])
            last = rows[-1][0]

    def tellers(self) -> Sequence[str]:
        """The sources that tell advisories."""
        return [name for (name,) in self._all("SELECT DISTINCT source FROM told ORDER BY 1", ())]

    def told(self, source: str) -> Iterator[tuple[int, str, int, int, bytes, bytes]]:
        """Every advisory that a source tells: number, id, modified, withdrawn, head, texts."""
        sql = (
            "SELECT number, id, modified, withdrawn, head, texts FROM told JOIN advisory ON number = advisory"
            " WHERE source = ? AND number > ? ORDER BY number LIMIT ?"
        )
        last = 0
        while rows := self._all(sql, (source, last, _PAGE)):
            yield from rows
            last = rows[-1][0]

    def table(self, name: str) -> Sequence[tuple[Any, ...]]:
        """All of `exploited`, `exploitation` or `release`."""
        if name not in {"exploited", "exploitation", "release"}:
            raise ValueError(name)
        return self._all(f"SELECT * FROM {name}", ())  # noqa: S608 - one of three names

    def _unpacked(self, rows: Sequence[tuple[str, str, bytes]]) -> Sequence[tuple[str, str, bytes]]:
        with self._lock, self._sound():
            return [(ecosystem, name, self._unpacker(packed)) for ecosystem, name, packed in rows]

    def _all(self, sql: str, parameters: Sequence[object]) -> Sequence[Any]:
        with self._lock, self._sound():
            rows: Sequence[Any] = self._connection.execute(sql, parameters).fetchall()
        return rows

    @contextmanager
    def _sound(self) -> Iterator[None]:
        try:
            yield
        except (pysqlite3.DatabaseError, zstandard.ZstdError) as fault:
            raise VulnerabilityFileUnusable(path=self._path, reason=fault) from None

    def _bytes(self, sql: str, parameters: Sequence[object]) -> bytes | None:
        rows = self._all(sql, parameters)
        return bytes(rows[0][0]) if rows else None


def _quoted(path: Path) -> str:
    """A path as a SQLite URI has it."""
    return (
        "".join(f"%{byte:02x}" if byte in b"%?#" else chr(byte) for byte in str(path.absolute()).encode())
        .encode("latin-1")
        .decode()
    )
