"""Operations on replication: which registries images go to, how they stand there, and backfills."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.aws.ecr import keys
from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import pages
from entrepot.core import entities
from entrepot.core.entities import ROLE
from entrepot.core.replication import backfills, rules, statuses
from entrepot.core.replication.backfills import Backfill, Item, Shown
from entrepot.core.replication.rules import Destination, Rule
from entrepot.errors import PageTokenInvalid
from entrepot.spec.digest import Digest

Output = Mapping[str, Any]
_BACKFILLS_OF_A_PAGE = 25
_LONGEST_MOMENT = 18  # digits


async def put_replication_configuration(call: Call) -> Output:
    """PutReplicationConfiguration: without rules, nothing is replicated any more."""
    given = call.input["replicationConfiguration"]
    wanted = [_rule(each) for each in given["rules"]]
    args = (call.registry, wanted, call.core.regions, call.input, entities.new_id(ROLE))
    kept = await call.core.units.write(rules.put, call.caller, *args)
    return {"replicationConfiguration": {"rules": [_shown_rule(rule) for rule in kept]}}


async def describe_registry(call: Call) -> Output:
    """DescribeRegistry."""
    found = await call.core.units.read(rules.describe, call.caller, call.registry)
    configuration = {"rules": [_shown_rule(rule) for rule in found]}
    return {"registryId": call.registry.account, "replicationConfiguration": configuration}


async def describe_image_replication_status(call: Call) -> Output:
    """DescribeImageReplicationStatus: nothing for an image that no rule took anywhere."""
    key, (digest, tag) = keys.repository(call), keys.image_id(call.input["imageId"])
    found, copies = await call.core.units.read(statuses.describe, call.caller, key, digest, tag)
    return {
        "repositoryName": key.name,
        "imageId": {"imageDigest": found, **({"imageTag": tag} if tag else {})},
        "replicationStatuses": [
            {
                "region": each.destination.region,
                "registryId": each.destination.account,
                "status": each.status,
                "failureCode": each.failure_code or None,
            }
            for each in copies
        ],
    }


async def start_replication_backfill(call: Call) -> Output:
    """StartReplicationBackfill."""
    destination = _destination(call.input["destination"])
    args = (call.registry, destination, str(uuid.uuid4()))
    return _begun(await call.core.units.write(backfills.start, call.caller, *args))


async def stop_replication_backfill(call: Call) -> Output:
    """StopReplicationBackfill."""
    named = call.input["replicationBackfillId"]
    return _begun(await call.core.units.write(backfills.stop, call.caller, call.registry, named))


async def list_replication_backfills(call: Call) -> Output:
    """ListReplicationBackfills."""
    at, of = pages.start(call, "ListReplicationBackfills", 2)
    if at and not (at.isdecimal() and len(at) <= _LONGEST_MOMENT):
        raise PageTokenInvalid
    limit = pages.limit(call, _BACKFILLS_OF_A_PAGE)
    page = await call.core.units.read(backfills.list_of, call.caller, call.registry, limit, (at, of))
    return {
        "registryId": call.registry.account,
        "backfills": [{"replicationBackfillId": each.backfill.id, **_shown_backfill(each)} for each in page.items],
        "nextToken": pages.following(call, "ListReplicationBackfills", page.after),
    }


async def describe_replication_backfill_results(call: Call) -> Output:
    """DescribeReplicationBackfillResults: the images, once it has ended."""
    scope, named = "DescribeReplicationBackfillResults", call.input["replicationBackfillId"]
    name, digest, tag = pages.start(call, scope, 3)
    args = (named, call.input.get("resultStatusFilter"), pages.limit(call), (name, digest, tag))
    found, page = await call.core.units.read(backfills.results, call.caller, call.registry, *args)
    return {
        "registryId": call.registry.account,
        "replicationBackfillId": found.backfill.id,
        **_shown_backfill(found),
        "results": [_shown_item(each) for each in page.items],
        "nextToken": pages.following(call, scope, page.after),
    }


def _rule(given: Mapping[str, Any]) -> Rule:
    deletes = given.get("deleteReplication")
    return Rule(
        tuple(_destination(each) for each in given["destinations"]),
        tuple(each["filter"] for each in given.get("repositoryFilters", ())),
        None if deletes is None else deletes["enabled"],
    )


def _destination(given: Mapping[str, Any]) -> Destination:
    return Destination(given["region"], given["registryId"])


def _shown_rule(rule: Rule) -> Output:
    filters = [{"filter": prefix, "filterType": "PREFIX_MATCH"} for prefix in rule.prefixes]
    return {
        "destinations": [_shown_destination(each) for each in rule.destinations],
        "repositoryFilters": filters or None,
        "deleteReplication": None if rule.deletes is None else {"enabled": rule.deletes},
    }


def _shown_destination(destination: Destination) -> Output:
    return {"region": destination.region, "registryId": destination.account}


def _begun(backfill: Backfill) -> Output:
    return {
        "replicationBackfillId": backfill.id,
        "registryId": backfill.registry.account,
        "destination": _shown_destination(backfill.destination),
        "status": backfill.status,
        "startedAt": backfill.started_at,
    }


def _shown_backfill(shown: Shown) -> Output:
    backfill = shown.backfill
    return {
        "destination": _shown_destination(backfill.destination),
        "status": backfill.status,
        "failureCode": backfill.failure_code or None,
        "progress": _progress(backfill, shown.failure_codes) if backfill.is_prepared else None,
        "startedAt": backfill.started_at,
        "endedAt": backfill.ended_at,
    }


def _progress(backfill: Backfill, codes: Sequence[str]) -> Output:
    return {
        "totalReplicationCount": backfill.total,
        "completedReplicationCount": backfill.completed,
        "failedReplicationCount": backfill.failed,
        "failureCodes": list(codes),
    }


def _shown_item(item: Item) -> Output:
    return {
        "repositoryName": item.name,
        "imageId": {"imageDigest": Digest(item.digest), **({"imageTag": item.tag} if item.tag else {})},
        "status": item.status,
        "failureCode": item.failure_code or None,
        "subImageFailureCodes": None if item.sub_failure_codes is None else list(item.sub_failure_codes),
    }
