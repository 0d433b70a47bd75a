"""Operations on filters."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.inspector2 import pages
from entrepot.aws.protocol.call import Call
from entrepot.core.inspector import criteria, filters
from entrepot.core.inspector.filters import FilterChange, FilterDraft, FilterRecord

Output = Mapping[str, Any]


async def create_filter(call: Call) -> Output:
    """CreateFilter."""
    given = call.input
    draft = FilterDraft(
        name=given["name"],
        action=given["action"],
        criteria=given["filterCriteria"],
        description=given.get("description", ""),
        reason=given.get("reason", ""),
        tags=given.get("tags", {}),
    )
    made = await call.core.units.write(filters.create, call.caller, draft)
    await call.core.suppression_walks.settle(made.registry, call.caller.at)
    return {"arn": made.arn}


async def update_filter(call: Call) -> Output:
    """UpdateFilter."""
    given = call.input
    change = FilterChange(
        given.get("name"),
        given.get("action"),
        given.get("filterCriteria"),
        given.get("description"),
        given.get("reason"),
    )
    changed = await call.core.units.write(filters.update, call.caller, given["filterArn"], change)
    await call.core.suppression_walks.settle(changed.registry, call.caller.at)
    return {"arn": changed.arn}


async def delete_filter(call: Call) -> Output:
    """DeleteFilter."""
    await call.core.units.write(filters.delete, call.caller, call.input["arn"])
    await call.core.suppression_walks.settle(call.registry, call.caller.at)
    return {"arn": call.input["arn"]}


async def list_filters(call: Call) -> Output:
    """ListFilters."""
    arns, action = call.input.get("arns", ()), call.input.get("action")
    (after,), most = pages.start(call, "ListFilters"), pages.limit(call, 100)
    page = await call.core.units.read(filters.list_of, call.caller, arns, action, most, after)
    return {
        "filters": [_shown(each) for each in page.items],
        "nextToken": pages.following(call, "ListFilters", page.after),
    }


def _shown(found: FilterRecord) -> Output:
    return {
        "arn": found.arn,
        "ownerId": found.registry.account,
        "name": found.name,
        "criteria": criteria.decoded(found.criteria),
        "action": found.action,
        "createdAt": found.created_at,
        "updatedAt": found.updated_at,
        "description": found.description or None,
        "reason": found.reason or None,
        "tags": dict(found.tags),
    }
