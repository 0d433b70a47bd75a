"""Operations on whose pulls are not counted."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import pages
from entrepot.core import pull_exclusions

Output = Mapping[str, Any]


async def register_pull_time_update_exclusion(call: Call) -> Output:
    """RegisterPullTimeUpdateExclusion."""
    principal = call.input["principalArn"]
    made = await call.core.units.write(pull_exclusions.register, call.caller, call.registry, principal)
    return {"principalArn": principal, "createdAt": made}


async def deregister_pull_time_update_exclusion(call: Call) -> Output:
    """DeregisterPullTimeUpdateExclusion."""
    principal = call.input["principalArn"]
    await call.core.units.write(pull_exclusions.deregister, call.caller, call.registry, principal)
    return {"principalArn": principal}


async def list_pull_time_update_exclusions(call: Call) -> Output:
    """ListPullTimeUpdateExclusions."""
    (after,) = pages.start(call, "ListPullTimeUpdateExclusions", 1)
    page = await call.core.units.read(pull_exclusions.list_of, call.caller, call.registry, pages.limit(call), after)
    token = pages.following(call, "ListPullTimeUpdateExclusions", page.after)
    return {"pullTimeUpdateExclusions": page.items, "nextToken": token}
