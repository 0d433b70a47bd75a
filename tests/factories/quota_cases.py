"""How quotas are called with, and some that are set. Owns no assertions."""

from collections.abc import Callable
from typing import Any

from entrepot.core.quotas import settings
from tests.factories.callers import registry
from tests.factories.use_cases import Case

PREFIX = "limited/"
_OWN = "entrepot"
CASES = {
    "quotas.settings.list_of": Case((registry(),)),
    "quotas.settings.put": Case((registry(), "Repositories", 7), "PutQuota", service=_OWN),
    "quotas.settings.put_bytes": Case((registry(), "", 7), "PutByteQuota", service=_OWN),
    "quotas.settings.remove_bytes": Case((registry(), PREFIX), "DeleteByteQuota", service=_OWN),
    "quotas.settings.reset": Case((registry(), "LayerParts"), "ResetQuota", service=_OWN),
    "quotas.settings.usage": Case((registry(),)),
}
PARTS = frozenset[str]()


def furnish(write: Callable[..., Any]) -> None:
    """A service quota and a quota of bytes."""
    write(settings.put, registry(), "LayerParts", 4000)
    write(settings.put_bytes, registry(), PREFIX, 1 << 30)
