"""Whether a package URL means a package: what it leaves out is open, what it says must be so.

https://github.com/package-url/purl-spec ; the rule is OpenVEX's ("Software identifiers").
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from packageurl import PackageURL

from entrepot.scan.vex.statements import Product, name_of

_REMEMBERED = 16_384
_IMAGES = frozenset({"oci", "docker"})
_HASHES = {"sha-256": "sha256", "sha256": "sha256", "sha-512": "sha512", "sha512": "sha512"}


@lru_cache(_REMEMBERED)
def parsed(text: str) -> PackageURL | None:
    """A package URL, None for what is none."""
    try:
        return PackageURL.from_string(text)
    except ValueError:
        return None


def is_image(url: PackageURL) -> bool:
    """Whether it names a container image, and no package."""
    return url.type in _IMAGES


def identified(urls: Iterable[str], hashes: Mapping[str, str], address: str) -> Product | None:
    """The package or the image that something names by package URLs, hashes by their algorithm, or an address that ends
    with a digest; None for what is neither.
    """
    for text in urls:
        url = parsed(name_of(text)) if text.startswith("pkg:") else None
        if url is not None:
            return Product(image=text) if is_image(url) else Product(package=text)
    told = [f"{_HASHES.get(name.lower(), '')}:{digits.lower()}" for name, digits in hashes.items()]
    digests = [each for each in (*told, address.rpartition("@")[2].lower()) if is_digest(each)]
    return Product(image=digests[0]) if digests else None


def means_package(said: PackageURL, package: PackageURL) -> bool:
    """Whether a URL means a package; one of a distribution's source package (`arch=source`) all that is built of it."""
    if _qualifiers(said).get("arch") == "source":
        return _means_source(said, package)
    return (
        (said.type, said.namespace, said.name) == (package.type, package.namespace, package.name)
        and (not said.version or said.version == package.version)
        and _holds(said, package, frozenset())
        and (not said.subpath or said.subpath == package.subpath)
    )


def means_image(said: PackageURL, repository: str, digests: frozenset[str]) -> bool:
    """Whether an image's URL means the image of a repository that has these digests (its own, and its indexes').

    The registry in `repository_url` is not compared: the same image has another address in each.
    """
    name = repository.rpartition("/")[2].lower()
    if said.name.lower() != name or (said.version and said.version.lower() not in digests):
        return False
    path = _qualifiers(said).get("repository_url", "").rstrip("/").lower()
    return not path or f"/{path}".endswith((f"/{repository}", f"/{name}"))


def is_digest(text: str) -> bool:
    """Whether a text is the digest of an image."""
    algorithm, _, digits = text.partition(":")
    length = {"sha256": 64, "sha512": 128}.get(algorithm, 0)
    return len(digits) == length > 0 and all(each in "0123456789abcdef" for each in digits)


def _means_source(said: PackageURL, package: PackageURL) -> bool:
    source, _, version = _qualifiers(package).get("upstream", "").partition("@")
    return (
        (said.type, said.namespace, said.name) == (package.type, package.namespace, source or package.name)
        and (not said.version or said.version == (version or package.version))
        and _holds(said, package, frozenset({"arch"}))
    )


def _holds(said: PackageURL, package: PackageURL, without: frozenset[str]) -> bool:
    known = _qualifiers(package)
    return all(known.get(key) == value for key, value in _qualifiers(said).items() if key not in without)


def _qualifiers(url: PackageURL) -> dict[str, str]:
    found: dict[str, str] | str = url.qualifiers
    return found if isinstance(found, dict) else {}
