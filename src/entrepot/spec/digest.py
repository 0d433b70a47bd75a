"""Digests: `algorithm:hex` (OCI image specification, descriptor.md "Digests")."""

import hashlib
from typing import Protocol

from entrepot.errors import DigestInvalid

_HEX_LENGTHS = {"sha256": 64, "sha512": 128}
ALGORITHMS = tuple(_HEX_LENGTHS)
_HEX = frozenset("0123456789abcdef")


class Hash(Protocol):
    """A running digest."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""

    def hexdigest(self) -> str:
        """The digest so far, in lower-case hex."""


class Digest(str):
    """A digest of a supported algorithm; make one with `parse` or `of`, or directly from a row."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Check the text: DigestInvalid."""
        algorithm, _, encoded = text.partition(":")
        if len(encoded) != _HEX_LENGTHS.get(algorithm) or not _HEX.issuperset(encoded):
            raise DigestInvalid(digest=text[:256])
        return cls(text)

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> "Digest":
        """The digest of some bytes."""
        return cls(f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}")

    @property
    def algorithm(self) -> str:
        """`sha256` or `sha512`."""
        return self.partition(":")[0]

    @property
    def hex(self) -> str:
        """The encoded part."""
        return self.partition(":")[2]


def hasher(algorithm: str) -> Hash:
    """A new running digest of a supported algorithm: DigestInvalid."""
    if algorithm not in _HEX_LENGTHS:
        raise DigestInvalid(digest=f"{algorithm}:")
    return hashlib.sha256() if algorithm == "sha256" else hashlib.sha512()
