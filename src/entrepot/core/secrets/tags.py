"""AWS tags of secrets (Secrets Manager API reference, "TagResource")."""

from collections.abc import Sequence
from typing import Final

from entrepot.core.access import Caller
from entrepot.core.resource_tags import request_tags
from entrepot.core.resources import Tags
from entrepot.core.secrets import places
from entrepot.core.tag_rules import TagRules
from entrepot.db import secrets as rows
from entrepot.db.database import Transaction
from entrepot.errors import SecretInputInvalid

_RULES: Final = TagRules("A secret", 50)


def put(tx: Transaction, caller: Caller, given: str, tags: Tags) -> None:
    """Set tags, all of them or none: SecretNotFound, SecretStateInvalid, SecretInputInvalid."""
    secret = places.require_locked(tx, caller, "TagResource", given, request_tags(tags))
    places.require_live(secret)
    check(tags, rows.tags(tx, secret.id))
    rows.put_tags(tx, secret.id, tags)
    places.changed(tx, caller, "TagResource", {"secretId": given, "tags": shown(tags)}, secret.account)


def remove(tx: Transaction, caller: Caller, given: str, names: Sequence[str]) -> None:
    """Remove tags; absent ones are fine: SecretNotFound, SecretStateInvalid, SecretInputInvalid."""
    secret = places.require_locked(tx, caller, "UntagResource", given, {"aws:tagkeys": tuple(names)})
    places.require_live(secret)
    if why := _RULES.excess_of(len(names)):
        raise SecretInputInvalid(reason=why)
    for name in names:
        rows.remove_tag(tx, secret.id, name)
    places.changed(tx, caller, "UntagResource", {"secretId": given, "tagKeys": list(names)}, secret.account)


def check(tags: Tags, had: Tags = ()) -> None:
    """SecretInputInvalid for tags that cannot be beside those that there are."""
    if why := _RULES.fault_of(tags, had):
        raise SecretInputInvalid(reason=why)


def shown(tags: Tags) -> list[dict[str, str]]:
    """Tags as records tell them."""
    return [{"key": name, "value": value} for name, value in tags]
