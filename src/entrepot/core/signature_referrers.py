"""Signatures as what they are in a registry: artifacts whose subject is the image, each with one layer."""

from collections.abc import Mapping

import msgspec

from entrepot.core.made_referrers import descriptor
from entrepot.core.signing.payloads import Signed
from entrepot.core.signing.platforms import NOTATION
from entrepot.db.records import StoredManifest
from entrepot.spec import media_type as types
from entrepot.spec import notation, sigstore
from entrepot.spec.manifest import Manifest

EMPTY = b"{}"


def payload_of(image: StoredManifest, platform: str) -> bytes:
    """What is signed of an image."""
    if platform == NOTATION:
        return notation.payload(image.media_type, str(image.digest), len(image.body))
    return sigstore.statement(str(image.digest))


def referrer(image: StoredManifest, signed: Signed) -> Manifest:
    """The manifest of a signature of an image, with an empty config and the envelope."""
    is_notation = signed.order.platform.id == NOTATION
    artifact = notation.ARTIFACT if is_notation else sigstore.BUNDLE
    manifest = {
        "schemaVersion": 2,
        "mediaType": types.OCI_MANIFEST,
        "artifactType": artifact,
        "config": descriptor(types.OCI_EMPTY, EMPTY),
        "layers": [descriptor(notation.ENVELOPE if is_notation else sigstore.BUNDLE, signed.envelope)],
        "subject": {"mediaType": image.media_type, "digest": str(image.digest), "size": len(image.body)},
        "annotations": _annotations(signed, is_notation=is_notation),
    }
    return Manifest.parse(msgspec.json.encode(manifest), types.OCI_MANIFEST)


def _annotations(signed: Signed, *, is_notation: bool) -> Mapping[str, str]:
    created = {"org.opencontainers.image.created": signed.order.at.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if is_notation:
        thumbprints = msgspec.json.encode(signed.thumbprints).decode()
        return {**created, notation.THUMBPRINTS: thumbprints, **signed.metadata}
    return {
        **created,
        sigstore.CONTENT: "dsse-envelope",
        sigstore.PREDICATE_TYPE: sigstore.PREDICATE,
        **signed.metadata,
    }
