"""The schema's revision: upgraded when asked, refused when it is another than this version's.

Each database has a chain of revisions of its own. An up-to-date one is recognised by one raw query, so that a start
imports no Alembic.
"""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pysqlite3
from sqlalchemy import Select, String, column, select, table

from entrepot.db.sqlite import connect, require_fixed, translated
from entrepot.errors.start import DatabaseUnreadable, SchemaNewer, SchemaOlder

_SCRIPTS = "entrepot.db:migrations"
_HAS_TABLE = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"
_MIGRATING = 0x656E7472  # whoever migrates a PostgreSQL database holds this advisory lock


@dataclass(frozen=True, slots=True)
class Chain:
    """The revisions of one database's schema: the folder of its scripts, and the newest of them."""

    folder: str
    head: str

    @property
    def table(self) -> str:
        """Where a database of this chain keeps its revision; several may share one PostgreSQL database."""
        return "alembic_version" if self is METADATA else f"alembic_version_{self.folder}"


METADATA = Chain("versions", "0022")  # db/schema.py
EVENTS = Chain("events", "0001")  # db/event_queue_schema.py: events on their way to targets, and archived ones
AUDIT = Chain("audit", "0001")  # db/audit_schema.py: the audit records
METRICS = Chain("metrics", "0001")  # db/metric_schema.py: the points of metrics


def upgrade(path: Path, chain: Chain = METADATA) -> tuple[str, str]:
    """Bring the schema of this file, which need not exist, to the newest; (before, after): SchemaNewer."""
    require_fixed()
    found = sqlite_revision(path, chain)
    if found is not None and found > chain.head:
        raise SchemaNewer(found=found, known=chain.head)
    if found != chain.head:
        migrate_sqlite(path, chain)
    return found or "none", chain.head


def require_current(path: Path, chain: Chain = METADATA) -> None:
    """SchemaNewer or SchemaOlder unless the schema is this version's."""
    found = sqlite_revision(path, chain)
    if found is not None and found > chain.head:
        raise SchemaNewer(found=found, known=chain.head)
    if found != chain.head:
        raise SchemaOlder(found=found or "none", known=chain.head)


def upgrade_postgresql(url: str, chain: Chain = METADATA) -> tuple[str, str]:
    """Bring the schema in a PostgreSQL database to the newest, in one transaction, one at a time; (before, after)."""
    from sqlalchemy import create_engine, text

    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    try:
        with engine.begin() as session:
            session.execute(text(f"SELECT pg_advisory_xact_lock({_MIGRATING})"))
            known = session.execute(text(f"SELECT to_regclass('{chain.table}')")).scalar()
            found = session.execute(_revision(chain)).scalar() if known else None
            if found is not None and found > chain.head:
                raise SchemaNewer(found=found, known=chain.head)
            if found != chain.head:
                run_migrations(session, chain)
    finally:
        engine.dispose()
    return found or "none", chain.head


def sqlite_revision(path: Path, chain: Chain = METADATA) -> str | None:
    """The schema's revision; None for an absent or empty file: DatabaseUnreadable."""
    if not path.exists():
        return None
    try:
        with closing(connect(path)) as connection:
            if not connection.execute(_HAS_TABLE, [chain.table]).fetchall():
                return None
            rows = connection.execute(str(_revision(chain))).fetchall()
    except pysqlite3.DatabaseError as error:
        raise DatabaseUnreadable(path=path, reason=error) from None
    return str(rows[0][0]) if rows else None


def _revision(chain: Chain) -> Select[str]:
    return select(column("version_num", String)).select_from(table(chain.table))


def migrate_sqlite(path: Path, chain: Chain = METADATA) -> None:
    """Bring the schema to the newest, in one transaction: StorageFull leaves it as it was."""
    from sqlalchemy.exc import OperationalError

    try:
        _migrate_sqlite(path, chain)
    except (pysqlite3.OperationalError, OperationalError) as error:
        raise translated(getattr(error, "orig", error)) from error


def _migrate_sqlite(path: Path, chain: Chain) -> None:
    from sqlalchemy import create_engine
    from sqlalchemy.pool import StaticPool

    connection = connect(path)
    engine = create_engine("sqlite://", module=pysqlite3, creator=lambda: connection, poolclass=StaticPool)
    try:
        with engine.connect() as session:
            connection.execute("BEGIN IMMEDIATE")  # the driver starts none; Alembic's commit ends this one
            run_migrations(session, chain)
    finally:
        engine.dispose()
        connection.close()


def run_migrations(connection: Any, chain: Chain = METADATA) -> None:
    """Run Alembic over an open SQLAlchemy connection."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{_SCRIPTS}/{chain.folder}")
    config.attributes["connection"] = connection
    config.attributes["table"] = chain.table
    command.upgrade(config, chain.head)
