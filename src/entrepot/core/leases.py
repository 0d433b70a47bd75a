"""Who runs a periodic job: one holder at a time over all processes and nodes, the next one when it falls silent.

A holder's name is random and new for each claim, so that a process that lost its lease cannot finish the job of the
one that took it over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from entrepot.db import leases as rows
from entrepot.db.database import Reader, Transaction
from entrepot.spec.moments import micros, moment


@dataclass(frozen=True, slots=True)
class Lease:
    """A job's state: `holder` is empty when nobody runs it, `result` what its last run said."""

    name: str
    holder: str
    expires_at: datetime
    due_at: datetime
    result: Mapping[str, object]


def introduce(tx: Transaction, name: str, now: datetime, every: timedelta) -> None:
    """Make a job known, due now; a known one keeps its time, unless it is due more often by now."""
    rows.add(tx, name, micros(now), micros(now + every))


def claim(tx: Transaction, name: str, holder: str, now: datetime, duration: timedelta) -> bool:
    """Take a job that is due and not held; whether it was got."""
    return rows.claim(tx, name, holder, micros(now), micros(now + duration))


def renew(tx: Transaction, holders: Mapping[str, str], now: datetime, duration: timedelta) -> Sequence[str]:
    """Keep jobs for another while, by name; those that were lost."""
    until = micros(now + duration)
    return [name for name, holder in holders.items() if not rows.renew(tx, name, holder, until)]


def finish(tx: Transaction, name: str, holder: str, due_at: datetime, result: Mapping[str, object]) -> bool:
    """Give a job back, due again at `due_at`; False when it was lost."""
    return rows.finish(tx, name, holder, micros(due_at), msgspec.json.encode(result).decode())


def free(tx: Transaction) -> None:
    """Give back every job, when nobody is left who could hold one: a lease of what was killed would have to expire."""
    rows.free(tx)


def list_all(tx: Reader) -> tuple[Lease, ...]:
    """Every job, by name."""
    return tuple(
        Lease(row.name, row.holder, moment(row.expires_at), moment(row.due_at), msgspec.json.decode(row.result))
        for row in rows.list_all(tx)
    )
