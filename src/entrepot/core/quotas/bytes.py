"""How many bytes repositories may hold, where an operator set a quota: of a registry, or below a prefix of names.

An upload reserves what it is about to bring in a unit of its own, and only a later unit looks whether there is room:
of two that meet at the end of a quota at least one sees the other, and neither holds a lock while bytes arrive. What is
refused takes its reservation and its bytes with it. Registries without a quota of bytes reserve nothing.

What a link alone adds (mounts, copies, replication within a deployment) is not reserved: such units of a registry take
turns, and look when it is theirs. An upload that looks while one of them has not committed does not see it, so what is
held may exceed a quota by what one such unit links, and no more, since the next one sees all.
"""

from collections.abc import Sequence

from entrepot.core.access import Caller
from entrepot.core.hot import Hot
from entrepot.core.units import Units
from entrepot.db import byte_usage, quotas
from entrepot.db.database import Reader, Transaction
from entrepot.db.quotas import ByteQuota
from entrepot.db.records import Repository
from entrepot.errors import BytesTooMany
from entrepot.spec.repository import RegistryKey, RepositoryKey

UNBOUNDED = 1 << 62
_LARGEST_STEP = 16 * 1024 * 1024
_TURN = "Bytes"  # the row of `quota_credit` that is held


class Reservations:
    """Reserves room for the uploads of one event loop."""

    def __init__(self, units: Units, hot: Hot) -> None:
        self._units = units
        self._hot = hot

    async def admit(self, caller: Caller, repository: Repository, upload_id: str, free: int, needed: int) -> int:
        """Up to which size an upload may grow, at least to `needed` bytes, of which the first ones need no room:
        BytesTooMany.

        It is granted more than it needs, so that not every chunk asks; near the end of a quota no more than that.
        """
        key = repository.key
        if not _covering(self._hot.quotas(key.registry).bytes, key):
            return UNBOUNDED
        if needed <= free:
            return free
        generous = needed + min(needed, _LARGEST_STEP)
        for size in (generous, needed):
            await self._units.note(_reserve, caller, repository, upload_id, size)
            try:
                await self._units.read(require_room, key, 0)
            except BytesTooMany as fact:
                refused = fact
            else:
                return size
        await self._units.note(byte_usage.release, upload_id)
        raise BytesTooMany(**{**refused.fields, "size": needed})

    async def release(self, upload_id: str) -> None:
        """Keep no room for an upload that has ended."""
        await self._units.note(byte_usage.release, upload_id)


def require_link_room(tx: Transaction, key: RepositoryKey, size: int) -> None:
    """`require_room`, for a unit that links these bytes: others of the registry that do wait until it ends."""
    if _covering(quotas.of_registry(tx, key.registry).bytes, key):
        # before it is looked: whoever links at the same time has ended, or waits
        quotas.hold_credit(tx, quotas.scope_of(key.registry), _TURN)
        require_room(tx, key, size)


def require_room(tx: Reader, key: RepositoryKey, size: int) -> None:
    """BytesTooMany unless every quota that covers a repository has room for so many bytes more."""
    for quota in _covering(quotas.of_registry(tx, key.registry).bytes, key):
        held, reserved = used(tx, key.registry, quota.prefix)
        if held + reserved + size > quota.value:
            where = f"below {quota.prefix}" if quota.prefix else "per registry"
            raise BytesTooMany(
                size=size,
                name=key.name,
                account=key.registry.account,
                where=where,
                limit=quota.value,
                used=held + reserved,
            )


def used(tx: Reader, key: RegistryKey, prefix: str) -> tuple[int, int]:
    """(held, on their way) in a registry, or below a prefix of it."""
    if prefix:
        return byte_usage.below(tx, key, prefix)
    scope = quotas.scope_of(key)
    reserved = byte_usage.reserved_in(tx, scope)  # before what is held: an upload that ends meanwhile counts twice
    return byte_usage.of_registry(tx, scope), reserved


def _covering(found: Sequence[ByteQuota], key: RepositoryKey) -> Sequence[ByteQuota]:
    return [each for each in found if each.covers(key.name)]


def _reserve(tx: Transaction, caller: Caller, repository: Repository, upload_id: str, size: int) -> None:
    scope = quotas.scope_of(repository.key.registry)
    byte_usage.reserve(tx, upload_id, repository.id, scope, size, caller.at)
