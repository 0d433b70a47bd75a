"""A database is upgraded whole or not at all, on both engines, and a schema of another version is refused."""

import threading
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import inspect

from entrepot.db import migrate
from entrepot.db.sqlite import connect
from entrepot.errors.start import SchemaNewer, SchemaOlder
from tests.factories.postgresql import Cluster
from tests.migrations.conftest import postgresql_engine, sqlite_engine


def test_an_upgrade_of_what_is_current_changes_nothing(tmp_path: Path):
    assert migrate.upgrade(tmp_path / "a.db") == ("none", migrate.METADATA.head)
    assert migrate.upgrade(tmp_path / "a.db") == (migrate.METADATA.head, migrate.METADATA.head)
    migrate.require_current(tmp_path / "a.db")


def test_a_newer_schema_is_refused_and_an_older_one_only_by_commands(tmp_path: Path):
    path = tmp_path / "a.db"
    with pytest.raises(SchemaOlder):
        migrate.require_current(path)
    migrate.upgrade(path)
    connection = connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for refuse in (migrate.upgrade, migrate.require_current):
        with pytest.raises(SchemaNewer, match="9999"):
            refuse(path)


def test_a_newer_schema_is_refused_on_postgresql_too(postgresql: Cluster):
    url = postgresql.empty()
    assert migrate.upgrade_postgresql(url) == ("none", migrate.METADATA.head)
    assert migrate.upgrade_postgresql(url) == (migrate.METADATA.head, migrate.METADATA.head)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaNewer, match="9999"):
        migrate.upgrade_postgresql(url)


def test_two_upgrades_at_once_make_one_schema(postgresql: Cluster):
    url = postgresql.empty()
    outcomes: list[object] = []

    def upgrade() -> None:
        outcomes.append(migrate.upgrade_postgresql(url))

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes, key=str) == [(migrate.METADATA.head, migrate.METADATA.head)] * 3 + [
        ("none", migrate.METADATA.head)
    ]


def test_an_upgrade_that_fails_leaves_nothing(tmp_path: Path):
    path = tmp_path / "a.db"
    connection = connect(path)
    connection.execute("CREATE TABLE upload (stands TEXT)")  # in the way of one of the tables
    connection.close()
    with pytest.raises(Exception, match="upload"):
        migrate.upgrade(path)
    with sqlite_engine(path).connect() as session:
        assert inspect(session).get_table_names() == ["upload"]


def test_an_upgrade_that_fails_leaves_nothing_on_postgresql(postgresql: Cluster, monkeypatch: pytest.MonkeyPatch):
    address, real = postgresql.empty(), migrate.run_migrations

    def failing(connection: Any, chain: migrate.Chain) -> None:
        real(connection, chain)
        connection.exec_driver_sql("SELECT * FROM no_such_table")

    monkeypatch.setattr(migrate, "run_migrations", failing)
    with pytest.raises(Exception, match="no_such_table"):
        migrate.upgrade_postgresql(address)
    engine = postgresql_engine(address)
    assert inspect(engine).get_table_names() == []
    engine.dispose()


def test_identities_come_to_a_database_that_has_accounts_and_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.db"
    with monkeypatch.context() as first:
        first.setattr(migrate, "METADATA", migrate.Chain("versions", "0001"))
        migrate.upgrade(path, migrate.METADATA)
    connection = connect(path)
    connection.execute("INSERT INTO account VALUES ('000000000000', 'default', 1, 2)")
    key = ("AKIA", "000000000000", "root", "000000000000", b"sealed", "Active", 3, 4)
    connection.execute("INSERT INTO access_key VALUES (?, ?, ?, ?, ?, ?, ?, ?)", key)
    connection.close()
    assert migrate.upgrade(path) == ("0001", migrate.METADATA.head)
    connection = connect(path)
    assert connection.execute("SELECT * FROM access_key").fetchall() == [(*key, None, None, None)]
    assert connection.execute("SELECT count(*) FROM entity").fetchall() == [(0,)]
    connection.close()


def test_identities_come_to_a_postgresql_database_too(postgresql: Cluster, monkeypatch: pytest.MonkeyPatch):
    url = postgresql.empty()
    with monkeypatch.context() as first:
        first.setattr(migrate, "METADATA", migrate.Chain("versions", "0001"))
        migrate.upgrade_postgresql(url, migrate.METADATA)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO account VALUES ('000000000000', 'default', 1, 2)")
    assert migrate.upgrade_postgresql(url) == ("0001", migrate.METADATA.head)
    with psycopg.connect(url, autocommit=True) as connection:
        assert connection.execute("SELECT id, stamp FROM account").fetchall() == [("000000000000", 1)]
        assert connection.execute("SELECT count(*) FROM entity").fetchall() == [(0,)]
