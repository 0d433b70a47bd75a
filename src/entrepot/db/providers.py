"""Rows of `oidc_provider`."""

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from entrepot.db.database import Transaction
from entrepot.db.identity_records import Provider
from entrepot.db.identity_schema import oidc_provider

_FIND = select(oidc_provider).where(oidc_provider.c.entity_id == bindparam("of"))
_INSERT = insert(oidc_provider)
_SET = (
    update(oidc_provider)
    .where(oidc_provider.c.entity_id == bindparam("of"))
    .values(client_ids=bindparam("new_clients"), thumbprints=bindparam("new_thumbprints"))
)
_REMOVE = delete(oidc_provider).where(oidc_provider.c.entity_id == bindparam("of"))


def find(tx: Transaction, entity_id: str) -> Provider | None:
    """What a provider has beside its entity."""
    row = tx.one(_FIND, of=entity_id)
    if row is None:
        return None
    return Provider(tuple(msgspec.json.decode(row.client_ids)), tuple(msgspec.json.decode(row.thumbprints)))


def add(tx: Transaction, entity_id: str, new: Provider) -> None:
    """What a new provider has beside its entity."""
    tx.run(_INSERT, entity_id=entity_id, client_ids=_text(new.client_ids), thumbprints=_text(new.thumbprints))


def put(tx: Transaction, entity_id: str, changed: Provider) -> None:
    """Other audiences or thumbprints."""
    tx.run(_SET, of=entity_id, new_clients=_text(changed.client_ids), new_thumbprints=_text(changed.thumbprints))


def remove(tx: Transaction, entity_id: str) -> None:
    """Remove what it has beside its entity."""
    tx.run(_REMOVE, of=entity_id)


def _text(values: tuple[str, ...]) -> str:
    return msgspec.json.encode(values).decode()
