"""Actions of alarms on their way: they are delivered as events are, in the order of their alarm, to the topic or the
function that the action names, with the operator's keys and without a role.
"""

from typing import Final

import msgspec

from entrepot.db import event_deliveries, event_inbox
from entrepot.db.database import Row, Transaction
from entrepot.spec.event_arns import alarm_actions_of


class _Body(msgspec.Struct):
    action: str
    message: msgspec.Raw


_BODY: Final = msgspec.json.Decoder(_Body)


def queue(tx: Transaction, told: Row, now: int) -> bool:
    """Queue an action that the outbox tells of, in the database of events; False for one that was queued before."""
    if not event_inbox.see(tx, told.id, now):
        return False
    body = _BODY.decode(told.body)
    event_deliveries.add(
        tx,
        target=event_deliveries.target_key(alarm_actions_of(told.account_id, told.region), body.action),
        event_id=told.id,
        account=told.account_id,
        region=told.region,
        order_key=told.repository_id,
        hops=0,
        accepted_at=told.created_at,
        due_at=now,
        body=bytes(body.message).decode(),
    )
    return True
