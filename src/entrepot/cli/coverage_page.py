"""Writes docs/coverage.md from the service models, the tables of operations and what tests have shown (`make docs`).

What tests have shown comes on standard input: docs/coverage.json, as a run of `make coverage` wrote it.
"""

import json
import sys
from collections.abc import Mapping, Sequence

from entrepot.app.services import SERVICES
from entrepot.aws.protocol import models
from entrepot.aws.protocol.models import ROUTES, Model, Route

Results = Mapping[str, Mapping[str, Sequence[str]]]
_HEAD = """# AWS operations

This page is made from botocore's service models, the one of `entrepot` (what AWS has no API for), the server's own
tables of operations and, for ECR and ECR Public, from the results of tests (`docs/coverage.json`, which `make coverage`
writes and which CI holds against its own run) by `make docs`.

An operation that is built does what Amazon documents, and keeps what it promises. One that is not built yet is answered
with `UnknownOperationException` (`InvalidAction` over the query protocol), and a call to it changes nothing.
"""
_SHOWN_HEAD = """
An operation counts when tests have shown all of this:

- **effect**: what it does is seen through another operation or another door, or, of one that reads, what another one
  has done is seen through it;
- **restart**: it is still seen after the server was killed and has started again;
- **undone**: it is seen no more once it is undone;
- **permission**: a caller without the right to it is denied, and nothing changes; the same caller with that right and
  no other is not;
- **errors**: each error that its model lists was provoked through boto3 and came with its code. `ServerException` is
  left out: it stands for faults of the server that tests of faults provoke below the API. What else cannot be is listed
  below the table, with the reason.

| operation | effect | restart | undone | permission | errors | pages, waiters |
|---|---|---|---|---|---|---|
"""
_PARTS = ("effect", "restart", "undone", "permission")
_NOT_COUNTED = frozenset({"ServerException"})


def page(results: Results) -> str:
    """The page's text."""
    return _HEAD + "".join(_section(route, results) for route in ROUTES)


def _section(route: Route, results: Results) -> str:
    model = models.load(route.name, route.version)
    title = f"\n## {model.metadata['serviceId']} ({route.name} {route.version})\n"
    built = SERVICES.get(route.name, {})
    if route.name in results:
        return title + _shown(model, built, results[route.name])
    count = f"\n{len(built)} of {len(model.operations)} operations are built.\n"
    rows = "".join(f"| {name} | {'built' if name in built else 'not yet'} |\n" for name in sorted(model.operations))
    return f"{title}{count}\n| operation | |\n|---|---|\n{rows}"


def _shown(model: Model, built: Mapping[str, object], shown: Mapping[str, Sequence[str]]) -> str:
    whole = sum(1 for name in model.operations if not _missing(model, name, shown.get(name, ())))
    count = f"\n{whole} of {len(model.operations)} operations are shown whole by tests; {len(built)} are built.\n"
    rows = (_row(model, name, shown.get(name, ()), built=name in built) for name in sorted(model.operations))
    return count + _SHOWN_HEAD + "".join(rows) + _exceptions(shown)


def _row(model: Model, name: str, shown: Sequence[str], *, built: bool) -> str:
    if not built:
        return f"| {name} | not yet | | | | | |\n"
    excepted = _excepted(shown)
    parts = " | ".join("yes" if part in shown else "cannot be" if part in excepted else "no" for part in _PARTS)
    errors = _errors(model, name)
    told = [each for each in errors if f"error {each}" in shown]
    untold = [each for each in errors if each in excepted]
    said = f"{len(told)} of {len(errors)}" + (f", {len(untold)} cannot be" if untold else "")
    used = ", ".join(each for each in ("paginator", "waiter") if each in shown)
    return f"| {name} | {parts} | {said} | {used} |\n"


def _errors(model: Model, name: str) -> list[str]:
    return sorted(model.errors(name) - _NOT_COUNTED)


def _excepted(shown: Sequence[str]) -> Mapping[str, str]:
    """What cannot be, with the reason."""
    return dict(each.removeprefix("except ").split(": ", 1) for each in shown if each.startswith("except "))


def _missing(model: Model, name: str, shown: Sequence[str]) -> list[str]:
    """What an operation lacks."""
    excepted = _excepted(shown)
    lacking = [part for part in _PARTS if part not in shown and part not in excepted]
    return lacking + [each for each in _errors(model, name) if f"error {each}" not in shown and each not in excepted]


def _exceptions(shown: Mapping[str, Sequence[str]]) -> str:
    """Each reason once, with what it is the reason of."""
    found: dict[str, list[str]] = {}
    for name, told in sorted(shown.items()):
        for code, reason in _excepted(told).items():
            found.setdefault(f"{code}: {reason}", []).append(name)
    if not found:
        return ""
    rows = "".join(f"- {reason} ({', '.join(names)})\n" for reason, names in sorted(found.items()))
    return f"\nWhat cannot be, and why:\n\n{rows}"


if __name__ == "__main__":
    sys.stdout.write(page(json.load(sys.stdin)))
