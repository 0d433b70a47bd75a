"""The job `replication-repair`: compares, a page at a time, and notes what is to be done about what differs.

How far it has come stands in its row, and moves in the transaction that notes what was found: whoever is killed is
followed by another. A difference is closed by a step, in order, tried again and told like any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Final

from entrepot.core.replication import comparing
from entrepot.core.replication.backfills import KEPT
from entrepot.core.replication.comparing import Found, Part
from entrepot.core.replication.repairs import MOST_ITEMS
from entrepot.core.units import BlockingUnits
from entrepot.db import images, replication_statuses, replication_steps, repositories
from entrepot.db import replication_repairs as rows
from entrepot.db.database import Database, Reader, Transaction
from entrepot.db.replication_records import DELETE, PUSH, Repair, RepairItem
from entrepot.spec.repository import RepositoryKey

_TURN_SECONDS: Final = 20.0
_DROPPED: Final = 500
_FIRST: Final = 1_000_000  # places of steps behind those of any change's own


def waiting(tx: Reader) -> object:
    """When this is another, there may be something to do."""
    return rows.waiting(tx)


class Repairing:
    """Several may run: a page that another has noted is not noted again."""

    def __init__(self, database: Database, turn_seconds: float = _TURN_SECONDS, *, page: int = comparing.MOST) -> None:
        self._units = BlockingUnits(database)
        self._turn_seconds = turn_seconds
        self._page = page

    def run(self, now: datetime) -> Mapping[str, object]:
        """Go on with each that has not ended; how many images were compared, differences found, and repairs removed."""
        until, compared, found = monotonic() + self._turn_seconds, 0, 0
        while monotonic() < until:
            running = self._units.read(rows.running)
            if not running:
                break
            for repair in running:
                part = self._units.read(comparing.compare, repair, self._page)
                if self._units.write(note, repair, part, now):
                    compared += part.compared
                    found += len(part.found)
        counts = {"compared": compared, "found": found, "removed": self._expire(now)}
        return {name: count for name, count in counts.items() if count}

    def _expire(self, now: datetime) -> int:
        removed = 0
        while (old := self._units.read(rows.expired, now - KEPT)) is not None:
            while self._units.write(rows.drop_items, old, _DROPPED):
                pass
            self._units.write(rows.remove, old)
            removed += 1
        return removed


def note(tx: Transaction, seen: Repair, part: Part, now: datetime) -> bool:
    """Keep what a page has found, have it done, and move on; not when another has moved on from where it began."""
    repair = rows.lock(tx, seen.id)
    if repair is None or repair.after != seen.after or repair.ended_at is not None:
        return False
    if not repair.is_dry:
        _have_done(tx, repair, [each for each in part.found if not each.is_kept], now)
    for ordinal, each in enumerate(part.found, repair.found + 1):
        if ordinal <= MOST_ITEMS:
            rows.add_item(tx, repair.id, RepairItem(ordinal, *each))
    moved = replace(
        repair,
        compared=repair.compared + part.compared,
        found=repair.found + len(part.found),
        kept=repair.kept + sum(each.is_kept for each in part.found),
    )
    if part.after is not None:
        rows.put(tx, replace(moved, after=part.after))
    else:
        rows.put(tx, replace(moved, status="COMPLETE", ended_at=now))
    return True


def _have_done(tx: Transaction, repair: Repair, found: Sequence[Found], now: datetime) -> None:
    """Note a step for each; all are of one repository."""
    if not found:
        return
    source = repositories.lock(tx, RepositoryKey(repair.registry, found[0].name))
    if source is None:
        return
    to = repair.destination
    first = replication_steps.next_ordinal(tx, source.id, to, source.revision)
    for ordinal, each in enumerate(found, max(first, _FIRST + repair.found)):
        action, place = comparing.ACTIONS[each.difference], (source.revision, ordinal)
        if action == PUSH and not images.known(tx, source.id, each.digest):
            continue  # deleted since the page was read
        tag = each.tag if each.digest else ""
        replication_steps.add(tx, source.id, source.key, to, place, action, each.digest, tag, now)
        if action != DELETE:
            replication_statuses.put(tx, source.id, each.digest, tag, to, "IN_PROGRESS", now)
