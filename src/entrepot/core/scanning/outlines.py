"""What an image is, without its packages: what a scan says of it as a whole is made of that, and of what is known."""

from collections.abc import Sequence

import msgspec

from entrepot.scan.distributions import distribution
from entrepot.scan.matching import unasked
from entrepot.scan.merging import Database, Image, Unread
from entrepot.scan.names import ECOSYSTEMS
from entrepot.scan.packages import Release

_SYSTEM = frozenset({"deb", "apk", "rpm"})


class Outline(msgspec.Struct, frozen=True, array_like=True):
    """Of one image."""

    release: Release | None
    databases: Sequence[Database]
    languages: Sequence[str]  # the ecosystems of packages that are not of the system, in order
    foreign: int  # how many packages of package managers nobody is asked about
    first_foreign: str  # type/name of one of them
    unread: int  # how many files could not be read
    first_unread: Unread | None

    @property
    def is_supported(self) -> bool:
        """Whether somebody tells of the system's packages, and it says which they are."""
        return bool(self.databases) and self.release is not None and distribution(self.release) is not None

    @property
    def ecosystems(self) -> Sequence[str]:
        """Where the packages of its system are told of."""
        system = None if self.release is None else distribution(self.release)
        return () if system is None else system.ecosystems


def outline(image: Image) -> Outline:
    """That of an image."""
    kinds = {each.package.type for each in image.packages} - _SYSTEM
    foreign = unasked(image)
    first = foreign[0].package if foreign else None
    return Outline(
        image.release,
        image.databases,
        sorted({ECOSYSTEMS[kind] for kind in kinds if kind in ECOSYSTEMS}),
        len(foreign),
        f"{first.type}/{first.name}" if first else "",
        len(image.unread),
        image.unread[0] if image.unread else None,
    )
