"""Images that a repository did not hand out, or would not have, as events and metrics: `ECR Image Admission`.

They are told of the audit records of the calls, as pulls are: a decision at a pull writes nothing itself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from entrepot.core.audit.call_events import envelope
from entrepot.core.calls import Call
from entrepot.core.events.accepting import Envelope
from entrepot.core.events.measures import COUNT, Point

_TYPE = "ECR Image Admission"
_NAMESPACE = "Entrepot"
_REFUSED = "REFUSED"


def of_call(call: Call, account: str, region: str) -> Iterator[Envelope]:
    """An event for each decision of a call against an image of this account."""
    if call.common.account != account:
        return
    for ordinal, told in enumerate(_decisions(call)):
        detail = {
            "repository-name": call.common.repository,
            "image-digest": told["imageDigest"],
            "decision": told["decision"],
            "reason": told["reason"],
            "effective-finding-severity-counts": told["effectiveFindingSeverityCounts"],
            "principal": "" if call.common.identity is None else call.common.identity.arn,
        }
        yield envelope(call, region, _TYPE, (_TYPE, ordinal), detail)


def points(calls: Iterable[Call], account: str, region: str) -> list[Point]:
    """How many decisions of each kind there were, by repository, in the minutes of the calls."""
    counted: Counter[tuple[str, str, int]] = Counter()
    for call in calls:
        for told in _decisions(call) if call.common.account == account else ():
            counted[call.common.repository, told["decision"], call.at // 60_000_000 * 60_000_000] += 1
    return [
        Point(
            account,
            region,
            "AdmissionCount",
            {"RepositoryName": repository, "Decision": decision},
            {1.0: number},
            COUNT,
            at,
            _NAMESPACE,
        )
        for (repository, decision, at), number in counted.items()
    ]


def _decisions(call: Call) -> list[dict[str, Any]]:
    """Of a HEAD that was answered nothing is told: the GET will be."""
    told: Any = (call.response or {}).get("admission", ())
    return [each for each in told if isinstance(each, dict) and (each["decision"] == _REFUSED or not call.common.head)]
