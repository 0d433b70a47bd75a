"""Rows of `remote_key`: what other key services said last of keys that are used here."""

from collections.abc import Sequence

from sqlalchemy import bindparam, func, select, text

from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.key_records import RemoteKey
from entrepot.db.key_schema import remote_key

_FIND = select(remote_key).where(remote_key.c.arn == bindparam("named"))
_LIST = (
    select(remote_key).where(remote_key.c.arn > bindparam("after")).order_by(remote_key.c.arn).limit(bindparam("most"))
)
_COUNT = select(func.count()).select_from(remote_key)
_PUT = text(
    "INSERT INTO remote_key (arn, spec, state, public) VALUES (:arn, :spec, :state, :public) "
    "ON CONFLICT (arn) DO UPDATE SET spec = excluded.spec, state = excluded.state, public = excluded.public"
)


def find(tx: Reader, arn: str) -> RemoteKey | None:
    """What is known of a key; None for one that is not at another service."""
    row = tx.one(_FIND, named=arn)
    return None if row is None else _remote_key(row)


def list_of(tx: Reader, after: str, most: int) -> Sequence[RemoteKey]:
    """Keys whose ARNs come after one, in their order."""
    return [_remote_key(row) for row in tx.all(_LIST, after=after, most=most)]


def count(tx: Reader) -> int:
    """How many are known."""
    return number_of(tx, _COUNT)


def put(tx: Transaction, known: RemoteKey) -> None:
    """Know this of a key from now on."""
    tx.run(_PUT, arn=known.arn, spec=known.spec, state=known.state, public=known.public)


def _remote_key(row: Row) -> RemoteKey:
    return RemoteKey(row.arn, row.spec, row.state, bytes(row.public))
