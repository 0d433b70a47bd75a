"""Operations on trails."""

from entrepot.aws.cloudtrail import shown
from entrepot.aws.cloudtrail.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core.audit import trails
from entrepot.core.audit.trails import TrailChange, TrailDraft
from entrepot.errors import OrganizationsAbsent, TrailFeatureUnsupported
from entrepot.spec.ulid import new_ulid

_ELSEWHERE = ("SnsTopicName", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn", "KmsKeyId")


async def create_trail(call: Call) -> Output:
    """CreateTrail."""
    draft = _draft(call)
    trails.allow_create(call.caller, draft)
    _refuse(call)
    await call.core.trail_destinations.require_bucket(draft.bucket)
    return shown.settings(await call.core.units.write(trails.create, call.caller, draft))


async def update_trail(call: Call) -> Output:
    """UpdateTrail."""
    name, wanted = call.input["Name"], _change(call)
    await call.core.units.read(trails.allow_update, call.caller, name)
    _refuse(call)
    if wanted.bucket is not None:
        await call.core.trail_destinations.require_bucket(wanted.bucket)
    return shown.settings(await call.core.units.write(trails.update, call.caller, name, wanted))


async def delete_trail(call: Call) -> Output:
    """DeleteTrail."""
    await call.core.units.write(trails.delete, call.caller, call.input["Name"])
    return {}


async def get_trail(call: Call) -> Output:
    """GetTrail."""
    return {"Trail": shown.trail(await call.core.units.read(trails.get, call.caller, call.input["Name"]))}


async def describe_trails(call: Call) -> Output:
    """DescribeTrails."""
    names, shadows = call.input.get("trailNameList", ()), call.input.get("includeShadowTrails", True)
    found = await call.core.units.read(trails.describe, call.caller, names, shadows=shadows)
    return {"trailList": [shown.trail(each) for each in found]}


async def list_trails(call: Call) -> Output:
    """ListTrails: all of them in one page; an account has few."""
    found = await call.core.units.read(trails.list_all, call.caller)
    return {"Trails": [{"TrailARN": shown.arn(each), "Name": each.name, "HomeRegion": each.region} for each in found]}


def _draft(call: Call) -> TrailDraft:
    given = call.input
    return TrailDraft(
        new_ulid(),
        given["Name"],
        given["S3BucketName"],
        given.get("S3KeyPrefix", ""),
        given.get("IsMultiRegionTrail", False),
        given.get("IncludeGlobalServiceEvents", True),
        given.get("EnableLogFileValidation", False),
        shown.tags_given(given.get("TagsList", ())),
    )


def _change(call: Call) -> TrailChange:
    given = call.input
    return TrailChange(
        given.get("S3BucketName"),
        given.get("S3KeyPrefix"),
        given.get("IsMultiRegionTrail"),
        given.get("IncludeGlobalServiceEvents"),
        given.get("EnableLogFileValidation"),
    )


def _refuse(call: Call) -> None:
    """TrailFeatureUnsupported, OrganizationsAbsent for what trails cannot do here."""
    for member in _ELSEWHERE:
        if call.input.get(member):
            raise TrailFeatureUnsupported(feature=member)
    if call.input.get("IsOrganizationTrail"):
        raise OrganizationsAbsent
