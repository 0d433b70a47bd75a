"""Payloads that profiles sign (AWS Signer API reference, "SignPayload"): looked up and permitted in one unit, signed
outside of any, and kept in another, which asks for the permission again.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from entrepot.core.access import Caller
from entrepot.core.keys.vault import Vault
from entrepot.core.signing import authority, keys, places, platforms, validity
from entrepot.core.signing.places import ACTIVE, ProfileName
from entrepot.core.signing.platforms import NOTATION, Platform
from entrepot.db import signing_jobs
from entrepot.db import signing_profiles as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.key_records import Material, RemoteKey
from entrepot.db.signing_records import AuthorityRow, Job, Profile, Version
from entrepot.errors import SigningInputInvalid, SigningProfileNotFound
from entrepot.seal import signing_certificates as certificates
from entrepot.seal.signing_certificates import Leaf
from entrepot.spec import notation, sigstore
from entrepot.spec.digest import Digest


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be signed, by which profile; `format` is the payload's media type."""

    profile: ProfileName
    payload: bytes
    format: str


@dataclass(frozen=True, slots=True)
class Order:
    """All that a signature needs, as it was when its signer was permitted."""

    wanted: Wanted
    profile: Profile
    version: Version
    platform: Platform
    authority: AuthorityRow
    of_kms: Material | RemoteKey | None
    job_id: str
    at: datetime

    @property
    def until(self) -> datetime:
        """When the signature holds no more."""
        return validity.until(self.at, self.profile.validity, self.profile.validity_type)


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that was made, in its envelope; `thumbprints` of its certificates, `serial` '' without any."""

    order: Order
    envelope: bytes
    serial: str
    thumbprints: tuple[str, ...]

    @property
    def metadata(self) -> Mapping[str, str]:
        """What is told beside the signature: annotations of its manifest."""
        profile = self.order.profile
        told = {"signingProfileVersionArn": profile.version_arn}
        return {f"com.amazonaws.signer.{name}": value for name, value in told.items()}


def prepare(tx: Reader, caller: Caller, wanted: Wanted) -> Order:
    """What a signature needs: SigningProfileNotFound, SigningInputInvalid."""
    profile = places.require(tx, caller, "SignPayload", wanted.profile)
    version, row = rows.version(tx, profile.id, profile.version), rows.authority(tx, profile.account)
    if version is None or row is None:  # cannot be: they are made with the profile
        raise SigningProfileNotFound(name=profile.arn)
    platform = platforms.get(profile.platform)
    _check(wanted, profile, version, platform)
    material = keys.material(tx, caller, platform, version)
    # a request that is tried again makes another signature, and another job
    return Order(wanted, profile, version, platform, row, material, str(uuid.uuid4()), caller.at)


def sign(vault: Vault, order: Order, list_base: str) -> Signed:
    """The signature, in the form of the profile's platform: SigningInputInvalid, KeyUnavailable. Blocking: a few
    milliseconds, or as long as another key service takes.
    """
    return _notation(vault, order, list_base) if order.platform.id == NOTATION else _cosign(vault, order)


def keep(tx: Transaction, caller: Caller, signed: Signed) -> Job:
    """Remember a signature before anybody gets it: what `prepare` raises."""
    order = signed.order
    now = prepare(tx, caller, order.wanted)
    if now.version.version != order.version.version:
        raise SigningInputInvalid(reason=f"{order.profile.arn} has got another version meanwhile.")
    rows.count_signature(tx, order.profile.id, order.version.version)
    made = Job(
        order.job_id,
        order.profile.account,
        order.profile.region,
        order.profile.id,
        order.version.version,
        signed.serial,
        caller.principal.account,
        caller.principal.arn,
        order.at,
        order.until,
        _TARGETS[order.platform.payload](order.wanted.payload) or "",
        Digest.of(signed.envelope),
    )
    signing_jobs.add(tx, made)
    told = {
        "profileName": order.profile.name,
        "profileOwner": order.profile.account,
        "payloadFormat": order.wanted.format,
        "jobId": made.id,
    }
    places.changed(tx, caller, "SignPayload", told, order.profile.account)
    return made


def _check(wanted: Wanted, profile: Profile, version: Version, platform: Platform) -> None:
    if profile.status != ACTIVE:
        raise SigningInputInvalid(reason=f"The signing profile {profile.arn} is {profile.status}.")
    if version.signatures >= authority.MOST_SIGNATURES:
        reason = f"{profile.version_arn} has made {version.signatures} signatures; put the profile for a new version."
        raise SigningInputInvalid(reason=reason)
    if wanted.format != platform.payload:
        raise SigningInputInvalid(reason=f"{platform.id} signs payloads of the format {platform.payload}.")
    if _TARGETS[platform.payload](wanted.payload) is None:
        raise SigningInputInvalid(reason=f"The payload is not of the format {platform.payload}.")


def _notation(vault: Vault, order: Order, list_base: str) -> Signed:
    header, serial = notation.protected(order.at, order.until), certificates.new_serial()
    leaf = Leaf(
        order.profile.account,
        order.profile.region,
        order.profile.name,
        order.version.version,
        order.version.public,
        serial,
        order.at,
        order.until,
        authority.list_url(list_base, order.version),
    )
    chain = (certificates.issue(authority.opened(vault, order.authority), leaf), order.authority.certificate)
    text = notation.signing_input(header, order.wanted.payload)
    der = keys.sign(vault, order.profile.account, order.platform, order.version, order.of_kms, text)
    envelope = notation.envelope(header, order.wanted.payload, chain, certificates.plain_signature(der))
    return Signed(order, envelope, str(serial), tuple(certificates.thumbprint(each) for each in chain))


def _cosign(vault: Vault, order: Order) -> Signed:
    text = sigstore.signing_input(order.wanted.payload)
    der = keys.sign(vault, order.profile.account, order.platform, order.version, order.of_kms, text)
    hint = certificates.thumbprint(order.version.public)
    return Signed(order, sigstore.bundle(order.wanted.payload, der, hint), "", ())


_TARGETS: Final = {notation.PAYLOAD: notation.target, sigstore.STATEMENT: sigstore.target}
