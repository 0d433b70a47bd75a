"""The public keys of an identity provider (RFC 7517), for verifying signatures and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from entrepot.spec import strict_json

RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
CURVES = {"P-256": "ES256", "P-384": "ES384"}
ALGORITHMS = (*RSA, *CURVES.values())
MOST_KEYS = 100
_LEAST_RSA_BITS = 2048
_MOST_RSA_BITS = 8192
_DEEPEST = 6


class SigningKeys:
    """A provider's keys: immutable. What cannot verify a signature here is left out."""

    def __init__(self, keys: Sequence[Mapping[str, Any]]) -> None:
        self._keys: dict[tuple[str, str], list[jwt.PyJWK]] = {}
        for key_id, key in (found for each in keys[:MOST_KEYS] for found in _usable(each)):
            self._keys.setdefault((key_id, key.algorithm_name), []).append(key)

    def having(self, key_id: str | None, algorithm: str) -> Sequence[jwt.PyJWK]:
        """The keys of this id for this algorithm; without an id the only key there is for it."""
        if key_id is not None:
            return self._keys.get((key_id, algorithm), ())
        found = [key for (_, name), keys in self._keys.items() for key in keys if name == algorithm]
        return found if len(found) == 1 else ()


class NoKeySet(ValueError):
    """A document that is no set of keys."""


def read(document: bytes) -> SigningKeys:
    """The keys of a JWK set: NoKeySet for what is none."""
    try:
        found = strict_json.decode(document.decode(), _DEEPEST)
    except ValueError:
        raise NoKeySet("it is no JSON") from None
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list):
        raise NoKeySet("it holds no list of keys")
    return SigningKeys([key for key in keys if isinstance(key, dict)])


def _usable(key: Mapping[str, Any]) -> Iterator[tuple[str, jwt.PyJWK]]:
    """(id, key for one algorithm), for each algorithm that the key is for."""
    key_id, uses = key.get("kid", ""), key.get("key_ops", ["verify"])
    if key.get("use", "sig") != "sig" or not isinstance(key_id, str) or uses != ["verify"]:
        return
    public = {name: value for name, value in key.items() if name in {"kty", "n", "e", "crv", "x", "y"}}
    for algorithm in _algorithms(key):
        try:
            made = jwt.PyJWK(public, algorithm)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            return
        if isinstance(made.key, RSAPublicKey) and not _LEAST_RSA_BITS <= made.key.key_size <= _MOST_RSA_BITS:
            return
        yield key_id, made


def _algorithms(key: Mapping[str, Any]) -> Sequence[str]:
    """What the kind of the key allows, and its own `alg` where it says one."""
    kind, curve, own = key.get("kty"), key.get("crv"), key.get("alg")
    fitting: Sequence[str] = ()
    if kind == "RSA":
        fitting = RSA
    elif kind == "EC" and isinstance(curve, str) and curve in CURVES:
        fitting = (CURVES[curve],)
    return fitting if own is None else [each for each in fitting if each == own]
