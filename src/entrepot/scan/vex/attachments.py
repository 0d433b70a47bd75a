"""Documents that are attached to images: bare, or the predicates of statements, in whatever these are wrapped in."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex.decoding import decoded
from entrepot.scan.vex.envelopes import Statement, is_wrapping
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
_PREDICATE_TYPE: Final = "in-toto.io/predicate-type"
_COSIGN_PREDICATE_TYPE: Final = "predicateType"
_BUNDLE_PREDICATE_TYPE: Final = "dev.sigstore.bundle.predicateType"


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
        elif is_wrapping(layer.media_type) and _predicate_type(manifest, layer).startswith(_PREDICATES):
            found.append(Attached(layer, wrapped=True))
    return found


def may_be_vex(manifest: Manifest) -> bool:
    """Whether an artifact says that it holds such documents."""
    return bool(vex_layers(manifest))


def unwrapped(payload: bytes, subject: str, *, named: bool = False) -> bytes:
    """The document in a statement about this image: VexMalformed. `named`: it must say that it is."""
    statement: Statement = decoded(payload, Statement)
    if not statement.predicate_type.startswith(_PREDICATES):
        raise VexMalformed(reason=f"its predicate is of type {statement.predicate_type[:100]!r}")
    digests = statement.digests
    if subject not in digests and (digests or named):
        told = repr(min(digests)[:100]) if digests else "nothing"
        raise VexMalformed(reason=f"its statement is about {told}, and not about {subject}")
    return bytes(statement.predicate)


def _predicate_type(manifest: Manifest, layer: Descriptor) -> str:
    told = {**(manifest.annotations or {}), **(layer.annotations or {})}
    keys = (_PREDICATE_TYPE, _COSIGN_PREDICATE_TYPE, _BUNDLE_PREDICATE_TYPE)
    return next((told[key] for key in keys if key in told), "")
