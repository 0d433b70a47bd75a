"""A page of a listing."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Items in key order; `after` is the key to continue from, None at the end."""

    items: tuple[T, ...]
    after: tuple[str, ...] | None
