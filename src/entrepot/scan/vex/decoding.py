"""JSON that somebody pushed or imported, as what it is said to be."""

from typing import TypeVar

import msgspec

from entrepot.errors.vex import VexMalformed

T = TypeVar("T")


def decoded(data: bytes | msgspec.Raw, kind: type[T]) -> T:
    """JSON as this kind: VexMalformed."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise VexMalformed(reason=str(fault)) from None
