"""How a destination of replication is written on the command line: ACCOUNT/REGION."""

import re

from entrepot.core.replication.rules import Destination
from entrepot.errors import ParameterInvalid

_FORM = re.compile(r"([0-9]{12})/([a-z0-9-]{2,25})")


def parse(text: str) -> Destination:
    """The destination that a text names: ParameterInvalid."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ParameterInvalid(parameter="destination", reason=f"'{text}' is not 12 digits, a slash and a Region")
    return Destination(found[2], found[1])
