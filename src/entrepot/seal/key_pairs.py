"""Key pairs that sign: RSA (RFC 8017) and ECDSA (FIPS 186-5), private keys as PKCS #8, public ones as
SubjectPublicKeyInfo, both in DER; signatures of ECDSA in DER.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

_EXPONENT = 65537
_BITS: Mapping[str, int] = {"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
_CURVES: Mapping[str, tuple[type[ec.EllipticCurve], str]] = {
    "ECC_NIST_P256": (ec.SECP256R1, "ECDSA_SHA_256"),
    "ECC_NIST_P384": (ec.SECP384R1, "ECDSA_SHA_384"),
    "ECC_NIST_P521": (ec.SECP521R1, "ECDSA_SHA_512"),
    "ECC_SECG_P256K1": (ec.SECP256K1, "ECDSA_SHA_256"),
}
_RSA = tuple(f"RSASSA_{way}_SHA_{bits}" for way in ("PKCS1_V1_5", "PSS") for bits in (256, 384, 512))
_HASHES: Mapping[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
ALGORITHMS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_BITS, _RSA),
    **{name: (algorithm,) for name, (_, algorithm) in _CURVES.items()},
}


@dataclass(frozen=True, slots=True)
class Pair:
    """A private key and its public half."""

    private: bytes = field(repr=False)
    public: bytes


def digest_bytes(algorithm: str) -> int:
    """How long the digests are that an algorithm signs."""
    return _hash(algorithm).digest_size


def new_pair(spec: str) -> Pair:
    """A fresh pair of one of `ALGORITHMS`; one of RSA takes a tenth of a second, or several."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if spec in _BITS:
        key = rsa.generate_private_key(_EXPONENT, _BITS[spec])
    else:
        key = ec.generate_private_key(_CURVES[spec][0]())
    der = serialization.Encoding.DER
    private = key.private_bytes(der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Pair(private, key.public_key().public_bytes(der, serialization.PublicFormat.SubjectPublicKeyInfo))


def sign(private: bytes, algorithm: str, message: bytes, *, digest: bool) -> bytes:
    """The signature of a message, or of one whose `digest` it is."""
    key, how = serialization.load_der_private_key(private, password=None), _how(algorithm, digest=digest)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, _padding(algorithm), how)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(how))
    raise TypeError("not a key that signs here")


def verifies(public: bytes, algorithm: str, message: bytes, signature: bytes, *, digest: bool) -> bool:
    """Whether the key's private half signed exactly this."""
    key, how = serialization.load_der_public_key(public), _how(algorithm, digest=digest)
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, _padding(algorithm), how)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(how))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def fits(public: bytes, spec: str) -> bool:
    """Whether this is the public half of a pair of a kind."""
    try:
        key = serialization.load_der_public_key(public)
    except (ValueError, UnsupportedAlgorithm):
        return False
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size == _BITS.get(spec)
    return isinstance(key, ec.EllipticCurvePublicKey) and spec in _CURVES and isinstance(key.curve, _CURVES[spec][0])


def _hash(algorithm: str) -> hashes.HashAlgorithm:
    return _HASHES[algorithm.rpartition("_")[2]]


def _how(algorithm: str, *, digest: bool) -> hashes.HashAlgorithm | Prehashed:
    return Prehashed(_hash(algorithm)) if digest else _hash(algorithm)


def _padding(algorithm: str) -> padding.AsymmetricPadding:
    if "_PSS_" in algorithm:
        return padding.PSS(padding.MGF1(_hash(algorithm)), _hash(algorithm).digest_size)
    return padding.PKCS1v15()
