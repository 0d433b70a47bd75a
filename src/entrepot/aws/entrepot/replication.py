"""Operations on what AWS has no name for of replication: tag filters, settings that go too, repairs."""

import uuid
from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import pages
from entrepot.core.replication import options, repairs
from entrepot.core.replication.options import Option
from entrepot.core.replication.repairs import Repair, RepairItem
from entrepot.core.replication.rules import Destination
from entrepot.errors import PageTokenInvalid

Output = Mapping[str, Any]
_LONGEST_ORDINAL = 18  # digits


async def get_replication_options(call: Call) -> Output:
    """GetReplicationOptions."""
    found = await call.core.units.read(options.get, call.caller, call.registry)
    return {"registryId": call.registry.account, "options": [_shown_option(each) for each in found]}


async def put_replication_options(call: Call) -> Output:
    """PutReplicationOptions: without any, replication is as AWS's."""
    wanted = [_option(each) for each in call.input["options"]]
    args = (call.registry, wanted, call.core.regions, call.input)
    kept = await call.core.units.write(options.put, call.caller, *args)
    return {"registryId": call.registry.account, "options": [_shown_option(each) for each in kept]}


async def start_replication_repair(call: Call) -> Output:
    """StartReplicationRepair."""
    given = call.input
    args = (call.registry, _destination(given["destination"]), given.get("repositoryName", ""), str(uuid.uuid4()))
    begun = await call.core.units.write(repairs.start, call.caller, *args, dry=given.get("dryRun", False))
    return _shown(begun)


async def describe_replication_repair(call: Call) -> Output:
    """DescribeReplicationRepair."""
    scope, named = "DescribeReplicationRepair", call.input["repairId"]
    (after,) = pages.start(call, scope, 1)
    if after and not (after.isdecimal() and len(after) <= _LONGEST_ORDINAL):
        raise PageTokenInvalid
    args = (named, pages.limit(call), int(after or 0))
    found, page = await call.core.units.read(repairs.describe, call.caller, call.registry, *args)
    return {
        **_shown(found),
        "differences": [_difference(each) for each in page.items],
        "nextToken": pages.following(call, scope, page.after),
    }


def _option(given: Mapping[str, Any]) -> Option:
    return Option(
        _destination(given["destination"]),
        tuple(each["filter"] for each in given.get("repositoryFilters", ())),
        tuple(each["filter"] for each in given.get("tagFilters", ())),
        tuple(given.get("settings", ())),
    )


def _destination(given: Mapping[str, Any]) -> Destination:
    return Destination(given["region"], given["registryId"])


def _shown_destination(each: Destination) -> Output:
    return {"region": each.region, "registryId": each.account}


def _shown_option(option: Option) -> Output:
    prefixes = [{"filter": text, "filterType": "PREFIX_MATCH"} for text in option.prefixes]
    tags = [{"filter": text, "filterType": "WILDCARD"} for text in option.tags]
    return {
        "destination": _shown_destination(option.destination),
        "repositoryFilters": prefixes or None,
        "tagFilters": tags or None,
        "settings": list(option.settings) or None,
    }


def _shown(repair: Repair) -> dict[str, Any]:
    return {
        "registryId": repair.registry.account,
        "repairId": repair.id,
        "destination": _shown_destination(repair.destination),
        "repositoryName": repair.name or None,
        "dryRun": repair.is_dry,
        "status": repair.status,
        "comparedCount": repair.compared,
        "differenceCount": repair.found,
        "keptCount": repair.kept,
        "startedAt": repair.started_at,
        "endedAt": repair.ended_at,
    }


def _difference(item: RepairItem) -> Output:
    told = {"repositoryName": item.name, "difference": item.difference, "kept": item.is_kept}
    if not item.digest:
        return {**told, "settings": item.tag.split(", ")}
    return {**told, "imageDigest": item.digest, "imageTag": item.tag or None}
