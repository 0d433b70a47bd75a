"""What every VEX format comes to: statements, each of one vulnerability and of products, in the order of their moments.

The minimum requirements for VEX (CISA, 2023) name these parts.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec

from entrepot.errors.vex import VexMalformed
from entrepot.spec.moments import micros

Status = Literal["not_affected", "affected", "fixed", "under_investigation"]
STATUSES: Final = frozenset({"not_affected", "affected", "fixed", "under_investigation"})
JUSTIFICATIONS: Final = frozenset(
    {
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    }
)
MOST_STATEMENTS = 10_000  # of a document
MOST_CLAIMS = 20_000  # a claim is a statement about one product
LONGEST_NAME = 1024  # characters of an identifier
LONGEST_TEXT = 2000  # characters that are kept of a text


class Product(msgspec.Struct, frozen=True):
    """An image, a package wherever it is, or a package of an image: both empty is what the document is attached to.

    `image` is a digest or a package URL of type oci; `package` a package URL.
    """

    image: str = ""
    package: str = ""


class Statement(msgspec.Struct, frozen=True):
    """What is said of one vulnerability. `said_at` in microseconds; `foreign` counts products that are neither images
    nor packages, of which a registry knows nothing.
    """

    vulnerability: str
    aliases: Sequence[str]
    products: Sequence[Product]
    status: Status
    justification: str = ""
    text: str = ""  # the impact, or what to do
    said_at: int = 0
    foreign: int = 0


class Document(msgspec.Struct, frozen=True):
    """One document; statements from the oldest, of those of one moment in the order in which they stand.

    `product` names the one product that all of it is about, where that is none that a registry knows: its packages are
    those of this product only, and somebody must say which images are it.
    """

    id: str
    author: str
    version: str
    said_at: int
    statements: Sequence[Statement]
    product: str = ""


def name_of(text: str) -> str:
    """An identifier as it is: VexMalformed for one that is too long."""
    if len(text) > LONGEST_NAME:
        raise VexMalformed(reason=f"{text[:100]!r}… has more than {LONGEST_NAME} characters")
    return text


def said_at(at: datetime) -> int:
    """A moment in microseconds: VexMalformed for one without a time zone."""
    if at.tzinfo is None:
        raise VexMalformed(reason=f"the moment {at.isoformat()} has no time zone")
    return micros(at)
