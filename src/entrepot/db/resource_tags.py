"""Rows of `resource_tag`: AWS tags on a repository."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Reader, Transaction
from entrepot.db.schema import resource_tag

_LIST = (
    select(resource_tag.c.key, resource_tag.c.value)
    .where(resource_tag.c.repository_id == bindparam("of"))
    .order_by(resource_tag.c.key)
)
_PUT = text(
    "INSERT INTO resource_tag (repository_id, key, value) VALUES (:of, :key, :value) "
    "ON CONFLICT (repository_id, key) DO UPDATE SET value = excluded.value"
)
_REMOVE = delete(resource_tag).where(
    resource_tag.c.repository_id == bindparam("of"), resource_tag.c.key == bindparam("tag_key")
)
_REMOVE_ALL = delete(resource_tag).where(resource_tag.c.repository_id == bindparam("of"))


def list_of(tx: Reader, repository_id: str) -> Sequence[tuple[str, str]]:
    """(key, value) pairs, by key."""
    return [(row.key, row.value) for row in tx.all(_LIST, of=repository_id)]


def put(tx: Transaction, repository_id: str, key: str, value: str) -> None:
    """Set one tag."""
    tx.run(_PUT, of=repository_id, key=key, value=value)


def remove(tx: Transaction, repository_id: str, key: str) -> None:
    """Remove one tag; absent is fine."""
    tx.run(_REMOVE, of=repository_id, tag_key=key)


def remove_all(tx: Transaction, repository_id: str) -> None:
    """Remove every tag."""
    tx.run(_REMOVE_ALL, of=repository_id)
