"""What a document is about and what it is told by; identities that follow from the content alone.

The same subject with the same content makes the same document, byte for byte: the caller gives the moment.
"""

import re
import uuid
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

import msgspec

from entrepot.spec.moments import moment

TOOL: Final = "entrepot"
_UNNAMED: Final = re.compile(r"[^a-z0-9._-]+")
_ENCODE: Final = msgspec.json.Encoder(order="deterministic").encode


class Subject(msgspec.Struct, frozen=True):
    """An image, or a file that holds one."""

    name: str  # as a person calls it: `registry.example/app:v1`, `app.tar`
    digest: str  # of its manifest; empty where there is none
    at: int  # microseconds: the moment that the document names
    version: str  # of this program

    @property
    def reference(self) -> str:
        """What other parts of a document call it: its package URL where it is in a registry."""
        if not self.digest:
            return f"file:{_UNNAMED.sub('-', self.name.lower())}"
        return f"pkg:oci/{self.short_name}@{self.digest.replace(':', '%3A')}"

    @property
    def short_name(self) -> str:
        """The last part of its name, without a tag."""
        last = self.name.rpartition("/")[2].partition("@")[0].partition(":")[0]
        return _UNNAMED.sub("-", last.lower()).strip("-") or "image"

    @property
    def moment(self) -> str:
        """RFC 3339, in seconds."""
        return f"{moment(self.at):%Y-%m-%dT%H:%M:%SZ}"


def identity(document: Mapping[str, object]) -> uuid.UUID:
    """A UUID (version 5) of a document that does not yet name one."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{TOOL}:{sha256(_ENCODE(document)).hexdigest()}")


def encoded(document: Mapping[str, object]) -> bytes:
    """JSON, in the order in which the document was written."""
    return msgspec.json.encode(document)
