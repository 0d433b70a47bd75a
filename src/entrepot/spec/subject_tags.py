"""Tags by which clients that know no subjects say what a manifest is about: which image, and what it is of that.

https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md , "Storage": signatures, attestations and SBOMs of
cosign 2.
"""

import re
from collections.abc import Iterable
from typing import Final

_KINDS: Final = ("sig", "att", "sbom")
_TAG: Final = re.compile(rf"sha256-([0-9a-f]{{64}})\.(?:{'|'.join(_KINDS)})")


def tags_of(digest: str) -> tuple[str, str, str]:
    """The tags of what is about a manifest: its signatures, its attestations, its SBOM."""
    named = digest.replace(":", "-")
    return f"{named}.{_KINDS[0]}", f"{named}.{_KINDS[1]}", f"{named}.{_KINDS[2]}"


def signatures_of(digest: str) -> str:
    """The tag of a manifest's signatures."""
    return tags_of(digest)[0]


def subject_of(tag: str) -> str:
    """The digest of what a tag says its manifest to be about; '' of any other tag."""
    found = _TAG.fullmatch(tag)
    return "" if found is None else f"sha256:{found[1]}"


def shared_subject(tags: Iterable[str]) -> str:
    """The one digest that all tags of a manifest say it to be about; '' where one does not, or there is none."""
    named = {subject_of(each) for each in tags}
    return named.pop() if len(named) == 1 else ""
