"""Until when releases of products are supported, as endoflife.date's release data say: a file of JSON for each product.

https://github.com/endoflife-date/release-data (releases/)
"""

from collections.abc import Sequence

import msgspec

from entrepot.errors.scanning import AdvisoryMalformed
from entrepot.scan.osv import moment


class Supported(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A release of a product. Moments in microseconds, 0 where not told; `ended` where an end is told without a day."""

    name: str
    codename: str = ""
    released_at: int = 0
    active_until: int = 0
    until: int = 0
    extended_until: int = 0
    ended: bool = False


class _Release(msgspec.Struct, rename="camel"):
    name: str = ""
    codename: str | None = None
    release_date: str | bool | None = None
    eoas: str | bool | None = None
    eol: str | bool | None = None
    eoes: str | bool | None = None


class _Product(msgspec.Struct):
    releases: dict[str, _Release]
    versions: dict[str, object] = {}


def releases(text: bytes) -> Sequence[Supported]:
    """The releases of one product: AdvisoryMalformed."""
    try:
        read = msgspec.json.decode(text, type=_Product)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as fault:
        raise AdvisoryMalformed(reason=fault) from None
    return [
        Supported(
            name=key,
            codename=each.codename or "",
            released_at=_day(each.release_date),
            active_until=_day(each.eoas),
            until=_day(each.eol),
            extended_until=_day(each.eoes),
            ended=each.eol is True,
        )
        for key, each in read.releases.items()
    ]


def _day(value: object) -> int:
    return moment(value) if isinstance(value, str) else 0
