"""What audit records tell of evaluations: PolicyExecutionEvent and DryRunEvent (ECR user guide, "Logging Amazon ECR
actions with CloudTrail", "Image lifecycle policy").
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from entrepot.core.access import Caller
from entrepot.core.scanning.places import registry_itself
from entrepot.db.records import Repository
from entrepot.pattern.lifecycle.policy import COUNT, PULLED, PUSHED, TRANSITIONED, Policy, Rule
from entrepot.pattern.lifecycle.records import Action, Kept, Record

EXECUTION, DRY_RUN = "PolicyExecutionEvent", "DryRunEvent"
AT_ONCE = 10  # images in one event
_MOST_TAGS = 100
_MILLISECOND = 1000
_COUNTS = {
    COUNT: "Image count more than",
    PUSHED: "Since image pushed",
    PULLED: "Since image pulled",
    TRANSITIONED: "Since image transitioned",
}


@dataclass(frozen=True, slots=True)
class Told:
    """Which policy it is about; of one that is not kept the version is 0."""

    repository: Repository
    policy: Policy
    policy_id: str
    version: int
    evaluated_at: int  # milliseconds since the epoch, 0 before the first time


def caller(repository: Repository, at: datetime) -> Caller:
    """The registry itself, for one event."""
    return registry_itself(repository.key.registry, str(uuid.uuid4()), at)


def details(about: Told, actions: Sequence[Action], failures: Iterable[Kept]) -> Mapping[str, object]:
    """`serviceEventDetails`."""
    return {
        "repositoryName": about.repository.key.name,
        "lifecycleEventPolicy": {
            "lifecycleEventRules": [_rule(each) for each in about.policy.rules],
            "lastEvaluatedAt": about.evaluated_at,
            "policyVersion": about.version,
            "policyId": about.policy_id,
        },
        "lifecycleEventImageActions": [
            {"lifecycleEventImage": _image(each.record, each.tags), "rulePriority": each.priority} for each in actions
        ],
        "lifecycleEventFailureDetails": [_failure(each) for each in failures],
    }


def _failure(kept: Kept) -> Mapping[str, object]:
    return {
        "lifecycleEventImage": _image(kept.record, kept.record.tags),
        "rulePriority": kept.priority,
        "failureCode": "ImageReferencedByManifestList",
        "failureReason": f"Requested image referenced by manifest list: [{', '.join(kept.parents)}]",
    }


def _image(record: Record, tags: Sequence[str]) -> Mapping[str, object]:
    return {
        "digest": record.digest,
        "tagStatus": "Tagged" if tags else "Untagged",
        "tagList": list(tags[:_MOST_TAGS]),
        "pushedAt": record.pushed_at // _MILLISECOND,
    }


def _rule(rule: Rule) -> Mapping[str, object]:
    selection: dict[str, object] = {
        "tagStatus": rule.tag_status.capitalize(),
        "tagPrefixList": list(rule.patterns) if rule.are_prefixes else [],
        "countType": _COUNTS[rule.count_type],
        "countNumber": rule.number,
    }
    if rule.patterns and not rule.are_prefixes:
        selection["tagPatternList"] = list(rule.patterns)
    if rule.count_type != COUNT:
        selection["countUnit"] = "days"
    return {
        "rulePriority": rule.priority,
        "description": rule.description,
        "lifecycleEventSelection": selection,
        "action": "transition" if rule.archives else "expire",
    }
