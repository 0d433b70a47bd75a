"""Public keys that an operator registers with a repository, as they are kept."""

from collections.abc import Sequence
from typing import Final

from entrepot.errors import ParameterInvalid
from entrepot.seal.public_signatures import public_key

_MOST: Final = 10
_LONGEST: Final = 4096  # characters


def checked(told: Sequence[str]) -> tuple[str, ...]:
    """As they are kept, each once: ParameterInvalid."""
    if len(told) > _MOST:
        raise ParameterInvalid(parameter="keys", reason=f"a repository has {_MOST} at most")
    known = []
    for each in told:
        found = public_key(each) if len(each) <= _LONGEST else None
        if found is None:
            raise ParameterInvalid(parameter="keys", reason="one is no public key in PEM of ECDSA over P-256")
        known.append(found)
    return tuple(dict.fromkeys(known))
