"""Operations on dashboards, and on the tags of dashboards and alarms."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.cloudwatch import tokens
from entrepot.aws.protocol.call import Call
from entrepot.core.metrics import alarm_places, dashboards
from entrepot.core.metrics.dashboards import DashboardRow
from entrepot.spec.moments import moment

Output = Mapping[str, Any]
_PAGE = 1000


async def put_dashboard(call: Call) -> Output:
    """PutDashboard."""
    given = call.input
    found = await call.core.units.write(
        dashboards.put, call.caller, given["DashboardName"], given["DashboardBody"], _tags(given)
    )
    return {"DashboardValidationMessages": [{"DataPath": path, "Message": message} for path, message in found]}


async def get_dashboard(call: Call) -> Output:
    """GetDashboard."""
    found = await call.core.units.read(dashboards.get, call.caller, call.input["DashboardName"])
    return {"DashboardArn": _arn(found), "DashboardBody": found.body, "DashboardName": found.name}


async def list_dashboards(call: Call) -> Output:
    """ListDashboards."""
    prefix, start = call.input.get("DashboardNamePrefix", ""), tokens.start_of_dashboards(call)
    page = await call.core.units.read(dashboards.list_of, call.caller, prefix, _PAGE, start)
    entries = [
        {
            "DashboardName": found.name,
            "DashboardArn": _arn(found),
            "LastModified": moment(found.modified_at),
            "Size": len(found.body.encode()),
        }
        for found in page.items
    ]
    return {"DashboardEntries": entries, "NextToken": tokens.following(call, "ListDashboards", page.after)}


async def delete_dashboards(call: Call) -> Output:
    """DeleteDashboards."""
    await call.core.units.write(dashboards.delete, call.caller, call.input["DashboardNames"])
    return {}


async def tag_resource(call: Call) -> Output:
    """TagResource."""
    await call.core.units.write(dashboards.tag, call.caller, call.input["ResourceARN"], _tags(call.input))
    return {}


async def untag_resource(call: Call) -> Output:
    """UntagResource."""
    await call.core.units.write(dashboards.untag, call.caller, call.input["ResourceARN"], call.input["TagKeys"])
    return {}


async def list_tags_for_resource(call: Call) -> Output:
    """ListTagsForResource."""
    found = await call.core.units.read(dashboards.tags_of, call.caller, call.input["ResourceARN"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in found]}


def _arn(found: DashboardRow) -> str:
    return alarm_places.dashboard_arn(found.account, found.name)


def _tags(given: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((tag["Key"], tag["Value"]) for tag in given.get("Tags", ()))
