"""Documents that are attached to images: bare, in in-toto statements, in DSSE envelopes, in Sigstore bundles.

https://github.com/in-toto/attestation/blob/main/spec/v1 , https://github.com/secure-systems-lab/dsse ; signatures are
not looked at: who may push to the repository is whom it believes.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex.openvex import CONTEXT
from entrepot.spec.manifest import Descriptor, Manifest

MOST_BYTES: Final = 4 * 1024 * 1024  # of a document
BARE: Final = frozenset(
    {
        "application/vnd.openvex+json",
        "application/openvex+json",
        "text/vex",
        "application/csaf+json",
        "application/vnd.cyclonedx+json",
        "application/vnd.cyclonedx.vex+json",
    }
)
_PREDICATES: Final = (
    CONTEXT,
    "https://cyclonedx.org/bom",
    "https://cyclonedx.org/vex",
    "https://docs.oasis-open.org/csaf/",
)
_WRAPPED: Final = frozenset({"application/vnd.in-toto+json", "application/vnd.dsse.envelope.v1+json"})
_BUNDLE: Final = "application/vnd.dev.sigstore.bundle"
_PREDICATE_TYPE: Final = "in-toto.io/predicate-type"
_COSIGN_PREDICATE_TYPE: Final = "predicateType"
_BUNDLE_PREDICATE_TYPE: Final = "dev.sigstore.bundle.predicateType"


class _Subject(msgspec.Struct):
    digest: Mapping[str, str] = {}


class _Statement(msgspec.Struct, rename="camel"):
    predicate_type: str
    predicate: msgspec.Raw
    subject: Sequence[_Subject] = ()


class _Envelope(msgspec.Struct, rename="camel"):
    payload: str


class _Bundle(msgspec.Struct, rename="camel"):
    dsse_envelope: _Envelope


class Attached(NamedTuple):
    """A layer that holds a document, and whether it is wrapped."""

    layer: Descriptor
    wrapped: bool


def vex_layers(manifest: Manifest) -> Sequence[Attached]:
    """The layers of an artifact that hold VEX documents, or CycloneDX's that may be SBOMs, as far as it says."""
    found = []
    for layer in manifest.layers:
        if layer.media_type in BARE or (manifest.artifact_type in BARE and layer.media_type.endswith("json")):
            found.append(Attached(layer, wrapped=False))
        elif _is_wrapped(layer.media_type) and _predicate_type(manifest, layer).startswith(_PREDICATES):
            found.append(Attached(layer, wrapped=True))
    return found


def may_be_vex(manifest: Manifest) -> bool:
    """Whether an artifact says that it holds such documents."""
    return bool(vex_layers(manifest))


def unwrapped(data: bytes, subject: str) -> bytes:
    """The document in a statement about this image, whatever it is wrapped in: VexMalformed."""
    statement = _decoded(_payload(data), _Statement)
    if not statement.predicate_type.startswith(_PREDICATES):
        raise VexMalformed(reason=f"its predicate is of type {statement.predicate_type[:100]!r}")
    named = {f"{algorithm}:{digits}" for each in statement.subject for algorithm, digits in each.digest.items()}
    if named and subject not in named:
        raise VexMalformed(reason=f"its statement is about {min(named)[:100]!r}, and not about {subject}")
    return bytes(statement.predicate)


def _payload(data: bytes) -> bytes:
    found = _decoded(data, dict[str, Any])
    if "dsseEnvelope" in found:
        return _unpacked(_decoded(data, _Bundle).dsse_envelope)
    return _unpacked(_decoded(data, _Envelope)) if "payload" in found else data


def _unpacked(envelope: _Envelope) -> bytes:
    try:
        return base64.b64decode(envelope.payload, validate=True)
    except (binascii.Error, ValueError):
        raise VexMalformed(reason="the payload of its envelope is no base64") from None


def _decoded(data: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise VexMalformed(reason=str(fault)) from None


def _is_wrapped(media_type: str) -> bool:
    return media_type in _WRAPPED or media_type.startswith(_BUNDLE)


def _predicate_type(manifest: Manifest, layer: Descriptor) -> str:
    told = {**(manifest.annotations or {}), **(layer.annotations or {})}
    keys = (_PREDICATE_TYPE, _COSIGN_PREDICATE_TYPE, _BUNDLE_PREDICATE_TYPE)
    return next((told[key] for key in keys if key in told), "")
