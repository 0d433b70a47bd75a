"""Rows of `signing_authority`, `signing_profile` and its versions, permissions and tags."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, text, update

from entrepot.db.database import Reader, Row, Transaction, number_of
from entrepot.db.resource_tags import Tags
from entrepot.db.signing_records import AuthorityRow, Permission, Profile, Revocation, Version
from entrepot.db.signing_schema import (
    signing_authority,
    signing_permission,
    signing_profile,
    signing_profile_version,
    signing_tag,
)
from entrepot.spec.moments import micros, micros_or_none, moment

_AUTHORITY = select(signing_authority).where(signing_authority.c.account_id == bindparam("account"))
_ADD_AUTHORITY = insert(signing_authority)
_PLACE = (signing_profile.c.account_id == bindparam("account"), signing_profile.c.region == bindparam("place"))
_FIND = select(signing_profile).where(*_PLACE, signing_profile.c.name == bindparam("named"))
_BY_ID = select(signing_profile).where(signing_profile.c.id == bindparam("of"))
_LOCK = _BY_ID.with_for_update()
_COUNT = select(func.count()).select_from(signing_profile).where(*_PLACE)
_LIST = (
    select(signing_profile)
    .where(*_PLACE, signing_profile.c.name > bindparam("after"))
    .order_by(signing_profile.c.name)
    .limit(bindparam("most"))
)
_ADD = insert(signing_profile)
_CHANGE = (
    update(signing_profile)
    .where(signing_profile.c.id == bindparam("of"))
    .values(
        version=bindparam("new_version"),
        validity_value=bindparam("new_validity"),
        validity_type=bindparam("new_type"),
        parameters=bindparam("new_parameters"),
        status=bindparam("new_status"),
        status_reason=bindparam("new_reason"),
        revision=bindparam("new_revision"),
    )
)
_V = signing_profile_version.c
_IS_VERSION = (_V.profile_id == bindparam("of"), _V.version == bindparam("named"))
_VERSION = select(signing_profile_version).where(*_IS_VERSION)
_ADD_VERSION = insert(signing_profile_version)
_COUNT_SIGNATURE = update(signing_profile_version).where(*_IS_VERSION).values(signatures=_V.signatures + 1)
_COUNT_REVOCATION = update(signing_profile_version).where(*_IS_VERSION).values(revocations=_V.revocations + 1)
_REVOKE = (
    update(signing_profile_version)
    .where(*_IS_VERSION)
    .values(
        revoked_from=bindparam("since"),
        revoked_at=bindparam("at"),
        revoked_by=bindparam("who"),
        reason=bindparam("why"),
        revocations=_V.revocations + 1,
    )
)
_P = signing_permission.c
_PERMISSIONS = select(signing_permission).where(_P.profile_id == bindparam("of")).order_by(_P.statement_id)
_ADD_PERMISSION = insert(signing_permission)
_REMOVE_PERMISSION = delete(signing_permission).where(
    _P.profile_id == bindparam("of"), _P.statement_id == bindparam("named")
)
_TAGS = Tags(
    signing_tag,
    "profile_id",
    text(
        "INSERT INTO signing_tag (profile_id, key, value) VALUES (:of, :key, :value) "
        "ON CONFLICT (profile_id, key) DO UPDATE SET value = excluded.value"
    ),
)
tags, put_tags, remove_tag = _TAGS.list_of, _TAGS.put_all, _TAGS.remove
_PARAMETERS = msgspec.json.Decoder(dict[str, str])


def authority(tx: Reader, account: str) -> AuthorityRow | None:
    """An account's authority."""
    row = tx.one(_AUTHORITY, account=account)
    if row is None:
        return None
    return AuthorityRow(row.account_id, bytes(row.certificate), bytes(row.sealed), moment(row.created_at))


def add_authority(tx: Transaction, new: AuthorityRow) -> None:
    """An account's first one."""
    tx.run(
        _ADD_AUTHORITY,
        account_id=new.account,
        certificate=new.certificate,
        sealed=new.sealed,
        created_at=micros(new.created_at),
    )


def find(tx: Reader, account: str, region: str, name: str) -> Profile | None:
    """The profile of a name."""
    row = tx.one(_FIND, account=account, place=region, named=name)
    return None if row is None else _profile(row)


def by_id(tx: Reader, profile_id: str) -> Profile | None:
    """The profile of an id."""
    row = tx.one(_BY_ID, of=profile_id)
    return None if row is None else _profile(row)


def lock(tx: Transaction, profile_id: str) -> Profile | None:
    """The profile of an id, held for a change."""
    row = tx.one(_LOCK, of=profile_id)
    return None if row is None else _profile(row)


def count(tx: Reader, account: str, region: str) -> int:
    """How many there are in a place, canceled ones too."""
    return number_of(tx, _COUNT, account=account, place=region)


def list_of(tx: Reader, account: str, region: str, after: str, most: int) -> Sequence[Profile]:
    """Profiles of a place, by name."""
    return [_profile(row) for row in tx.all(_LIST, account=account, place=region, after=after, most=most)]


def add(tx: Transaction, new: Profile) -> None:
    """A new profile."""
    tx.run(
        _ADD,
        id=new.id,
        account_id=new.account,
        region=new.region,
        name=new.name,
        platform=new.platform,
        version=new.version,
        validity_value=new.validity,
        validity_type=new.validity_type,
        parameters=msgspec.json.encode(new.parameters).decode(),
        status=new.status,
        status_reason=new.status_reason,
        revision=new.revision,
        created_at=micros(new.created_at),
    )


def change(tx: Transaction, changed: Profile) -> None:
    """Store what can change of a profile."""
    tx.run(
        _CHANGE,
        of=changed.id,
        new_version=changed.version,
        new_validity=changed.validity,
        new_type=changed.validity_type,
        new_parameters=msgspec.json.encode(changed.parameters).decode(),
        new_status=changed.status,
        new_reason=changed.status_reason,
        new_revision=changed.revision,
    )


def version(tx: Reader, profile_id: str, named: str) -> Version | None:
    """A version of a profile."""
    row = tx.one(_VERSION, of=profile_id, named=named)
    return None if row is None else _version(row)


def add_version(tx: Transaction, new: Version) -> None:
    """A new version."""
    tx.run(
        _ADD_VERSION,
        profile_id=new.profile_id,
        version=new.version,
        sealed=new.sealed,
        public=new.public,
        key_arn=new.key_arn,
        signatures=new.signatures,
        revocations=new.revocations,
        created_at=micros(new.created_at),
        revoked_from=None,
        revoked_at=None,
        revoked_by=None,
        reason=None,
    )


def count_signature(tx: Transaction, profile_id: str, named: str) -> None:
    """One more signature of a version."""
    tx.run(_COUNT_SIGNATURE, of=profile_id, named=named)


def count_revocation(tx: Transaction, profile_id: str, named: str) -> None:
    """Other signatures of a version are revoked than before."""
    tx.run(_COUNT_REVOCATION, of=profile_id, named=named)


def revoke(tx: Transaction, of: Version, revocation: Revocation) -> None:
    """Revoke a version."""
    tx.run(
        _REVOKE,
        of=of.profile_id,
        named=of.version,
        since=micros(revocation.since),
        at=micros_or_none(revocation.at),
        who=revocation.by,
        why=revocation.reason,
    )


def permissions(tx: Reader, profile_id: str) -> Sequence[Permission]:
    """Who else may use a profile, by statement."""
    return [
        Permission(row.statement_id, row.action, row.principal, row.version)
        for row in tx.all(_PERMISSIONS, of=profile_id)
    ]


def add_permission(tx: Transaction, profile_id: str, new: Permission) -> None:
    """One more."""
    tx.run(
        _ADD_PERMISSION,
        profile_id=profile_id,
        statement_id=new.statement_id,
        action=new.action,
        principal=new.principal,
        version=new.version,
    )


def remove_permission(tx: Transaction, profile_id: str, statement_id: str) -> bool:
    """One less; whether it was there."""
    return tx.run(_REMOVE_PERMISSION, of=profile_id, named=statement_id) == 1


def revocation_of(row: Row, since: int | None) -> Revocation | None:
    """What a row says of its being revoked from a moment on."""
    if row.revoked_at is None or since is None:
        return None
    return Revocation(moment(since), moment(row.revoked_at), row.revoked_by, row.reason)


def _profile(row: Row) -> Profile:
    return Profile(
        row.id,
        row.account_id,
        row.region,
        row.name,
        row.platform,
        row.version,
        row.validity_value,
        row.validity_type,
        _PARAMETERS.decode(row.parameters),
        row.status,
        row.status_reason,
        row.revision,
        moment(row.created_at),
    )


def _version(row: Row) -> Version:
    return Version(
        row.profile_id,
        row.version,
        bytes(row.sealed),
        bytes(row.public),
        row.key_arn,
        row.signatures,
        row.revocations,
        moment(row.created_at),
        revocation_of(row, row.revoked_from),
    )
