"""What is pushed and is to be signed: noted with who pushed it, in the unit that stores it; shown with how far it is.

Signatures, attestations and what the registry makes itself are not signed; indexes and what they list are.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.principals import Principal
from entrepot.core.rights import rights_of
from entrepot.core.scanning.places import image, require_named
from entrepot.core.signing import rules
from entrepot.db import image_signings as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.records import Repository
from entrepot.db.signing_records import ImageSigning
from entrepot.spec import notation, sigstore
from entrepot.spec.manifest import Manifest
from entrepot.spec.repository import RepositoryKey

__all__ = ["ImageSigning"]

_SIMPLE: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
_DSSE: Final = "application/vnd.dsse.envelope.v1+json"
_BUNDLES: Final = "application/vnd.dev.sigstore.bundle"
_TYPES: Final = frozenset({notation.ARTIFACT, notation.ENVELOPE, sigstore.STATEMENT, _SIMPLE, _DSSE})


class Pusher(msgspec.Struct, frozen=True):
    """In whose name an image is signed, and how it was pushed; without anything that is secret."""

    principal: Principal
    region: str
    source_ip: str
    user_agent: str
    secure: bool
    request_id: str


_PUSHER = msgspec.json.Decoder(Pusher)


def pushed(tx: Transaction, repository: Repository, digest: str, manifest: Manifest, caller: Caller) -> None:
    """Have an image signed that is pushed, by all profiles whose rules say so; once by each."""
    key = repository.key
    if key.registry.kind != "private" or caller.principal.kind == "service" or is_signature(manifest):
        return
    for profile in rules.profiles(tx, key.registry, key.name):
        rows.begin(tx, repository.id, digest, profile, _told(caller, repository.id, digest, profile), caller.at)


def is_signature(manifest: Manifest) -> bool:
    """Whether a manifest says of another that somebody vouches for it."""
    types = (manifest.artifact_type or "", *(layer.media_type for layer in manifest.layers))
    return any(each in _TYPES or each.startswith(_BUNDLES) for each in types)


def statuses(
    tx: Transaction, caller: Caller, key: RepositoryKey, digest: str | None, tag: str | None
) -> tuple[str, Sequence[ImageSigning]]:
    """An image's digest, and how far each profile is with it: ImageNotFound, ParameterInvalid."""
    require_named(digest, tag)
    named = [(tag or "", digest or "")]
    repository = lookup.require_images(tx, caller, key, "DescribeImageSigningStatus", named)
    found = image(tx, repository, digest, tag)
    return found.digest, rows.list_of(tx, repository.id, found.digest)


def caller_of(tx: Reader, signing: ImageSigning, at: datetime) -> Caller:
    """The pusher of an image, with the rights that it has now."""
    told = _PUSHER.decode(signing.pusher)
    who = told.principal
    return Caller(
        who,
        rights_of(tx, who.subject(), who.owner_id, who.session),
        told.region,
        told.source_ip,
        told.user_agent,
        told.request_id,
        secure=told.secure,
        door="worker",
        at=at,
    )


def _told(caller: Caller, repository_id: str, digest: str, profile: str) -> str:
    """The request has one id, and each of its signatures another."""
    own = uuid.uuid5(uuid.NAMESPACE_OID, f"{caller.request_id}/{repository_id}/{digest}/{profile}")
    who = caller.principal
    if who.session is not None:
        who = msgspec.structs.replace(who, session=msgspec.structs.replace(who.session, secret=""))
    pusher = Pusher(who, caller.region, caller.source_ip, caller.user_agent, caller.secure, str(own))
    return msgspec.json.encode(pusher).decode()
