"""References: a tag or a digest (Distribution specification, "Pulling manifests")."""

import re

from entrepot.errors import TagInvalid
from entrepot.spec.digest import Digest

_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


class Tag(str):
    """A name that points at an image of its repository."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> "Tag":
        """Check the text: TagInvalid."""
        if not _TAG.fullmatch(text):
            raise TagInvalid(tag=text[:256])
        return cls(text)


Reference = Digest | Tag


def parse_reference(text: str) -> Reference:
    """A digest when the text has a colon, else a tag: DigestInvalid, TagInvalid."""
    return Digest.parse(text) if ":" in text else Tag.parse(text)
