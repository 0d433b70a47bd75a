"""A page of a listing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items in key order; `after` is the key to continue from, None at the end."""

    items: tuple[T, ...]
    after: tuple[str, ...] | None


def cut(found: Sequence[T], limit: int, key: Callable[[T], str]) -> Page[T]:
    """The first `limit` of what was found: whoever looks for one more than that knows whether there is a next page."""
    return Page(tuple(found[:limit]), (key(found[limit - 1]),) if len(found) > limit else None)
