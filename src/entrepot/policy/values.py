"""How the texts of condition values are read: numbers, dates, addresses, bytes (IAM user guide, "Condition operators").

Each reader answers None for a text that is none of its kind: such a value matches nothing.
"""

import re
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from entrepot.spec.moments import micros

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
_LONGEST_ADDRESS = 49  # an IPv6 address in full, and its prefix length
_NUMBER = re.compile(r"[+-]?[0-9]{1,40}(?:\.[0-9]{1,40})?")
_EPOCH = re.compile(r"-?[0-9]{5,12}")  # four digits are a year
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?(Z|([+-])([0-9]{2}):?([0-9]{2}))?)?)?)?"
)


def number(text: str) -> Decimal | None:
    """An integer or a decimal fraction."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def moment(text: str) -> int | None:
    """Microseconds since the epoch, of a date in ISO 8601 (without a zone: UTC) or of seconds since the epoch."""
    if _EPOCH.fullmatch(text):
        return int(text) * 1_000_000
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, hours, minutes = found.groups()
    try:
        local = datetime(
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
    except ValueError:
        return None
    ahead = micros_of(timedelta(hours=int(hours or 0), minutes=int(minutes or 0)))
    return micros(local) + int((fraction or "0").ljust(6, "0")[:6]) - (ahead if sign == "+" else -ahead)


def micros_of(span: timedelta) -> int:
    """A span in microseconds, exactly."""
    return span // timedelta(microseconds=1)


def truth(text: str) -> bool | None:
    """`true` or `false`, in any case."""
    return {"true": True, "false": False}.get(text.lower())


def octets(text: str) -> bytes | None:
    """Bytes in base64."""
    try:
        return b64decode(text, validate=True)
    except ValueError:
        return None


def network(text: str) -> Network | None:
    """An address or a block of addresses; bits below the prefix do not count."""
    try:
        return ip_network(text, strict=False) if len(text) <= _LONGEST_ADDRESS else None
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def address(text: str) -> Address | None:
    """A caller's address; one of IPv4 in IPv6's clothes is one of IPv4."""
    try:
        read = ip_address(text)
    except ValueError:
        return None
    return (read.ipv4_mapped or read) if isinstance(read, IPv6Address) else read
