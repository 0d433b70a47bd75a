"""Images that run somewhere, as container engines name them: `host/path@digest`, and which of them are a registry's."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

_REFERENCE = re.compile(
    r"(?:docker-pullable://)?(?P<host>[A-Za-z0-9.-]+(?::[0-9]+)?)/(?P<path>[a-z0-9._/-]{1,512})(?::[\w.-]{1,128})?"
    r"@(?P<digest>sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})"
)
_PRIVATE = re.compile(r"(?P<account>\d{12})/(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)/(?P<name>.+)")
_PUBLIC = "public.ecr/"


class Running(NamedTuple):
    """An image where it runs; `platform` (`linux/arm64`) is '' where nobody says."""

    host: str
    path: str
    digest: str
    platform: str = ""


class Place(NamedTuple):
    """Whose registry, and where; '' for the one that a host means without saying so."""

    account: str = ""
    region: str = ""


class Held(NamedTuple):
    """An image as its registry knows it."""

    repository: str
    digest: str
    platform: str


def parse(text: str, platform: str = "") -> Running | None:
    """What an engine says of an image; None where that names no registry, or no digest."""
    found = _REFERENCE.fullmatch(text)
    return None if found is None else Running(found["host"].lower(), found["path"], found["digest"], platform)


def of_host(running: Mapping[Running, int], host: str) -> Mapping[Place, Counter[Held]]:
    """How often images of the private registries of a host run, registry by registry."""
    found: dict[Place, Counter[Held]] = {Place(): Counter()}
    for each, count in running.items():
        if each.host == host.lower() and not each.path.startswith(_PUBLIC):
            named = _PRIVATE.fullmatch(each.path)
            place = Place() if named is None else Place(named["account"], named["region"])
            name = each.path if named is None else named["name"]
            found.setdefault(place, Counter())[Held(name, each.digest, each.platform)] += count
    return found
