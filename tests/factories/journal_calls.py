"""Calls as doors journal them, and journals that hold some."""

from pathlib import Path
from typing import Any

from entrepot.core.call_pages import pages
from entrepot.core.calls import Call
from entrepot.journal import Journal
from tests.factories import calls

DIGEST = "sha256:" + "0" * 64


def call(at: int, operation: str = "BatchGetImage", **fields: Any) -> Call:
    """A request that arrived at this second, of alice about the repository `one`; a pull unless told otherwise."""
    pulled = (DIGEST,) if operation == "BatchGetImage" else ()
    given = {"repository_id": "01ONE", "repository": "one", "pulled": pulled, "sent": 1000, "took": 2500}
    return calls.call(operation, at * 1_000_000, **{**given, **fields})


def journal(directory: Path, name: str, *told: Call) -> Journal:
    """A journal that is still written, and holds these."""
    made = Journal(directory, name)
    for record in pages(told):
        made.append(record)
    made.flush()
    return made
