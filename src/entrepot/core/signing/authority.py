"""The certificate authority that an account has for its signatures: who verifies them trusts its root certificate, and
reads at the address in each certificate which of them are revoked.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.keys.vault import Vault
from entrepot.core.recent import Recent
from entrepot.core.resources import Resource
from entrepot.core.signing import places
from entrepot.core.signing.places import ProfileName
from entrepot.core.units import Units
from entrepot.db import accounts, signing_jobs
from entrepot.db import signing_profiles as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.signing_records import AuthorityRow, Profile, Version, profile_arn
from entrepot.errors import SigningProfileNotFound
from entrepot.seal import signing_certificates as certificates
from entrepot.seal.signing_certificates import Authority
from entrepot.spec.repository import RegistryKey

MOST_SIGNATURES: Final = 500_000  # of a version: its list of revoked ones stays below what verifiers read
LISTS: Final = "/signing-revocations/"
_LIFE: Final = timedelta(minutes=5)  # verifiers keep a list until its end
_MOST_KEPT: Final = 64
_Made = tuple[int, datetime, bytes]


def ensure(tx: Transaction, vault: Vault, account: str, at: datetime) -> AuthorityRow:
    """An account's authority, made now where there is none."""
    found = rows.authority(tx, account)
    if found is not None:
        return found
    accounts.lock(tx, account)
    found = rows.authority(tx, account)
    if found is None:
        made = certificates.new_authority(account, at)
        found = AuthorityRow(account, made.certificate, vault.seal(made.private, _context(account)), at)
        rows.add_authority(tx, found)
    return found


def opened(vault: Vault, row: AuthorityRow) -> Authority:
    """With its private key."""
    return Authority(row.certificate, vault.unseal(row.sealed, _context(row.account)))


def root(tx: Reader, caller: Caller, key: RegistryKey) -> str:
    """The root certificate of an account (PEM), for who may list its profiles: SigningProfileNotFound before it has
    one.
    """
    access.require(caller, "ListSigningProfiles", Resource(key.account, "*", places.SERVICE))
    found = rows.authority(tx, key.account)
    if found is None:
        raise SigningProfileNotFound(name=profile_arn(key.account, key.region, "*"))
    return certificates.pem(found.certificate)


def public_key(tx: Reader, caller: Caller, key: RegistryKey, name: str) -> str:
    """The public key of a profile's version that signs (PEM): SigningProfileNotFound."""
    profile = places.require(tx, caller, "GetSigningProfile", ProfileName(key.account, key.region, name))
    version = rows.version(tx, profile.id, profile.version)
    if version is None:
        raise SigningProfileNotFound(name=profile.arn)
    return certificates.public_pem(version.public)


def list_url(base: str, version: Version) -> str:
    """Where it is told which signatures of a version are revoked; '' where nobody could read it."""
    return f"{base}{LISTS}{version.profile_id}/{version.version}.crl" if base else ""


class RevocationLists:
    """The lists of one event loop, kept for half as long as they hold. Anybody may read them."""

    def __init__(self, units: Units, vault: Vault, base: str, clock: Callable[[], datetime]) -> None:
        self._units = units
        self._vault = vault
        self._base = base
        self._clock = clock
        self._kept: Recent[tuple[str, str], _Made] = Recent(_MOST_KEPT)

    async def get(self, profile_id: str, version: str) -> bytes | None:
        """The list of a profile's version in DER; None where there is no such version."""
        found = await self._units.read(_read, profile_id, version)
        if found is None:
            return None
        _, of = found
        kept = self._kept.get((profile_id, version))
        if kept is not None and kept[0] == of.revocations and self._clock() - kept[1] < _LIFE / 2:
            return kept[2]
        at = self._clock()
        made = await self._units.read(self._made, found, at)
        self._kept.put((profile_id, version), (of.revocations, at, made))
        return made

    def _made(self, tx: Reader, found: tuple[Profile, Version], at: datetime) -> bytes:
        profile, version = found
        row = rows.authority(tx, profile.account)
        if row is None:
            raise SigningProfileNotFound(name=profile.arn)
        since = None if version.revocation is None else version.revocation.since
        revoked = signing_jobs.revoked(tx, profile.id, version.version, since, MOST_SIGNATURES)
        url, number = list_url(self._base, version), int(at.timestamp() * 1_000_000)
        return certificates.revocation_list(opened(self._vault, row), url, number, revoked, at, at + _LIFE)


def _read(tx: Reader, profile_id: str, version: str) -> tuple[Profile, Version] | None:
    profile, of = rows.by_id(tx, profile_id), rows.version(tx, profile_id, version)
    return None if profile is None or of is None else (profile, of)


def _context(account: str) -> bytes:
    return f"signing-authority/{account}".encode()
