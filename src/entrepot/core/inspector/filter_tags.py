"""AWS tags of filters."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from entrepot.core.access import Caller
from entrepot.core.inspector import filters, places
from entrepot.core.resource_tags import request_tags
from entrepot.db import accounts
from entrepot.db import inspector_filters as rows
from entrepot.db.database import Transaction


def list_of(tx: Transaction, caller: Caller, arn: str) -> Mapping[str, str]:
    """The tags of a filter: InspectorFilterNotFound."""
    return filters.require(tx, caller, "ListTagsForResource", arn).tags


def put(tx: Transaction, caller: Caller, arn: str, tags: Mapping[str, str]) -> None:
    """Set tags, all of them or none: InspectorFilterNotFound, InspectorFilterTagsInvalid."""
    accounts.lock(tx, caller.principal.account)
    found = filters.require(tx, caller, "TagResource", arn, request_tags(list(tags.items())))
    new = {**found.tags, **tags}
    filters.check_tags(new)
    rows.put(tx, replace(found, tags=new))
    places.told(tx, caller, "TagResource", {"resourceArn": arn, "tags": dict(tags)})


def remove(tx: Transaction, caller: Caller, arn: str, names: Sequence[str]) -> None:
    """Remove tags; absent ones are fine: InspectorFilterNotFound."""
    accounts.lock(tx, caller.principal.account)
    found = filters.require(tx, caller, "UntagResource", arn, {"aws:tagkeys": tuple(names)})
    rows.put(tx, replace(found, tags={key: value for key, value in found.tags.items() if key not in names}))
    places.told(tx, caller, "UntagResource", {"resourceArn": arn, "tagKeys": list(names)})
