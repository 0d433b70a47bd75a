"""AWS tags of secrets (Secrets Manager API reference, "TagResource")."""

from collections.abc import Sequence

from entrepot.core.access import Caller
from entrepot.core.resource_tags import check_tags, request_tags
from entrepot.core.resources import Tags
from entrepot.core.secrets import places
from entrepot.db import secrets as rows
from entrepot.db.database import Transaction
from entrepot.errors import ResourceTagInvalid, SecretInputInvalid

MOST = 50


def put(tx: Transaction, caller: Caller, given: str, tags: Tags) -> None:
    """Set tags, all of them or none: SecretNotFound, SecretStateInvalid, SecretInputInvalid."""
    secret = places.require_locked(tx, caller, "TagResource", given, request_tags(tags))
    places.require_live(secret)
    check(tags)
    if len({name for name, _ in rows.tags(tx, secret.id)} | {name for name, _ in tags}) > MOST:
        raise SecretInputInvalid(reason=f"A secret may have {MOST} tags at most.")
    add(tx, secret.id, tags)
    places.changed(tx, caller, "TagResource", {"secretId": given, "tags": shown(tags)}, secret.account)


def remove(tx: Transaction, caller: Caller, given: str, names: Sequence[str]) -> None:
    """Remove tags; absent ones are fine: SecretNotFound, SecretStateInvalid, SecretInputInvalid."""
    secret = places.require_locked(tx, caller, "UntagResource", given, {"aws:tagkeys": tuple(names)})
    places.require_live(secret)
    if len(names) > MOST:
        raise SecretInputInvalid(reason=f"A secret may have {MOST} tags at most.")
    for name in names:
        rows.remove_tag(tx, secret.id, name)
    places.changed(tx, caller, "UntagResource", {"secretId": given, "tagKeys": list(names)}, secret.account)


def check(tags: Tags) -> None:
    """SecretInputInvalid for too many tags, one that cannot be, or a key that stands twice."""
    try:
        check_tags(tags)
    except ResourceTagInvalid as wrong:
        raise SecretInputInvalid(reason=str(wrong)) from None
    if len(tags) > MOST:
        raise SecretInputInvalid(reason=f"A secret may have {MOST} tags at most.")


def add(tx: Transaction, secret_id: str, tags: Tags) -> None:
    """Set tags that were checked."""
    for name, value in tags:
        rows.put_tag(tx, secret_id, name, value)


def shown(tags: Tags) -> list[dict[str, str]]:
    """Tags as records tell them."""
    return [{"key": name, "value": value} for name, value in tags]
