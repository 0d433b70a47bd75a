"""In which forms images are signed here: AWS's own for containers, and that of cosign, which AWS has not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from entrepot.errors import SigningPlatformNotFound
from entrepot.spec import notation, sigstore

NOTATION: Final = "Notation-OCI-SHA384-ECDSA"
COSIGN: Final = "Cosign-OCI-SHA256-ECDSA"


@dataclass(frozen=True, slots=True)
class Platform:
    """A form of signatures: which keys make them, in whose words (`spec`, `algorithm` of KMS), over which payloads."""

    id: str
    name: str
    partner: str
    target: str
    spec: str
    algorithm: str
    hash: str
    payload: str
    image_format: str


ALL: Final[Mapping[str, Platform]] = {
    COSIGN: Platform(
        COSIGN,
        "Cosign for container registries",
        "Sigstore",
        "Cosign",
        "ECC_NIST_P256",
        "ECDSA_SHA_256",
        "SHA256",
        sigstore.STATEMENT,
        "JSONDetached",
    ),
    NOTATION: Platform(
        NOTATION,
        "Notation for container registries",
        "NotaryProject",
        "Notation",
        "ECC_NIST_P384",
        "ECDSA_SHA_384",
        "SHA384",
        notation.PAYLOAD,
        "JSONEmbedded",
    ),
}


def name_of(platform_id: str) -> str:
    """What the platform of a profile that there is, is called."""
    return ALL[platform_id].name


def get(platform_id: str) -> Platform:
    """The platform of an id: SigningPlatformNotFound."""
    found = ALL.get(platform_id)
    if found is None:
        raise SigningPlatformNotFound(platform=platform_id[:128], known=" and ".join(ALL))
    return found
