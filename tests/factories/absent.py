"""What a test needs and the machine lacks: a skip with its name on a developer's machine, a failure in CI."""

import os
from typing import NoReturn

import pytest


def absent(what: str) -> NoReturn:
    """End the test for want of this."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}: CI is to have it (.ci/run, `make test`)")
    pytest.skip(what)  # on a developer's machine only: CI has failed above
