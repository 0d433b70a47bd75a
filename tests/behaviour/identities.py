"""IAM for tests: names that are used once, and what must be refused."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.factories.processes import Server

ACCOUNT = "000000000000"
_numbers = itertools.count()


def refusal(operation: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """(code, message) of a call that must be refused."""
    with pytest.raises(ClientError) as refused:
        operation(**parameters)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


class Iam:
    """A client of IAM as the root, and things made with it."""

    def __init__(self, server: Server) -> None:
        self.api = server.client("iam")

    def name(self) -> str:
        """A name that nothing has."""
        return f"n{next(_numbers):05d}"

    def user(self, **given: Any) -> str:
        """The name of a new user."""
        name = self.name()
        self.api.create_user(UserName=name, **given)
        return name
