"""What rules add to an event: the time in which one event is held against 1,000 rules, by what the rules ask.

The floor is what any answer costs: the event's JSON is decoded.
"""

import json
import timeit
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from benchmarks.report import Gate, Row
from benchmarks.servers import FLOOR, OURS
from entrepot.pattern.pattern import Pattern
from entrepot.pattern.rules import Rules

LIMIT_US = 1000.0
RULES = 1000
_EVENT = {
    "version": "0",
    "id": "01933c6e-8b2f-7d4a-9c1e-3f5a7b9d1e2f",
    "detail-type": "ECR Image Action",
    "source": "aws.ecr",
    "account": "111122223333",
    "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {
        "result": "SUCCESS",
        "repository-name": "team-500/app-500",
        "image-digest": "sha256:" + "0" * 64,
        "action-type": "PUSH",
        "image-tag": "v500",
        "manifest-media-type": "application/vnd.oci.image.manifest.v1+json",
        "artifact-media-type": "application/vnd.oci.image.config.v1+json",
    },
}
_PUSHES = {"source": ["aws.ecr"], "detail-type": ["ECR Image Action"]}
_MIXED: tuple[Callable[[int], Any], ...] = (
    lambda n: [f"team-{n}/app-{n}"],
    lambda n: [{"prefix": f"team-{n}/"}],
    lambda n: [{"suffix": f"/app-{n}"}],
    lambda n: [{"wildcard": f"team-{n}*/app-*{n}"}],
    lambda n: [{"equals-ignore-case": f"TEAM-{n}/APP-{n}"}],
)


def rows(repeat: int, seconds: float) -> Iterator[Row]:
    """One row for each kind of rules."""
    event = json.dumps(_EVENT).encode()
    for title, rule, matching in (
        ("of one repository each", lambda n: _detail(_MIXED[0](n)), 1),
        ("by all kinds of text", lambda n: _detail(_MIXED[n % len(_MIXED)](n)), 1),
        ("by wildcards that begin with one", lambda n: _detail([{"wildcard": f"*-{n}/app*"}]), 1),
        ("by what they do not want", lambda n: _detail([{"anything-but": {"prefix": f"team-{n}/"}}]), RULES - 1),
        ("that all match", lambda _: _PUSHES, RULES),
    ):
        rules = Rules({n: Pattern(json.dumps(rule(n))) for n in range(RULES)})
        found = len(rules.matching(_EVENT))
        if found != matching:
            raise AssertionError(f"{found} rules match, not {matching}")
        row = Row(f"one event against {RULES} rules {title}", "us", lower_is_better=True)
        row.gates = [Gate("", 0, limit=LIMIT_US)]
        for _ in range(repeat):
            row.add(OURS, _time(partial(rules.matching, _EVENT), seconds))
            row.add(FLOOR, _time(partial(msgspec.json.decode, event), seconds))
        yield row


def _detail(name: list[Any]) -> Mapping[str, Any]:
    return {**_PUSHES, "detail": {"action-type": ["PUSH"], "repository-name": name}}


def _time(work: Callable[[], object], seconds: float) -> float:
    timer = timeit.Timer(work)
    number, _ = timer.autorange()
    turns = max(int(seconds / 0.2), 1)
    return min(timer.repeat(turns, number)) / number * 1e6
