"""Kinds of settings: each turns what a flag, a variable or a TOML file holds into a typed value, or raises ValueError.

In the environment a list is comma-separated and a flag is `true` or `false`.
"""

import math
import os
import re
from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

Network = IPv4Network | IPv6Network

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_HOST_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_UNITS = {"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SIZE = re.compile(r"(\d{1,15}) ?(|B|KiB|MiB|GiB|TiB)")
_RATE = re.compile(r"([a-z0-9-]{1,32}:)?[A-Z][A-Za-z]{1,127}=\d{1,7}(\.\d{1,3})?(/[1-9]\d{0,6})?")
_LONGEST_HOST_NAME = 253
_HIGHEST_PORT = 65_535
_MOST_PROCESSES = 1024
_MOST_TRANSFERS = 64
_LONGEST_DOWNLOAD = 3600
_LONGEST_WAIT = 30
_SHORTEST_UPDATE = 60
_UPSTREAMS = ("file", "oci", "osv", "yum")
_SERVICES = ("kinesis", "lambda", "s3", "sns", "sqs")  # AWS-compatible ones that something is sent to
_REGISTRY = re.compile(r"(?:http://)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?")


def text(raw: object) -> str:
    """Text that is not empty."""
    if not isinstance(raw, str) or not raw.strip():
        raise ValueError("expected a text")
    return raw


def path(raw: object) -> Path:
    """A path; `~` is the home directory."""
    return Path(text(str(raw) if isinstance(raw, Path) else raw)).expanduser()


def flag(raw: object) -> bool:
    """True or false."""
    if isinstance(raw, bool):
        return raw
    if raw in {"true", "false"}:
        return raw == "true"
    raise ValueError("expected true or false")


def number(raw: object, least: float) -> float:
    """A finite number of at least `least`."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        raise ValueError("expected a number")
    try:
        parsed = float(raw)
    except ValueError:
        raise ValueError("expected a number") from None
    if not math.isfinite(parsed) or parsed < least:
        raise ValueError(f"expected a number of at least {least:g}")
    return parsed


def seconds(raw: object) -> float:
    """A duration."""
    return number(raw, 0)


def download_seconds(raw: object) -> float:
    """A duration of at most an hour: nobody can take a URL back."""
    parsed = number(raw, 1)
    if parsed > _LONGEST_DOWNLOAD:
        raise ValueError(f"expected at most {_LONGEST_DOWNLOAD} seconds")
    return parsed


def wait_seconds(raw: object) -> float:
    """A duration that a client may be kept waiting."""
    parsed = number(raw, 0)
    if parsed > _LONGEST_WAIT:
        raise ValueError(f"expected at most {_LONGEST_WAIT} seconds")
    return parsed


def rate(raw: object) -> float:
    """So many a second; 0 for no limit."""
    return number(raw, 0)


def rates(raw: object) -> tuple[str, ...]:
    """`aws`, and `operation=rate` or `operation=rate/burst` for operations by their names."""
    found = tuple(items(raw))
    if wrong := [each for each in found if each != "aws" and not _RATE.fullmatch(each)]:
        raise ValueError(f"'{wrong[0]}': expected aws, or operation=rate[/burst], such as PutImage=10/20")
    return found


def ratio(raw: object) -> float:
    """From nothing to all."""
    parsed = number(raw, 0)
    if parsed > 1:
        raise ValueError("expected a number from 0 to 1")
    return parsed


def burst(raw: object) -> int:
    """How many at once."""
    return whole(raw, 1, 1_000_000)


def rest_seconds(raw: object) -> float:
    """A duration that is short enough to wait for, and no hurry."""
    return number(raw, 0.05)


def check_seconds(raw: object) -> float:
    """A duration that leaves others in peace."""
    return number(raw, 0.1)


def digest_seconds(raw: object) -> float:
    """A duration of a second or more."""
    return number(raw, 1)


def days(raw: object) -> float:
    """A duration, never zero."""
    return number(raw, 0.001)


def whole(raw: object, least: int, most: int) -> int:
    """A whole number within bounds."""
    parsed = number(raw, least)
    if parsed != int(parsed) or parsed > most:
        raise ValueError(f"expected a whole number from {least} to {most}")
    return int(parsed)


def port(raw: object) -> int:
    """A TCP port."""
    return whole(raw, 0, _HIGHEST_PORT)


def count(raw: object) -> int:
    """How many processes."""
    return whole(raw, 1, _MOST_PROCESSES)


def transfers(raw: object) -> int:
    """How many at once."""
    return whole(raw, 1, _MOST_TRANSFERS)


def cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def size(raw: object) -> int:
    """Bytes: a number, or a number with a binary unit."""
    if isinstance(raw, int) and not isinstance(raw, bool) and raw >= 0:
        return raw
    found = _SIZE.fullmatch(raw.strip()) if isinstance(raw, str) else None
    if found is None:
        raise ValueError("expected bytes, or a number with KiB, MiB, GiB or TiB")
    return int(found[1]) * _UNITS[found[2]]


def one_of(*words: str) -> Callable[[object], str]:
    """One of these words."""

    def parse(raw: object) -> str:
        if raw not in words or not isinstance(raw, str):
            raise ValueError(f"expected one of {', '.join(words)}")
        return raw

    return parse


def items(raw: object) -> list[str]:
    """A list of texts, or one text with commas."""
    if isinstance(raw, str):
        return [item.strip() for item in raw.split(",") if item.strip()]
    if isinstance(raw, list | tuple) and all(isinstance(item, str) for item in raw):
        return list(raw)
    raise ValueError("expected a list of texts")


def account(raw: object) -> str:
    """An account id."""
    if not isinstance(raw, str) or re.fullmatch(r"[0-9]{12}", raw) is None:
        raise ValueError("expected 12 digits")
    return raw


def key_id(raw: object) -> str:
    """An access key id; what a signature's credential can carry."""
    if not isinstance(raw, str) or re.fullmatch(r"[\w.-]{1,128}", raw, re.ASCII) is None:
        raise ValueError("expected up to 128 letters, digits or one of _ . -")
    return raw


def region(raw: str) -> str:
    """A region's name."""
    if _REGION.fullmatch(raw) is None:
        raise ValueError(f"'{raw}' is not a region's name, such as eu-central-1")
    return raw


def regions(raw: object) -> tuple[str, ...]:
    """At least one region, none twice."""
    parsed = tuple(region(item) for item in items(raw))
    if not parsed or len(set(parsed)) < len(parsed):
        raise ValueError("expected one region or more, none twice")
    return parsed


def host_name(raw: object) -> str:
    """A DNS name, in lower case, without a port."""
    name = text(raw).lower().rstrip(".")
    if len(name) > _LONGEST_HOST_NAME or not all(_HOST_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(f"'{name}' is not a host name")
    return name


def aliases(raw: object) -> tuple[tuple[str, str], ...]:
    """(host name, `account/region`) pairs."""
    return tuple(_alias(item) for item in items(raw))


def _alias(item: str) -> tuple[str, str]:
    host, _, registry = item.partition("=")
    owner, _, place = registry.partition("/")
    try:
        return host_name(host), f"{account(owner)}/{region(place)}"
    except ValueError as fault:
        raise ValueError(f"'{item}': expected host=account/region ({fault})") from None


def token_services(raw: object) -> tuple[tuple[str, str], ...]:
    """(registry's host name, host name of a token service) pairs."""
    return tuple(_token_service(item) for item in items(raw))


def _token_service(item: str) -> tuple[str, str]:
    registry, _, host = item.partition("=")
    try:
        return host_name(registry), host_name(host)
    except ValueError as fault:
        raise ValueError(f"'{item}': expected registry=host ({fault})") from None


def url(raw: object) -> str:
    """Scheme, host and perhaps port; nothing after it."""
    parts = urlsplit(text(raw))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("expected http://host[:port] or https://host[:port] and nothing after it")
    return f"{parts.scheme}://{parts.netloc}"


def base_url(raw: object) -> str:
    """An URL that others are below: scheme, host, perhaps port and path."""
    parts = urlsplit(text(raw))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("expected http://host[:port][/path] or https://host[:port][/path] and nothing after it")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def endpoints(raw: object) -> tuple[tuple[str, str], ...]:
    """(AWS service, URL of its endpoint) pairs, no service twice."""
    found = tuple(_endpoint(item) for item in items(raw))
    if len({service for service, _ in found}) < len(found):
        raise ValueError("expected no service twice")
    return found


def _endpoint(item: str) -> tuple[str, str]:
    service, _, address = item.partition("=")
    if service not in _SERVICES:
        raise ValueError(f"'{item}': expected service=url, for one of {', '.join(_SERVICES)}")
    return service, url(address)


def upstreams(raw: object) -> tuple[tuple[str, str], ...]:
    """(kind, where) pairs of who tells of vulnerabilities; ("public", "") for the public ones."""
    return tuple(_upstream(item) for item in items(raw))


def _upstream(item: str) -> tuple[str, str]:
    kind, _, place = item.partition("=")
    if item == "public":
        return item, ""
    if kind not in _UPSTREAMS or not place or (kind != "oci" and not place.startswith(("http://", "https://"))):
        raise ValueError(f"'{item}': expected public, or kind=url, for one of {', '.join(_UPSTREAMS)}")
    return kind, place


def registries(raw: object) -> tuple[str, ...]:
    """Hosts of registries with their ports, `http://` before those that are spoken to without TLS."""
    return tuple(_registry(item) for item in items(raw))


def _registry(item: str) -> str:
    if not _REGISTRY.fullmatch(found := item.removeprefix("https://").lower()):
        raise ValueError(f"'{item}': expected host or host:port, with http:// before it where it is without TLS")
    return found


def paths(raw: object) -> tuple[Path, ...]:
    """Paths."""
    return tuple(path(item) for item in items(raw))


def update_seconds(raw: object) -> float:
    """A duration of a minute or more, or none."""
    parsed = number(raw, 0)
    if 0 < parsed < _SHORTEST_UPDATE:
        raise ValueError(f"expected 0, or at least {_SHORTEST_UPDATE} seconds")
    return parsed


def database(raw: object) -> str:
    """The address of a PostgreSQL database."""
    parts = urlsplit(text(raw))
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ValueError("expected postgresql://user:password@host/database; leave it out for SQLite")
    return parts._replace(scheme="postgresql").geturl()


def networks(raw: object) -> tuple[Network, ...]:
    """Addresses and ranges."""
    return tuple(ip_network(item, strict=False) for item in items(raw))


def destinations(raw: object) -> tuple[str | Network, ...]:
    """Host names, addresses and ranges."""
    return tuple(_destination(item) for item in items(raw))


def _destination(item: str) -> str | Network:
    try:
        return ip_network(item, strict=False)
    except ValueError:
        return host_name(item)
