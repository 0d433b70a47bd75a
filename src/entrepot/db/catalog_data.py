"""Rows of `catalog_data`: what public repositories tell of themselves."""

import msgspec
from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Row, Transaction
from entrepot.db.records import CatalogData
from entrepot.db.schema import catalog_data

FIND = select(catalog_data).where(catalog_data.c.repository_id == bindparam("of"))
_PUT = text(
    "INSERT INTO catalog_data (repository_id, content, logo) VALUES (:of, :content, :logo) "
    "ON CONFLICT (repository_id) DO UPDATE SET content = excluded.content, logo = excluded.logo"
)
_REMOVE = delete(catalog_data).where(catalog_data.c.repository_id == bindparam("of"))


def find(tx: Transaction, repository_id: str) -> CatalogData | None:
    """What was told of a repository."""
    row = tx.one(FIND, of=repository_id)
    return None if row is None else record(row)


def put(tx: Transaction, repository_id: str, data: CatalogData) -> None:
    """Replace what was told."""
    content = {
        "description": data.description,
        "architectures": data.architectures,
        "operatingSystems": data.operating_systems,
        "aboutText": data.about_text,
        "usageText": data.usage_text,
    }
    tx.run(_PUT, of=repository_id, content=msgspec.json.encode(content).decode(), logo=data.logo)


def remove(tx: Transaction, repository_id: str) -> None:
    """Forget what was told."""
    tx.run(_REMOVE, of=repository_id)


def record(row: Row) -> CatalogData:
    """A row of `catalog_data` as a record."""
    content = msgspec.json.decode(row.content)
    return CatalogData(
        content["description"],
        tuple(content["architectures"]),
        tuple(content["operatingSystems"]),
        content["aboutText"],
        content["usageText"],
        None if row.logo is None else bytes(row.logo),
    )
