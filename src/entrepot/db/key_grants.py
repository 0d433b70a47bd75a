"""Rows of `key_grant`."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.key_records import Context, Grant
from entrepot.db.key_schema import encryption_key, key_grant
from entrepot.spec.moments import micros, moment

_ID = key_grant.c.id == bindparam("of")
_FIND = select(key_grant).where(_ID)
_KEY = key_grant.c.key_id == bindparam("key")
_OF_GRANTEE = (
    select(key_grant)
    .where(
        _KEY,
        (key_grant.c.grantee == bindparam("by_id"))
        | (key_grant.c.grantee == bindparam("by_arn"))
        | (key_grant.c.grantee == bindparam("by_account")),
    )
    .order_by(key_grant.c.id)
)
_IN_SCOPE = (
    select(key_grant)
    .where(
        _KEY,
        key_grant.c.grantee.in_([bindparam("by_id"), bindparam("by_arn"), bindparam("by_account")]),
        key_grant.c.scope == bindparam("scope"),
    )
    .order_by(key_grant.c.id)
)
_NAMED = select(key_grant).where(_KEY, key_grant.c.name == bindparam("named"), key_grant.c.name != "")
_LIST = (
    select(key_grant).where(_KEY, key_grant.c.id > bindparam("after")).order_by(key_grant.c.id).limit(bindparam("most"))
)
_OF_RETIREE = (
    select(key_grant)
    .join(encryption_key, encryption_key.c.id == key_grant.c.key_id)
    .where(
        key_grant.c.retiree == bindparam("retiree"),
        encryption_key.c.region == bindparam("place"),
        encryption_key.c.account_id == bindparam("account"),
        key_grant.c.id > bindparam("after"),
    )
    .order_by(key_grant.c.id)
    .limit(bindparam("most"))
)
_OF_KEY = encryption_key.c.id == bindparam("key")
_COUNT = select(encryption_key.c.grants).where(_OF_KEY)
_ONE_MORE = update(encryption_key).where(_OF_KEY).values(grants=encryption_key.c.grants + 1)
_ONE_LESS = (
    update(encryption_key)
    .where(encryption_key.c.id == select(key_grant.c.key_id).where(_ID).scalar_subquery())
    .values(grants=encryption_key.c.grants - 1)
)
_INSERT = insert(key_grant)
_REMOVE = delete(key_grant).where(_ID)
_OPERATIONS = msgspec.json.Decoder(tuple[str, ...])
_CONSTRAINTS = msgspec.json.Decoder(dict[str, dict[str, str]])


def find(tx: Reader, grant_id: str) -> Grant | None:
    """The grant of an id."""
    row = tx.one(_FIND, of=grant_id)
    return None if row is None else _grant(row)


def of_grantee(tx: Reader, key_id: str, by_id: str, by_arn: str, by_account: str) -> Sequence[Grant]:
    """Grants on a key to whoever goes by any of these names."""
    found = tx.all(_OF_GRANTEE, key=key_id, by_id=by_id, by_arn=by_arn, by_account=by_account)
    return [_grant(row) for row in found]


def in_context(tx: Reader, key_id: str, by_id: str, by_arn: str, by_account: str, context: Context) -> Sequence[Grant]:
    """The same of those alone that can be in force in an encryption context, however many there are."""
    names = {"by_id": by_id, "by_arn": by_arn, "by_account": by_account}
    scopes = ("", *("=".join(pair) for pair in context.items()))
    return [_grant(row) for scope in scopes for row in tx.all(_IN_SCOPE, key=key_id, scope=scope, **names)]


def named(tx: Reader, key_id: str, name: str) -> Sequence[Grant]:
    """Grants on a key under a name."""
    return [_grant(row) for row in tx.all(_NAMED, key=key_id, named=name)]


def list_of(tx: Reader, key_id: str, after: str, most: int) -> Sequence[Grant]:
    """Grants on a key whose ids come after one, in their order."""
    return [_grant(row) for row in tx.all(_LIST, key=key_id, after=after, most=most)]


def of_retiree(tx: Reader, account: str, region: str, retiree: str, after: str, most: int) -> Sequence[Grant]:
    """Grants on an account's keys in a region that somebody may retire, by id."""
    found = tx.all(_OF_RETIREE, account=account, place=region, retiree=retiree, after=after, most=most)
    return [_grant(row) for row in found]


def count(tx: Reader, key_id: str) -> int:
    """How many grants there are on a key: counted as they come and go."""
    return number_of(tx, _COUNT, key=key_id)


def add(tx: Transaction, new: Grant) -> None:
    """A new grant."""
    tx.run(
        _INSERT,
        id=new.id,
        key_id=new.key_id,
        name=new.name,
        grantee=new.grantee,
        retiree=new.retiree,
        operations=msgspec.json.encode(new.operations).decode(),
        constraints=msgspec.json.encode(new.constraints).decode(),
        issuer=new.issuer,
        created_at=micros(new.created_at),
        scope=_scope(new),
    )
    tx.run(_ONE_MORE, key=new.key_id)


def remove(tx: Transaction, grant_id: str) -> None:
    """Remove a grant."""
    tx.run(_ONE_LESS, of=grant_id)
    tx.run(_REMOVE, of=grant_id)


def _scope(grant: Grant) -> str:
    """The first pair that a context must have; '' where any will do."""
    pairs = sorted(pair for context in grant.constraints.values() for pair in context.items())
    return "=".join(pairs[0]) if pairs else ""


def _grant(row: Row) -> Grant:
    return Grant(
        row.id,
        row.key_id,
        row.name,
        row.grantee,
        row.retiree,
        _OPERATIONS.decode(row.operations),
        _CONSTRAINTS.decode(row.constraints),
        row.issuer,
        moment(row.created_at),
    )
