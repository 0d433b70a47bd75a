"""Rows of `public_alias`: the names of public registries, and whose they are."""

from collections.abc import Sequence

from sqlalchemy import bindparam, delete, insert, select, update

from entrepot.db.database import Row, Transaction
from entrepot.db.records import PublicAlias
from entrepot.db.schema import public_alias
from entrepot.spec.moments import micros, moment

FIND = select(public_alias).where(public_alias.c.name == bindparam("name"))
FIND_PRIMARY = select(public_alias).where(
    public_alias.c.account_id == bindparam("account"), public_alias.c.is_primary == 1
)
_OF_ACCOUNT = (
    select(public_alias).where(public_alias.c.account_id == bindparam("account")).order_by(public_alias.c.name)
)
_ALL = select(public_alias).order_by(public_alias.c.account_id, public_alias.c.name)
_ADD = insert(public_alias)
_REMOVE = delete(public_alias).where(public_alias.c.name == bindparam("of"))
_SET_PRIMARY = (
    update(public_alias).where(public_alias.c.name == bindparam("of")).values(is_primary=bindparam("primary"))
)


def find(tx: Transaction, name: str) -> PublicAlias | None:
    """The alias of this name, whoever has it."""
    row = tx.one(FIND, name=name)
    return None if row is None else record(row)


def of_account(tx: Transaction, account: str) -> Sequence[PublicAlias]:
    """An account's aliases, by name."""
    return [record(row) for row in tx.all(_OF_ACCOUNT, account=account)]


def list_all(tx: Transaction) -> Sequence[PublicAlias]:
    """Every alias, by account and name."""
    return [record(row) for row in tx.all(_ALL)]


def add(tx: Transaction, new: PublicAlias) -> None:
    """A new alias; Conflict when its name is taken."""
    tx.run(
        _ADD,
        name=new.name,
        account_id=new.account,
        standing=new.standing,
        is_primary=int(new.primary),
        created_at=micros(new.created_at),
    )


def set_primary(tx: Transaction, name: str, *, primary: bool) -> None:
    """Whether addresses are written with this alias."""
    tx.run(_SET_PRIMARY, of=name, primary=int(primary))


def remove(tx: Transaction, name: str) -> None:
    """Free the name."""
    tx.run(_REMOVE, of=name)


def record(row: Row) -> PublicAlias:
    """A row of `public_alias` as a record."""
    return PublicAlias(row.name, row.account_id, row.standing, bool(row.is_primary), moment(row.created_at))
