"""Operations on archives and replays."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.events import inputs
from entrepot.aws.protocol.call import Call
from entrepot.core.events import archived, archives, replays
from entrepot.core.events.archived import Size
from entrepot.core.events.archives import Archive, ArchiveDraft
from entrepot.core.events.replays import Replay, ReplayDraft

Output = Mapping[str, Any]


async def create_archive(call: Call) -> Output:
    """CreateArchive."""
    inputs.refuse_keys(call)
    source = call.input["EventSourceArn"]
    return _changed(await call.core.units.write(archives.create, call.caller, _draft(call), source))


async def describe_archive(call: Call) -> Output:
    """DescribeArchive."""
    found = await call.core.units.read(archives.describe, call.caller, call.input["ArchiveName"])
    kept = await call.core.events.units.read(archived.sizes, [found])
    return {**_listed(found, kept), "ArchiveArn": found.key.arn, "Description": found.description or None} | {
        "EventPattern": found.pattern
    }


async def list_archives(call: Call) -> Output:
    """ListArchives: of a state that none is in, there are none."""
    after, most, source = inputs.start(call, "ListArchives"), inputs.limit(call), call.input.get("EventSourceArn")
    page = await call.core.units.read(archives.list_of, call.caller, inputs.prefix(call), source, most, after)
    kept = await call.core.events.units.read(archived.sizes, page.items)
    shown = inputs.shown_page(call, "ListArchives", page, "Archives", lambda found: _listed(found, kept))
    return shown if call.input.get("State", "ENABLED") == "ENABLED" else {"Archives": []}


async def update_archive(call: Call) -> Output:
    """UpdateArchive."""
    inputs.refuse_keys(call)
    return _changed(await call.core.units.write(archives.update, call.caller, _draft(call)))


async def delete_archive(call: Call) -> Output:
    """DeleteArchive."""
    await call.core.units.write(archives.delete, call.caller, call.input["ArchiveName"])
    return {}


async def start_replay(call: Call) -> Output:
    """StartReplay."""
    given = call.input
    draft = ReplayDraft(
        name=given["ReplayName"],
        description=given.get("Description", ""),
        archive_arn=given["EventSourceArn"],
        bus_arn=given["Destination"]["Arn"],
        filter_arns=tuple(given["Destination"].get("FilterArns", ())),
        from_at=given["EventStartTime"],
        to_at=given["EventEndTime"],
    )
    made = await call.core.units.write(replays.start, call.caller, draft)
    return {"ReplayArn": made.key.arn, "State": made.state, "ReplayStartTime": made.started_at}


async def describe_replay(call: Call) -> Output:
    """DescribeReplay."""
    found = await call.core.units.read(replays.describe, call.caller, call.input["ReplayName"])
    return {
        **_listed_replay(found),
        "ReplayArn": found.key.arn,
        "Description": found.description or None,
        "Destination": {"Arn": found.bus_arn, "FilterArns": list(found.filter_arns) or None},
    }


async def list_replays(call: Call) -> Output:
    """ListReplays."""
    given, after, most = call.input, inputs.start(call, "ListReplays"), inputs.limit(call)
    source, state = given.get("EventSourceArn"), given.get("State")
    page = await call.core.units.read(replays.list_of, call.caller, inputs.prefix(call), source, state, most, after)
    return inputs.shown_page(call, "ListReplays", page, "Replays", _listed_replay)


async def cancel_replay(call: Call) -> Output:
    """CancelReplay."""
    found = await call.core.units.write(replays.cancel, call.caller, call.input["ReplayName"])
    return {"ReplayArn": found.key.arn, "State": found.state, "StateReason": found.reason or None}


def _draft(call: Call) -> ArchiveDraft:
    given = call.input
    return ArchiveDraft(
        given["ArchiveName"], given.get("Description"), given.get("EventPattern"), given.get("RetentionDays")
    )


def _changed(found: Archive) -> Output:
    return {"ArchiveArn": found.key.arn, "State": "ENABLED", "CreationTime": found.created_at}


def _listed(found: Archive, kept: Mapping[str, Size]) -> dict[str, Any]:
    return {
        "ArchiveName": found.key.name,
        "EventSourceArn": found.source.arn,
        "State": "ENABLED",
        "RetentionDays": found.retention_days,
        "SizeBytes": kept[found.id].characters,
        "EventCount": kept[found.id].events,
        "CreationTime": found.created_at,
    }


def _listed_replay(found: Replay) -> dict[str, Any]:
    return {
        "ReplayName": found.key.name,
        "EventSourceArn": found.source_arn,
        "State": found.state,
        "StateReason": found.reason or None,
        "EventStartTime": found.from_at,
        "EventEndTime": found.to_at,
        "EventLastReplayedTime": found.last_at,
        "ReplayStartTime": found.started_at,
        "ReplayEndTime": found.ended_at,
    }
