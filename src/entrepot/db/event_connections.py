"""Rows of `event_connection` and `event_api_destination`."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Select, bindparam, delete, insert, select, update

from entrepot.db.database import Reader, Row, Transaction
from entrepot.db.event_names import Names
from entrepot.db.event_records import ApiDestination, Connection
from entrepot.db.event_schema import event_api_destination, event_connection
from entrepot.spec.event_arns import EventKey
from entrepot.spec.moments import micros, micros_or_none, moment, moment_or_none

T = TypeVar("T", Connection, ApiDestination)


def _connection(row: Row) -> Connection:
    return Connection(
        row.id,
        EventKey(row.account_id, row.region, "connection", row.name),
        row.description,
        row.kind,
        msgspec.json.decode(row.shown),
        None if row.sealed is None else bytes(row.sealed),
        row.state,
        row.reason,
        moment(row.created_at),
        moment(row.updated_at),
        moment_or_none(row.authorized_at),
    )


def _destination(row: Row) -> ApiDestination:
    return ApiDestination(
        row.id,
        EventKey(row.account_id, row.region, "api-destination", row.name),
        row.description,
        row.connection_arn,
        row.endpoint,
        row.method,
        row.rate,
        moment(row.created_at),
        moment(row.updated_at),
    )


CONNECTIONS = Names(event_connection, _connection)
DESTINATIONS = Names(event_api_destination, _destination)
_BY_ID = select(event_connection).where(event_connection.c.id == bindparam("of"))
_AUTHORIZING = select(event_connection).where(event_connection.c.state == "AUTHORIZING").order_by(event_connection.c.id)
_INSERT = insert(event_connection)
_SET = (
    update(event_connection)
    .where(event_connection.c.id == bindparam("of"))
    .values(
        description=bindparam("new_description"),
        kind=bindparam("new_kind"),
        shown=bindparam("new_shown"),
        sealed=bindparam("new_sealed"),
        state=bindparam("new_state"),
        reason=bindparam("new_reason"),
        updated_at=bindparam("at"),
        authorized_at=bindparam("authorized"),
    )
)
_SETTLE = (
    update(event_connection)
    .where(
        event_connection.c.id == bindparam("of"),
        event_connection.c.state == "AUTHORIZING",
        event_connection.c.updated_at == bindparam("as_of"),
    )
    .values(state=bindparam("new_state"), reason=bindparam("new_reason"), authorized_at=bindparam("authorized"))
)
_REMOVE = delete(event_connection).where(event_connection.c.id == bindparam("of"))
_DESTINATION_BY_ID = select(event_api_destination).where(event_api_destination.c.id == bindparam("of"))
_INSERT_DESTINATION = insert(event_api_destination)
_SET_DESTINATION = (
    update(event_api_destination)
    .where(event_api_destination.c.id == bindparam("of"))
    .values(
        description=bindparam("new_description"),
        connection_arn=bindparam("new_connection"),
        endpoint=bindparam("new_endpoint"),
        method=bindparam("new_method"),
        rate=bindparam("new_rate"),
        updated_at=bindparam("at"),
    )
)
_REMOVE_DESTINATION = delete(event_api_destination).where(event_api_destination.c.id == bindparam("of"))


def by_arn(tx: Reader, arn: str) -> Connection | None:
    """The connection of this ARN."""
    return _by_arn(tx, _BY_ID, _connection, arn)


def authorizing(tx: Reader) -> Sequence[Connection]:
    """The connections of all accounts whose authorization server has not been asked yet."""
    return [_connection(row) for row in tx.all(_AUTHORIZING)]


def add(tx: Transaction, new: Connection) -> None:
    """A new connection."""
    tx.run(
        _INSERT,
        id=new.id,
        account_id=new.key.account,
        region=new.key.region,
        name=new.key.name,
        description=new.description,
        kind=new.kind,
        shown=_text(new.shown),
        sealed=new.sealed,
        state=new.state,
        reason=new.reason,
        created_at=micros(new.created_at),
        updated_at=micros(new.updated_at),
        authorized_at=micros_or_none(new.authorized_at),
    )


def put(tx: Transaction, changed: Connection) -> None:
    """What an existing connection is now."""
    tx.run(
        _SET,
        of=changed.id,
        new_description=changed.description,
        new_kind=changed.kind,
        new_shown=_text(changed.shown),
        new_sealed=changed.sealed,
        new_state=changed.state,
        new_reason=changed.reason,
        at=micros(changed.updated_at),
        authorized=micros_or_none(changed.authorized_at),
    )


def settle(tx: Transaction, found: Connection, state: str, reason: str, at: datetime | None) -> bool:
    """What the authorization server said, AUTHORIZED or DEAUTHORIZED; False when it was asked about what has changed
    since.
    """
    changed = tx.run(
        _SETTLE,
        of=found.id,
        as_of=micros(found.updated_at),
        new_state=state,
        new_reason=reason,
        authorized=micros_or_none(at),
    )
    return changed > 0


def remove(tx: Transaction, connection_id: str) -> None:
    """Remove a connection and its secret."""
    tx.run(_REMOVE, of=connection_id)


def destination_by_arn(tx: Reader, arn: str) -> ApiDestination | None:
    """The API destination of this ARN."""
    return _by_arn(tx, _DESTINATION_BY_ID, _destination, arn)


def add_destination(tx: Transaction, new: ApiDestination) -> None:
    """A new API destination."""
    tx.run(
        _INSERT_DESTINATION,
        id=new.id,
        account_id=new.key.account,
        region=new.key.region,
        name=new.key.name,
        description=new.description,
        connection_arn=new.connection_arn,
        endpoint=new.endpoint,
        method=new.method,
        rate=new.rate,
        created_at=micros(new.created_at),
        updated_at=micros(new.updated_at),
    )


def put_destination(tx: Transaction, changed: ApiDestination) -> None:
    """What an existing API destination is now."""
    tx.run(
        _SET_DESTINATION,
        of=changed.id,
        new_description=changed.description,
        new_connection=changed.connection_arn,
        new_endpoint=changed.endpoint,
        new_method=changed.method,
        new_rate=changed.rate,
        at=micros(changed.updated_at),
    )


def remove_destination(tx: Transaction, destination_id: str) -> None:
    """Remove an API destination."""
    tx.run(_REMOVE_DESTINATION, of=destination_id)


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _by_arn(tx: Reader, by_id: Select[Any], record: Callable[[Row], T], arn: str) -> T | None:
    """By the id that the ARN ends with, where the rest of it is so too."""
    row = tx.one(by_id, of=arn.rpartition("/")[2])
    found = None if row is None else record(row)
    return found if found is not None and found.arn == arn else None
