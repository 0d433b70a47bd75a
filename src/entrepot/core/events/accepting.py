"""The way in of every event that no change of a repository tells: PutEvents, other buses, audit records, alarms,
schedules, replays. An accepted event is durable, and waits for the rules of its bus.
"""

from collections.abc import Mapping, Sequence

import msgspec

from entrepot.db import event_inbox
from entrepot.db.database import Transaction
from entrepot.spec.moments import moment

Json = Mapping[str, object]
DEFAULT_BUS = "default"


class Envelope(msgspec.Struct, frozen=True):
    """An event as rules see it; `time` in microseconds, `detail` as values or as the JSON that was sent.

    `account` and `region` are the sender's; the bus is theirs too unless `bus_account` and `bus_region` say otherwise.
    """

    id: str
    detail_type: str
    source: str
    account: str
    region: str
    time: int
    resources: Sequence[str]
    detail: Json | msgspec.Raw
    bus: str = DEFAULT_BUS  # its name
    bus_account: str = ""
    bus_region: str = ""

    def text(self) -> str:
        """The event as JSON, as AWS draws it."""
        return msgspec.json.encode(
            {
                "version": "0",
                "id": self.id,
                "detail-type": self.detail_type,
                "source": self.source,
                "account": self.account,
                "time": f"{moment(self.time):%Y-%m-%dT%H:%M:%SZ}",
                "region": self.region,
                "resources": self.resources,
                "detail": self.detail,
            },
            enc_hook=str,
        ).decode()


def accept(tx: Transaction, event: Envelope, *, order_key: str = "", at: int | None = None) -> bool:
    """Take an event, in a transaction of the events database; False for one that has been taken already.

    Events of one order key reach each target in the order in which they were accepted; without a key an event is alone.
    `at` is now in microseconds, where that is not the event's time.
    """
    return enter(
        tx,
        event.text(),
        event_id=event.id,
        account=event.bus_account or event.account,
        region=event.bus_region or event.region,
        bus=event.bus,
        order_key=order_key,
        at=event.time if at is None else at,
    )


def enter(
    tx: Transaction,
    body: str,
    *,
    event_id: str,
    account: str,
    region: str,
    bus: str,
    order_key: str,
    at: int,
    hops: int = 0,
    only: Sequence[str] = (),
    replay: str = "",
) -> bool:
    """Put an event that is JSON already before the rules of a bus, or before `only` those; False when it has been
    there. An event enters a bus once, and once more by each replay.
    """
    if not event_inbox.see(tx, seen_as(event_id, account, region, bus, replay), at):
        return False
    event_inbox.add(
        tx,
        event_id=event_id,
        account=account,
        region=region,
        bus=bus,
        order_key=order_key or event_id,
        hops=hops,
        only=msgspec.json.encode(only).decode() if only else "",
        replay=replay,
        at=at,
        body=body,
    )
    return True


def seen_as(event_id: str, account: str, region: str, bus: str, replay: str = "") -> str:
    """The key under which an event has entered a bus."""
    return f"{event_id} {account} {region} {bus} {replay}"
