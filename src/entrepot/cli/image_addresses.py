"""Images as people name them to docker: `host[:port]/name[:tag][@digest]`, of a private registry in either style."""

import re
from typing import NamedTuple

from entrepot.cli.running_images import Place
from entrepot.cli.server_calls import HOST_STYLE, CallRefused, server_of

_IMAGE = re.compile(
    r"(?P<host>[^/@\s]+)/(?P<path>[a-z0-9._/-]{1,512})(?::(?P<tag>\w[\w.-]{0,127}))?(?:@(?P<digest>[a-z0-9]+:[0-9a-f]+))?",
    re.ASCII,
)
_PRIVATE = re.compile(r"(?P<account>\d{12})/(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)/(?P<name>.+)")


class Named(NamedTuple):
    """An image, or a repository where it has neither tag nor digest ('')."""

    host: str
    place: Place
    repository: str
    tag: str
    digest: str


def parse(text: str) -> Named:
    """What a text names: CallRefused."""
    found = _IMAGE.fullmatch(text)
    if found is None or found["path"].startswith("public.ecr/"):
        raise CallRefused(f"'{text[:256]}' is no image of a private registry: name it host:port/repository:tag")
    host = found["host"].lower()
    of_host = HOST_STYLE.fullmatch(server_of(host).hostname or "")
    in_path = None if of_host is not None else _PRIVATE.fullmatch(found["path"])
    place = Place()
    if of_host is not None:
        place = Place(of_host["account"], of_host["region"])
    elif in_path is not None:
        place = Place(in_path["account"], in_path["region"])
    name = found["path"] if in_path is None else in_path["name"]
    return Named(host, place, name, found["tag"] or "", found["digest"] or "")
