"""The packages of an image as parts of a document: each once, with a name that the document knows it by."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from entrepot.scan.merging import Image, Located
from entrepot.scan.packages import Package
from entrepot.scan.purl import purl

_GROUPED = {"maven": ":", "golang": "/", "npm": "/", "composer": "/"}
_OWN = "licenseref-"  # licences that a document would have to bring along


class Component(msgspec.Struct, frozen=True):
    """A package; `reference` is no other's in the document."""

    located: Located
    purl: str
    reference: str

    @property
    def package(self) -> Package:
        """What it is."""
        return self.located.package


def components(image: Image) -> Sequence[Component]:
    """Those of an image, in its order; what is the same in everything that a document tells stands once."""
    told = dict.fromkeys(image.packages)
    names: dict[str, int] = {}
    made = []
    for located in told:
        url = purl(located.package, image.release)
        count = names[url] = names.get(url, 0) + 1
        made.append(Component(located, url, url if count == 1 else f"{url}#{count}"))
    return made


def references(made: Sequence[Component]) -> dict[Located, str]:
    """What a document calls each package."""
    return {each.located: each.reference for each in made}


def group_and_name(package: Package) -> tuple[str, str]:
    """The parts of a name where its ecosystem has two: a Maven group, a scope of npm, a vendor of Composer."""
    group, _, name = package.name.rpartition(_GROUPED.get(package.type, "\0"))
    return group, name


def epoch_and_release(version: str) -> tuple[str, str, str]:
    """The epoch, the version of upstream and the release of a deb or an rpm."""
    epoch, _, rest = version.rpartition(":")
    upstream, _, release = rest.rpartition("-")
    return (epoch, upstream, release) if upstream else (epoch, release, "")


@lru_cache(maxsize=4096)
def expression(licence: str) -> str:
    """The licence as an expression of SPDX identifiers, or nothing: most packages name it in words of their own."""
    if not licence or _OWN in licence.lower():
        return ""
    try:
        return str(canonicalize_license_expression(licence))
    except InvalidLicenseExpression:
        return ""


def unread(image: Image) -> Iterator[str]:
    """What was not seen, a sentence for each file."""
    for each in image.unread:
        yield f"{each.path} could not be read: {each.reason}"
