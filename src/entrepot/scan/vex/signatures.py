"""What signs a manifest, as cosign has it: payloads of "simple signing" whose signatures are annotations, and bundles.

https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md . By public keys only: certificates are not looked
at, nor transparency logs.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex.decoding import decoded
from entrepot.scan.vex.envelopes import Signed, Statement, base64_of, is_wrapping, opened
from entrepot.spec.manifest import Descriptor, Manifest

MOST_BYTES: Final = 128 * 1024  # of a payload
_SIMPLE: Final = "application/vnd.dev.cosign.simplesigning.v1+json"
_ANNOTATION: Final = "dev.cosignproject.cosign/signature"
_TYPE: Final = "cosign container image signature"
_PREDICATE: Final = "https://sigstore.dev/cosign/sign/v1"


class SignatureLayer(NamedTuple):
    """A layer that holds what was signed, and the signature where that stands beside it."""

    layer: Descriptor
    signature: str


class _Image(msgspec.Struct):
    digest: str = msgspec.field(name="docker-manifest-digest")


class _Critical(msgspec.Struct):
    image: _Image
    type: str


class _Payload(msgspec.Struct):
    critical: _Critical


def signature_layers(manifest: Manifest) -> Sequence[SignatureLayer]:
    """The layers of an artifact that may be signatures."""
    found = []
    for layer in manifest.layers:
        if layer.media_type == _SIMPLE:
            found.append(SignatureLayer(layer, (layer.annotations or {}).get(_ANNOTATION, "")))
        elif is_wrapping(layer.media_type):
            found.append(SignatureLayer(layer, ""))
    return found


def signed(of: SignatureLayer, data: bytes, digest: str) -> Signed | None:
    """What was signed, where that is about the manifest of this digest: VexMalformed."""
    if of.layer.media_type == _SIMPLE:
        told: _Critical = decoded(data, _Payload).critical
        if told.image.digest != digest or told.type != _TYPE:
            return None
        return Signed(data, [base64_of(of.signature, "a signature")])
    inside = opened(data)
    statement: Statement = decoded(inside.payload, Statement)
    return inside.signed if statement.predicate_type == _PREDICATE and digest in statement.digests else None


def all_signed(layers: Sequence[tuple[SignatureLayer, bytes]], digest: str) -> Sequence[Signed]:
    """What was signed about a manifest in all of these; what is none of it is left out."""
    found = []
    for each, data in layers:
        try:
            one = signed(each, data, digest)
        except VexMalformed:
            continue
        if one is not None:
            found.append(one)
    return found
