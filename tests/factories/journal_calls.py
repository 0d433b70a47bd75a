"""Calls as doors journal them, and journals that hold some."""

from pathlib import Path
from typing import Any

from entrepot.core import calls
from entrepot.core.calls import Call, Identity
from entrepot.journal import Journal
from tests.factories.callers import ACCOUNT, REGION

ALICE = Identity("user", "AIDAALICE", f"arn:aws:iam::{ACCOUNT}:user/alice", ACCOUNT, "AKIAALICE")
DIGEST = "sha256:" + "0" * 64


def call(at: int, operation: str = "BatchGetImage", **fields: Any) -> Call:
    """A request that arrived at this second, of alice about the repository `one`; a pull unless told otherwise."""
    given: dict[str, Any] = {
        "at": at * 1_000_000,
        "service": "ecr",
        "operation": operation,
        "door": "oci",
        "account": ACCOUNT,
        "region": REGION,
        "identity": ALICE,
        "request_id": "request",
        "source_ip": "127.0.0.1",
        "user_agent": "tests",
        "secure": False,
        "repository_id": "01ONE",
        "repository": "one",
        "pulled": (DIGEST,) if operation == "BatchGetImage" else (),
        "status": 200,
        "error": "",
        "message": "",
        "received": 0,
        "sent": 1000,
        "took": 2500,
        "head": False,
        "parameters": {"repositoryName": "one"},
        "response": None,
    }
    return Call(**(given | fields))


def journal(directory: Path, name: str, *told: Call) -> Journal:
    """A journal that is still written, and holds these."""
    made = Journal(directory, name)
    for each in told:
        made.append(calls.encode(each))
    made.flush()
    return made
