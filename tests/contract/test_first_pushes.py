"""Many who need a repository at once make it once, on either engine."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from entrepot.core import templates
from entrepot.core.templates import Occasion, TemplateDraft
from entrepot.db import outbox
from entrepot.db.database import Database, Transaction
from entrepot.errors import RepositoryAlreadyExists
from tests.factories.callers import caller, registry, repository

AT_ONCE = 16
KEY = repository("prod/app")


def run(database: Database, work: Callable[[Transaction], Any]) -> Any:
    return database.submit(work).result()


def test_one_of_many_creates_the_repository_and_tells_it(database: Database):
    draft = TemplateDraft("prod", ("CREATE_ON_PUSH",), mutability="IMMUTABLE")
    run(database, lambda tx: templates.create(tx, caller(), registry(), draft))

    def push(number: int) -> str:
        who = msgspec.structs.replace(caller(), request_id=f"00000000-0000-4000-8000-{number:012d}")
        try:
            found = run(database, lambda tx: templates.create_for(tx, who, KEY, "CREATE_ON_PUSH"))
        except RepositoryAlreadyExists:
            found = run(database, lambda tx: templates.create_for(tx, who, KEY, "CREATE_ON_PUSH"))
        assert found is not None
        assert found.mutability == "IMMUTABLE"
        return str(found.id)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert len(set(pool.map(push, range(AT_ONCE)))) == 1
    told = database.read(lambda tx: outbox.page_after(tx, "audit", "", 100))
    assert [row.name for row in told].count("CreateRepository") == 1


@pytest.mark.parametrize("occasion", ["PULL_THROUGH_CACHE", "REPLICATION"])
def test_other_occasions_need_no_template_and_make_ecrs_defaults(database: Database, occasion: Occasion):
    made = run(database, lambda tx: templates.create_for(tx, caller(), KEY, occasion))
    assert (made.mutability, made.encryption, made.policy) == ("MUTABLE", {"encryptionType": "AES256"}, None)


def test_a_push_needs_one(database: Database):
    assert run(database, lambda tx: templates.create_for(tx, caller(), KEY, "CREATE_ON_PUSH")) is None
