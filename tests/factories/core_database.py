"""Core's use cases over a fresh database: callers, blobs and images without bytes in any store."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from entrepot.core import images, repositories, uploads
from entrepot.core.access import Caller
from entrepot.core.calls import Call
from entrepot.core.images import OCI_RULES
from entrepot.core.repositories import RepositoryDraft
from entrepot.core.uploads import Bytes
from entrepot.db.database import Row
from entrepot.db.migrate import Chain
from entrepot.db.records import Blob, Repository
from entrepot.db.schema import outbox
from entrepot.db.sqlite import SqliteDatabase
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.reference import Reference, Tag
from entrepot.spec.repository import RepositoryKey
from entrepot.spec.ulid import new_ulid
from tests.factories.callers import EPOCH, caller, image_manifest, repository
from tests.factories.databases import fresh, sqlite_database

CONFIG = b"{}"


def call_in(body: str) -> Call:
    """The audit record that a row of the outbox holds."""
    return msgspec.json.decode(body, type=Call)


_OUTBOX = select(outbox).order_by(outbox.c.repository_id, outbox.c.revision, outbox.c.ordinal)


class CoreDatabase:
    """A database, fresh unless the directory has one, and shorthands for units of work by the root of the first account
    unless `who` is given.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / "entrepot.db"
        self.database = SqliteDatabase(self.path) if self.path.exists() else sqlite_database(directory)
        self._beside: dict[Chain, SqliteDatabase] = {}

    def beside(self, chain: Chain) -> SqliteDatabase:
        """The database of another chain, made when it is first asked for unless the directory has one."""
        if chain not in self._beside:
            path = self.path.with_name(f"{chain.folder}.db")
            if not path.exists():
                fresh(path, chain)
            self._beside[chain] = SqliteDatabase(path)
        return self._beside[chain]

    def write(self, work: Any, *args: Any, who: Caller | None = None, **kwargs: Any) -> Any:
        """Run `work(tx, caller, …)` as a write."""
        acting = who or caller()
        return self.database.submit(lambda tx: work(tx, acting, *args, **kwargs)).result()

    def read(self, work: Any, *args: Any, who: Caller | None = None, **kwargs: Any) -> Any:
        """Run `work(tx, caller, …)` as a read."""
        acting = who or caller()
        return self.database.read(lambda tx: work(tx, acting, *args, **kwargs))

    def row(self, work: Any, *args: Any) -> Any:
        """Run `work(tx, …)` as a read without a caller."""
        return self.database.read(lambda tx: work(tx, *args))

    def repository(self, name: str = "one", **settings: Any) -> RepositoryKey:
        """A new repository; its key."""
        key = repository(name)
        self.write(repositories.create, key, RepositoryDraft(**settings))
        return key

    def present(self, key: RepositoryKey) -> Repository:
        """The repository's row."""
        (found,) = self.read(repositories.describe, key.registry, [key.name], 1, "").items
        assert isinstance(found, Repository)
        return found

    def blob(
        self, key: RepositoryKey, data: bytes, *, bad: str | None = None, seen: str | None = None, at: datetime = EPOCH
    ) -> Blob:
        """Let the repository hold a blob of its own generation."""
        digest, generation = Digest.of(data), new_ulid()
        location = f"blobs/{digest.algorithm}/{digest.hex[:2]}/{digest.hex}.{generation}"
        fresh = Blob(generation, "main", digest, location, len(data), "live")
        found = Bytes(digest, "main", fresh, seen, bad)
        held = self.write(uploads.finish, key, None, found, refuse_held=False, who=caller(at=at))
        assert isinstance(held, Blob)
        return held

    def image(self, key: RepositoryKey, *tags: str, layers: Sequence[bytes] = (b"layer",), **extra: Any) -> Manifest:
        """Blobs and a manifest over them, under each tag; untagged without one."""
        manifest = image_manifest(layers, CONFIG, **extra)
        for data in (CONFIG, *layers):
            self.blob(key, data)
        self.put(key, manifest, *tags)
        return manifest

    def put(self, key: RepositoryKey, manifest: Manifest, *tags: str, rules: images.DoorRules = OCI_RULES) -> None:
        """Put a manifest under each tag, or by its digest."""
        named: list[Reference] = [Tag(name) for name in tags]
        for reference in named or [manifest.digest]:
            self.write(images.put, key, reference, manifest, rules)

    def outbox(self, kind: str = "event", name: str | None = None) -> list[Row]:
        """Records of the outbox, in the order of delivery."""
        rows = self.database.read(lambda tx: tx.all(_OUTBOX))
        return [row for row in rows if row.kind == kind and name in (None, row.name)]

    def details(self) -> list[dict[str, Any]]:
        """What the events say."""
        return [json.loads(row.body)["detail"] for row in self.outbox()]

    def calls(self, name: str | None = None) -> list[Call]:
        """The audit records."""
        return [call_in(row.body) for row in self.outbox("audit", name)]

    def close(self) -> None:
        """Close the database."""
        for database in (self.database, *self._beside.values()):
            database.close()
