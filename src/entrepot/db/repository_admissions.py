"""Rows of `repository_admission`: what a repository hands out; one where nothing was set has no row."""

import msgspec
from sqlalchemy import bindparam, delete, select, text

from entrepot.db.database import Row, Transaction
from entrepot.db.exception_records import Admission
from entrepot.db.exception_schema import repository_admission as table
from entrepot.db.schema import repository
from entrepot.spec.moments import micros, moment

FIND = select(table).where(table.c.repository_id == bindparam("of"))
_PUT = text(
    "INSERT INTO repository_admission "
    "(repository_id, mode, max_severity, unscanned, grace_seconds, owner, updated_at, digest_only, public_keys, "
    "signing_profiles) VALUES (:of, :mode, :max_severity, :unscanned, :grace_seconds, :owner, :updated_at, "
    ":digest_only, :public_keys, :profiles) "
    "ON CONFLICT (repository_id) DO UPDATE SET mode = excluded.mode, max_severity = excluded.max_severity, "
    "unscanned = excluded.unscanned, grace_seconds = excluded.grace_seconds, owner = excluded.owner, "
    "updated_at = excluded.updated_at, digest_only = excluded.digest_only, public_keys = excluded.public_keys, "
    "signing_profiles = excluded.signing_profiles"
)
_IS_ANY_SET = (
    select(table.c.repository_id)
    .join(repository, repository.c.id == table.c.repository_id)
    .where(repository.c.account_id == bindparam("account"), repository.c.region == bindparam("of_region"))
    .limit(1)
)
_TEXTS = msgspec.json.Decoder(tuple[str, ...])
_REMOVE = delete(table).where(table.c.repository_id == bindparam("of"))


def find(tx: Transaction, repository_id: str) -> Admission | None:
    """What was set, if anything was."""
    row = tx.one(FIND, of=repository_id)
    return None if row is None else record(row)


def is_any_set(tx: Transaction, account: str, region: str) -> bool:
    """Whether any repository of a registry has a setting."""
    return tx.one(_IS_ANY_SET, account=account, of_region=region) is not None


def put(tx: Transaction, repository_id: str, new: Admission) -> None:
    """Replace what was set."""
    tx.run(
        _PUT,
        of=repository_id,
        mode=new.mode,
        max_severity=new.max_severity,
        unscanned=new.unscanned,
        grace_seconds=new.grace_seconds,
        owner=new.owner,
        updated_at=micros(new.updated_at),
        digest_only=int(new.digest_only),
        public_keys=msgspec.json.encode(new.keys).decode(),
        profiles=msgspec.json.encode(new.profiles).decode(),
    )


def remove(tx: Transaction, repository_id: str) -> bool:
    """Everything is handed out from now on; whether anything was set."""
    return tx.run(_REMOVE, of=repository_id) == 1


def record(row: Row) -> Admission:
    """A row as a record."""
    return Admission(
        row.mode,
        row.max_severity,
        row.unscanned,
        row.grace_seconds,
        row.owner,
        moment(row.updated_at),
        bool(row.digest_only),
        _TEXTS.decode(row.public_keys),
        _TEXTS.decode(row.signing_profiles),
    )
