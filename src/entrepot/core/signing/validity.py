"""For how long signatures hold: so many days, months or years, up to 135 months, which is how long they hold when
nobody says (AWS Signer API reference, "SignatureValidityPeriod").
"""

import calendar
from datetime import datetime, timedelta
from typing import Final

from entrepot.errors import SigningInputInvalid

DEFAULT: Final = (135, "MONTHS")
_MOST: Final = {"DAYS": 4050, "MONTHS": 135, "YEARS": 11}
_MONTHS_OF_YEAR: Final = 12


def check(value: int, kind: str) -> None:
    """SigningInputInvalid for a period that cannot be."""
    most = _MOST.get(kind)
    if most is None:
        raise SigningInputInvalid(reason=f"The validity period is in {', '.join(_MOST)}, not in '{kind[:32]}'.")
    if not 1 <= value <= most:
        raise SigningInputInvalid(reason=f"The validity period must be between 1 and {most} {kind}, and is {value}.")


def until(at: datetime, value: int, kind: str) -> datetime:
    """When a signature that is made now holds no more; the last day of a month that has no such day."""
    if kind == "DAYS":
        return at + timedelta(days=value)
    months = at.month - 1 + value * (_MONTHS_OF_YEAR if kind == "YEARS" else 1)
    year, month = at.year + months // _MONTHS_OF_YEAR, months % _MONTHS_OF_YEAR + 1
    return at.replace(year=year, month=month, day=min(at.day, calendar.monthrange(year, month)[1]))
