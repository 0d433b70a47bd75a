"""The events database's schema from zero equals the one migrated, on both engines."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Engine

from entrepot.db import event_queue_schema as schema
from entrepot.db import migrate
from tests.factories.postgresql import Cluster
from tests.migrations.test_migrations import described, postgresql_engine, sqlite_engine


@pytest.fixture(params=["sqlite", "postgresql"])
def engines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    """(migrated, made from the drawing)."""
    if request.param == "sqlite":
        assert migrate.upgrade(tmp_path / "migrated.db", migrate.EVENTS) == ("none", migrate.EVENTS.head)
        pair = sqlite_engine(tmp_path / "migrated.db"), sqlite_engine(tmp_path / "drawn.db")
    else:
        postgresql: Cluster = request.getfixturevalue("postgresql")
        migrated, drawn = postgresql.empty(), postgresql.empty()
        migrate.upgrade_postgresql(migrated, migrate.EVENTS)
        pair = postgresql_engine(migrated), postgresql_engine(drawn)
    with pair[1].begin() as connection:
        schema.metadata.create_all(connection)
    yield pair
    for engine in pair:
        engine.dispose()


def test_the_schema_from_zero_equals_the_schema_migrated(engines: tuple[Engine, Engine]):
    migrated, drawn = (described(engine) for engine in engines)
    migrated.pop(migrate.EVENTS.table)
    assert migrated == drawn
    assert drawn.keys() == schema.metadata.tables.keys()


def test_alembic_finds_nothing_left_to_migrate(engines: tuple[Engine, Engine]):
    with engines[0].connect() as connection:
        own = MigrationContext.configure(connection, opts={"version_table": migrate.EVENTS.table})
        assert compare_metadata(own, schema.metadata) == []


def test_the_drawing_names_every_table():
    drawing = schema.__doc__ or ""
    assert [name for name in schema.metadata.tables if not re.search(rf"\b{name}\b", drawing)] == []
