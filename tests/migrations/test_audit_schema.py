"""The audit database from zero equals the one that is migrated, on both engines."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Engine

from entrepot.db import audit_schema, migrate
from tests.factories.postgresql import Cluster
from tests.migrations.test_migrations import described, postgresql_engine, sqlite_engine

VERSIONS = migrate.AUDIT.table


@pytest.fixture(params=["sqlite", "postgresql"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    """(migrated, made from the drawing)."""
    if request.param == "sqlite":
        migrate.upgrade(tmp_path / "migrated.db", migrate.AUDIT)
        both = sqlite_engine(tmp_path / "migrated.db"), sqlite_engine(tmp_path / "drawn.db")
    else:
        postgresql: Cluster = request.getfixturevalue("postgresql")
        migrated, drawn = postgresql.empty(), postgresql.empty()
        migrate.upgrade_postgresql(migrated, migrate.AUDIT)
        both = postgresql_engine(migrated), postgresql_engine(drawn)
    with both[1].begin() as connection:
        audit_schema.metadata.create_all(connection)
    yield both
    for engine in both:
        engine.dispose()


def test_the_audit_schema_from_zero_equals_the_schema_migrated(pair: tuple[Engine, Engine]):
    migrated = described(pair[0])
    del migrated[VERSIONS]
    assert migrated == described(pair[1])
    assert migrated.keys() == audit_schema.metadata.tables.keys()
    with pair[0].connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": VERSIONS})
        assert compare_metadata(context, audit_schema.metadata) == []


def test_the_drawing_names_every_table():
    assert [name for name in audit_schema.metadata.tables if name not in (audit_schema.__doc__ or "")] == []
