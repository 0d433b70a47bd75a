"""Writes docs/coverage.md from the service models and the tables of operations (`make docs`)."""

import sys
from collections.abc import Mapping

from entrepot.app.services import SERVICES
from entrepot.aws.protocol import models
from entrepot.aws.protocol.models import ROUTES, Route

_HEAD = """# AWS operations

This page is made from botocore's service models, the one of `entrepot` (what AWS has no API for), and the server's own
tables of operations by `make docs`.

An operation that is built does what Amazon documents, and keeps what it promises. One that is not built yet is answered
with `UnknownOperationException` (`InvalidAction` over the query protocol), and a call to it changes nothing.
"""


def page() -> str:
    """The page's text."""
    return _HEAD + "".join(_service(route, SERVICES.get(route.name, {})) for route in ROUTES)


def _service(route: Route, built: Mapping[str, object]) -> str:
    model = models.load(route.name, route.version)
    title = f"\n## {model.metadata['serviceId']} ({route.name} {route.version})\n"
    count = f"\n{len(built)} of {len(model.operations)} operations are built.\n"
    rows = "".join(f"| {name} | {'built' if name in built else 'not yet'} |\n" for name in sorted(model.operations))
    return f"{title}{count}\n| operation | |\n|---|---|\n{rows}"


if __name__ == "__main__":
    sys.stdout.write(page())
