"""The schema's revision: upgraded when asked, refused when it is another than this version's.

An up-to-date database is recognised by one raw query, so that a start imports no Alembic.
"""

from contextlib import closing
from pathlib import Path
from typing import Any

import pysqlite3

from entrepot.db.sqlite import connect, require_fixed, translated
from entrepot.errors.start import DatabaseUnreadable, SchemaNewer, SchemaOlder

HEAD = "0003"
_HAS_REVISION = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'alembic_version'"
_SCRIPTS = "entrepot.db:migrations"
_MIGRATING = 0x656E7472  # whoever migrates a PostgreSQL database holds this advisory lock


def upgrade(path: Path) -> tuple[str, str]:
    """Bring the schema of this file, which need not exist, to HEAD; (before, after): SchemaNewer."""
    require_fixed()
    found = sqlite_revision(path)
    if found is not None and found > HEAD:
        raise SchemaNewer(found=found, known=HEAD)
    if found != HEAD:
        migrate_sqlite(path)
    return found or "none", HEAD


def require_current(path: Path) -> None:
    """SchemaNewer or SchemaOlder unless the schema is this version's."""
    found = sqlite_revision(path)
    if found is not None and found > HEAD:
        raise SchemaNewer(found=found, known=HEAD)
    if found != HEAD:
        raise SchemaOlder(found=found or "none", known=HEAD)


def upgrade_postgresql(url: str) -> tuple[str, str]:
    """Bring the schema of a PostgreSQL database to HEAD, in one transaction and one at a time; (before, after)."""
    from sqlalchemy import create_engine, text

    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.begin() as session:
            session.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATING})"))
            known = session.execute(text("SELECT to_regclass('alembic_version')")).scalar()
            found = session.execute(text("SELECT version_num FROM alembic_version")).scalar() if known else None
            if found is not None and found > HEAD:
                raise SchemaNewer(found=found, known=HEAD)
            if found != HEAD:
                run_migrations(session)
    finally:
        engine.dispose()
    return found or "none", HEAD


def sqlite_revision(path: Path) -> str | None:
    """The schema's revision; None for an absent or empty file: DatabaseUnreadable."""
    if not path.exists():
        return None
    try:
        with closing(connect(path)) as connection:
            if not connection.execute(_HAS_REVISION).fetchall():
                return None
            rows = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    except pysqlite3.DatabaseError as error:
        raise DatabaseUnreadable(path=path, reason=error) from None
    return str(rows[0][0]) if rows else None


def migrate_sqlite(path: Path) -> None:
    """Bring the schema to HEAD, in one transaction: StorageFull leaves it as it was."""
    from sqlalchemy.exc import OperationalError

    try:
        _migrate_sqlite(path)
    except (pysqlite3.OperationalError, OperationalError) as error:
        raise translated(getattr(error, "orig", error)) from error


def _migrate_sqlite(path: Path) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    connection = connect(path)
    engine = create_engine("sqlite://", module=pysqlite3, creator=lambda: connection, poolclass=StaticPool)
    try:
        with engine.connect() as session:
            connection.execute("BEGIN IMMEDIATE")  # the driver starts none; Alembic's commit ends this one
            run_migrations(session)
    finally:
        engine.dispose()
        connection.close()


def run_migrations(connection: Any) -> None:
    """Run Alembic over an open SQLAlchemy connection."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
