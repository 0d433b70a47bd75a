"""Tags on what IAM keeps: fifty for each, keys that differ in case only are one."""

from collections.abc import Sequence

from entrepot.core import entities
from entrepot.core.access import Caller
from entrepot.core.entities import MOST_TAGS, Kind
from entrepot.core.resource_tags import request_tags
from entrepot.db import entities as rows
from entrepot.db.database import Transaction
from entrepot.errors import QuotaExceeded


def list_of(tx: Transaction, caller: Caller, kind: Kind, name: str) -> tuple[tuple[str, str], ...]:
    """(key, value) pairs, by key: EntityNotFound."""
    return rows.tags(tx, entities.require(tx, caller, f"List{kind.noun}Tags", kind, name).id)


def put(tx: Transaction, caller: Caller, kind: Kind, name: str, tags: Sequence[tuple[str, str]]) -> None:
    """Set tags, all of them or none: IdentityInputInvalid, QuotaExceeded."""
    noun = kind.noun
    found = entities.require_locked(tx, caller, f"Tag{noun}", kind, name, request_tags(tags))
    entities.check_tags(tags)
    keys = {key.lower() for key, _ in (*rows.tags(tx, found.id), *tags)}
    if len(keys) > MOST_TAGS:
        raise QuotaExceeded(quota=f"TagsPer{noun}", limit=MOST_TAGS)
    for key, value in tags:
        rows.put_tag(tx, found.id, key, value)
    entities.changed(tx, caller, f"Tag{noun}", {"resource": entities.arn(found), "tags": dict(tags)})


def remove(tx: Transaction, caller: Caller, kind: Kind, name: str, keys: Sequence[str]) -> None:
    """Remove tags; absent ones are fine. EntityNotFound."""
    noun = kind.noun
    found = entities.require_locked(tx, caller, f"Untag{noun}", kind, name, {"aws:tagkeys": tuple(keys)})
    for key in keys:
        rows.remove_tag(tx, found.id, key)
    entities.changed(tx, caller, f"Untag{noun}", {"resource": entities.arn(found), "tagKeys": list(keys)})
