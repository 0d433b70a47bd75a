"""Policies that were checked when they were stored, compiled for evaluation; the same text gives the same object."""

from functools import lru_cache

from entrepot.policy.compiled import Policy
from entrepot.policy.reading import read

_MOST = 8192


@lru_cache(maxsize=_MOST)
def compiled(name: str, text: str) -> Policy:
    """The policy under the name that a person knows it by."""
    return Policy(name, read(text))
