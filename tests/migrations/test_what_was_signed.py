"""What was signed before it was known by its envelope counts afterwards, and grants that there are are counted."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, String, Table, insert, text
from sqlalchemy.engine import Connection, Engine

from entrepot.db import migrate
from tests.factories.postgresql import Cluster
from tests.migrations.conftest import postgresql_engine, sqlite_engine

ACCOUNT = "000000000000"
IMAGE, SIGNATURE, ENVELOPE = "sha256:image", "sha256:signature", "sha256:envelope"
ROWS: list[tuple[str, dict[str, Any]]] = [
    ("account", {"id": ACCOUNT}),
    ("repository", {"id": "R", "account_id": ACCOUNT, "kind": "private", "name": "one"}),
    ("manifest", {"repository_id": "R", "digest": IMAGE}),
    ("manifest", {"repository_id": "R", "digest": SIGNATURE, "subject": IMAGE}),
    (
        "manifest_reference",
        {"repository_id": "R", "manifest_digest": SIGNATURE, "kind": "layer", "digest": ENVELOPE},
    ),
    ("signing_profile", {"id": "P", "account_id": ACCOUNT, "name": "one"}),
    ("signing_profile_version", {"profile_id": "P", "version": "V"}),
    ("signing_job", {"id": "made", "profile_id": "P", "version": "V"}),
    ("signing_job", {"id": "asked", "profile_id": "P", "version": "V"}),
    ("image_signing", {"repository_id": "R", "digest": IMAGE, "profile": "p", "signature": SIGNATURE, "job": "made"}),
    ("encryption_key", {"id": "K", "account_id": ACCOUNT}),
    ("encryption_key", {"id": "unused", "account_id": ACCOUNT}),
    ("key_grant", {"id": "1", "key_id": "K"}),
    ("key_grant", {"id": "2", "key_id": "K"}),
]


def add(connection: Connection, name: str, given: dict[str, Any]) -> None:
    """A row; columns that must have something and are not given have what is least."""
    table = Table(name, MetaData(), autoload_with=connection, resolve_fks=False)
    least = {
        column.name: b"" if "BLOB" in str(column.type) or "BYTEA" in str(column.type) else _least(column.type)
        for column in table.columns
        if not column.nullable and column.server_default is None
    }
    connection.execute(insert(table).values({**least, **given}))


def _least(kind: object) -> object:
    return "" if isinstance(kind, String) else 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_is_known_of_signatures_and_grants_is_written_down(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    way: Any = (tmp_path / "a.db", migrate.upgrade, sqlite_engine)
    if kind == "postgresql":
        cluster: Cluster = request.getfixturevalue("postgresql")
        way = (cluster.empty(), migrate.upgrade_postgresql, postgresql_engine)
    place, upgrade, engine_of = way
    with monkeypatch.context() as first:
        first.setattr(migrate, "METADATA", migrate.Chain("versions", "0018"))
        upgrade(place, migrate.METADATA)
    engine: Engine = engine_of(place)
    with engine.begin() as connection:
        for name, given in ROWS:
            add(connection, name, given)
    upgrade(place)
    with engine.begin() as connection:
        jobs = connection.execute(text("SELECT id, image, envelope FROM signing_job ORDER BY id")).fetchall()
        grants = connection.execute(text("SELECT id, grants FROM encryption_key ORDER BY id")).fetchall()
    engine.dispose()
    assert [tuple(row) for row in jobs] == [("asked", "", ""), ("made", IMAGE, ENVELOPE)]
    assert [tuple(row) for row in grants] == [("K", 2), ("unused", 0)]
