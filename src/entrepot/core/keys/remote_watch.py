"""The job `remote-keys`: asks other key services what has become of their keys, so that one that was disabled there
ends reads here, and one that was enabled again heals.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import structlog

from entrepot.core.keys.vault import Vault
from entrepot.core.units import Units
from entrepot.db import remote_keys
from entrepot.db.database import Transaction
from entrepot.db.key_records import RemoteKey

_AT_ONCE: Final = 8
log = structlog.get_logger()


class RemoteKeyWatch:
    """Looks at every key that is known."""

    def __init__(self, units: Units, vault: Vault) -> None:
        self._units = units
        self._vault = vault

    async def run(self, _: datetime) -> Mapping[str, object]:
        """How many are something else than they were."""
        after, changed = "", 0
        while batch := await self._units.read(remote_keys.list_of, after, _AT_ONCE):
            seen = await asyncio.gather(*(self._vault.remotes.ask_again(each) for each in batch))
            changed += await self._learn([pair for pair in zip(batch, seen, strict=True) if pair[0] != pair[1]])
            after = batch[-1].arn
        return {"changed": changed} if changed else {}

    async def _learn(self, pairs: Sequence[tuple[RemoteKey, RemoteKey]]) -> int:
        for before, seen in pairs:
            log.warning("remote key changed", key=seen.arn, before=before.state, state=seen.state)
        if pairs:
            await self._units.write(_keep, [seen for _, seen in pairs])
        return len(pairs)


def _keep(tx: Transaction, seen: Sequence[RemoteKey]) -> None:
    for each in seen:
        remote_keys.put(tx, each)
