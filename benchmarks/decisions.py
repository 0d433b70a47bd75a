"""What IAM adds to a hot pull: the time of one decision, by what the policies look at.

The floor is what any remembered answer costs: one look into a dictionary under the same question.
"""

import json
import timeit
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from benchmarks.report import Gate, Row
from benchmarks.servers import FLOOR, OURS
from entrepot.core import access, resources
from entrepot.core.access import Caller
from entrepot.core.principals import user_principal
from entrepot.core.resources import Resource
from entrepot.core.rights import Rights
from entrepot.core.stored_policies import compiled
from entrepot.db import registries
from entrepot.db.records import Repository
from entrepot.policy.evaluation import Policies
from entrepot.spec.repository import RegistryKey, RepositoryKey

LIMIT_US = 10.0
_ACCOUNT = "000000000000"
_KEY = RepositoryKey(RegistryKey("private", _ACCOUNT, "us-east-1"), "team/app")
_AT = datetime(2026, 1, 1, tzinfo=UTC)
_PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def rows(repeat: int, seconds: float) -> Iterator[Row]:
    """One row for each kind of policy; only what needs nothing of the request can be remembered."""
    for title, conditions, policy, gated in (
        ("remembered", {}, None, True),
        ("remembered, repository policy", {}, _statement({}, Principal={"AWS": _ACCOUNT}), True),
        ("by source address", {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, None, False),
        ("by resource tag", {"StringEquals": {"aws:ResourceTag/team": "blue"}}, None, False),
        ("by image tag", {"StringLike": {"ecr:ImageTag": "v*"}}, None, False),
    ):
        row = Row(f"decision of a pull, {title}", "us", lower_is_better=True)
        row.gates = [Gate("", 0, limit=LIMIT_US)] if gated else []
        who, what = _caller(conditions), _resource(policy)
        remembered = {(f"{what.service}:BatchGetImage", what.arn, what.account, what.policies): True}
        for _ in range(repeat):
            row.add(OURS, _time(partial(_decide, who, what), seconds))
            row.add(FLOOR, _time(partial(_look, remembered, what), seconds))
        yield row


def _decide(who: Caller, what: Resource) -> None:
    access.require_images(who, "BatchGetImage", what, lambda: [("v1", "sha256:" + "0" * 64)])


def _look(remembered: Mapping[Any, bool], what: Resource) -> bool:
    return remembered[f"{what.service}:BatchGetImage", what.arn, what.account, what.policies]


def _time(work: Callable[[], object], seconds: float) -> float:
    timer = timeit.Timer(work)
    number, _ = timer.autorange()
    turns = max(int(seconds / 0.2), 1)
    return min(timer.repeat(turns, number)) / number * 1e6


def _statement(conditions: Mapping[str, Any], **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": _PULL, "Condition": conditions, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _caller(conditions: Mapping[str, Any]) -> Caller:
    principal = user_principal(_ACCOUNT, "AIDA" + "A" * 17, "/ann", "AKIA", 1)
    policy = compiled("p", _statement(conditions, Resource=f"arn:aws:ecr:*:{_ACCOUNT}:repository/team/*"))
    rights = Rights(principal.subject(), Policies(identity=(policy,)))
    return Caller(
        principal, rights, "us-east-1", "10.0.0.1", "docker", str(uuid.uuid4()), secure=True, door="oci", at=_AT
    )


def _resource(policy: str | None) -> Resource:
    repository = Repository("01J", _KEY, "MUTABLE", (), False, {}, 1, 1, _AT, policy)
    return resources.of_repository(
        _KEY, repository, registries.record(None, _KEY.registry), lambda _: [("team", "blue")]
    )
