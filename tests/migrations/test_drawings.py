"""Each database's schema from zero, as it is drawn, equals the one migrated, on both engines."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect
from sqlalchemy.engine import Engine

from entrepot.db import audit_schema, event_queue_schema, metric_schema, migrate, schema
from entrepot.db.migrate import Chain
from tests.factories.postgresql import Cluster
from tests.migrations.conftest import postgresql_engine, sqlite_engine

DRAWINGS: Mapping[Chain, ModuleType] = {
    migrate.METADATA: schema,
    migrate.EVENTS: event_queue_schema,
    migrate.AUDIT: audit_schema,
    migrate.METRICS: metric_schema,
}


@pytest.fixture(scope="module", params=DRAWINGS, ids=lambda chain: chain.folder)
def chain(request: pytest.FixtureRequest) -> Chain:
    found: Chain = request.param
    return found


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, chain: Chain
) -> Iterator[tuple[Engine, Engine]]:
    """(migrated, made from the drawing), which tests only look at."""
    if request.param == "sqlite":
        tmp_path = tmp_path_factory.mktemp("drawings")
        assert migrate.upgrade(tmp_path / "migrated.db", chain) == ("none", chain.head)
        pair = sqlite_engine(tmp_path / "migrated.db"), sqlite_engine(tmp_path / "drawn.db")
    else:
        postgresql: Cluster = request.getfixturevalue("postgresql")
        migrated, drawn = postgresql.empty(), postgresql.empty()
        assert migrate.upgrade_postgresql(migrated, chain) == ("none", chain.head)
        pair = postgresql_engine(migrated), postgresql_engine(drawn)
    with pair[1].begin() as connection:
        DRAWINGS[chain].metadata.create_all(connection)
    yield pair
    for engine in pair:
        engine.dispose()


def described(engine: Engine, chain: Chain) -> dict[str, Any]:
    """Every table but the revision's with its columns, keys and indexes, partial ones with their condition."""
    look = inspect(engine)  # of all tables at once: PostgreSQL takes as long for each one
    columns, keys = look.get_multi_columns(), look.get_multi_pk_constraint()
    foreign_keys, unique = look.get_multi_foreign_keys(), look.get_multi_unique_constraints()
    indexes = look.get_multi_indexes()
    return {
        table[1]: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], getattr(column["type"], "collation", None))
                for column in columns[table]
            },
            "primary key": keys[table]["constrained_columns"],
            "foreign keys": sorted(map(str, foreign_keys[table])),
            "unique": sorted(str(sorted(item["column_names"])) for item in unique[table]),
            "indexes": {
                item["name"]: (item["column_names"], bool(item["unique"]), _condition(item)) for item in indexes[table]
            },
        }
        for table in columns
        if table[1] != chain.table
    }


def _condition(index: Any) -> str:
    options = index.get("dialect_options", {})
    text = options.get("sqlite_where", options.get("postgresql_where", ""))
    return re.sub(r"::text|[() ]", "", str(text)).replace("<>", "!=")


def test_the_schema_from_zero_equals_the_schema_migrated(engines: tuple[Engine, Engine], chain: Chain):
    migrated, drawn = (described(engine, chain) for engine in engines)
    assert migrated == drawn
    assert drawn.keys() == DRAWINGS[chain].metadata.tables.keys()


def test_alembic_finds_nothing_left_to_migrate(engines: tuple[Engine, Engine], chain: Chain):
    with engines[0].connect() as connection:
        own = MigrationContext.configure(connection, opts={"version_table": chain.table})
        assert compare_metadata(own, DRAWINGS[chain].metadata) == []


def test_the_drawing_names_every_table(chain: Chain):
    drawing = DRAWINGS[chain].__doc__ or ""
    assert [name for name in DRAWINGS[chain].metadata.tables if not re.search(rf"\b{name}\b", drawing)] == []


def test_every_chain_of_scripts_has_a_drawing():
    folders = {path.name for path in (Path(migrate.__file__).parent / "migrations").iterdir() if path.is_dir()}
    assert {chain.folder for chain in DRAWINGS} == folders - {"__pycache__"}
