"""Migrations run on both engines."""

from pathlib import Path

import pysqlite3
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine

from entrepot.db.sqlite import connect
from tests.factories.postgresql import postgresql

__all__ = ["postgresql"]


def sqlite_engine(path: Path) -> Engine:
    return create_engine("sqlite://", module=pysqlite3, creator=lambda: connect(path))


def postgresql_engine(url: str) -> Engine:
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
