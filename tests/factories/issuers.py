"""An OpenID Connect provider for tests: keys of its own, a discovery document, tokens as a test words them."""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.factories.origins import Origin, body, origin

AUDIENCE = "sts.amazonaws.com"
DISCOVERY = "/.well-known/openid-configuration"
KEYS = "/keys"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def encoded(content: bytes) -> str:
    """Base64 as JSON web tokens have it."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def segment(part: Mapping[str, Any]) -> str:
    """A header or claims as a part of a token."""
    return encoded(json.dumps(part).encode())


def signature(key: PrivateKey, algorithm: str, signed: bytes) -> bytes:
    """RFC 7518's signature of some bytes."""
    digest = _HASHES[algorithm[2:]]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.curve.key_size + 7) // 8
        pair = decode_dss_signature(key.sign(signed, ec.ECDSA(digest)))
        return b"".join(number.to_bytes(size, "big") for number in pair)
    if algorithm.startswith("PS"):
        return key.sign(signed, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    return key.sign(signed, padding.PKCS1v15(), digest)


def token(key: PrivateKey, claims: Mapping[str, Any], **header: Any) -> str:
    """A token with these claims; `header` says `alg` and more."""
    signed = f"{segment({'typ': 'JWT', **header})}.{segment(claims)}"
    return f"{signed}.{encoded(signature(key, header['alg'], signed.encode()))}"


def public(key: PrivateKey, **more: Any) -> dict[str, Any]:
    """The JWK of a key's public half."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        curve = {256: "P-256", 384: "P-384", 521: "P-521"}[key.curve.key_size]
        point, size = key.public_key().public_numbers(), (key.curve.key_size + 7) // 8
        x, y = (encoded(number.to_bytes(size, "big")) for number in (point.x, point.y))
        return {"kty": "EC", "crv": curve, "x": x, "y": y, **more}
    numbers = key.public_key().public_numbers()
    n, e = (encoded(value.to_bytes((value.bit_length() + 7) // 8, "big")) for value in (numbers.n, numbers.e))
    return {"kty": "RSA", "n": n, "e": e, **more}


class Issuer:
    """A provider at an origin; its `keys` by id."""

    def __init__(self, at: Origin, path: str = "") -> None:
        self.origin = at
        self.url = at.url(path)
        self.name = self.url.removeprefix("https://")
        self.keys: dict[str, PrivateKey] = {}
        self.rotate("k1")
        self.discovery = path.rstrip("/") + DISCOVERY
        self.describe()

    def describe(self, **other: Any) -> None:
        """Publish a discovery document, which says the truth unless a test says otherwise."""
        document = {"issuer": self.url, "jwks_uri": self.origin.url(KEYS), **other}
        self.origin.answers[self.discovery] = body(json.dumps(document).encode())

    def rotate(self, key_id: str, key: PrivateKey | None = None) -> None:
        """Sign with this key from now on, and publish no other."""
        self.key_id = key_id
        self.keys = {key_id: key or ec.generate_private_key(ec.SECP256R1())}
        published = [public(each, kid=name) for name, each in self.keys.items()]
        self.origin.answers[KEYS] = body(json.dumps({"keys": published}).encode())

    def claims(self, **claims: Any) -> dict[str, Any]:
        """What a token says unless a test says otherwise; None leaves a claim out."""
        now = int(time.time())
        said = {
            "iss": self.url,
            "sub": "repo:team/app:ref:refs/heads/main",
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 600,
        }
        return {name: value for name, value in {**said, **claims}.items() if value is not None}

    def token(self, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """A token of the present key."""
        return token(
            self.keys[self.key_id], self.claims(**claims), **{"alg": "ES256", "kid": self.key_id, **(header or {})}
        )


@contextmanager
def issuer(folder: Path, path: str = "") -> Iterator[Issuer]:
    """A provider on loopback, over TLS by the authority of `folder`."""
    with origin(folder) as at:
        yield Issuer(at, path)
