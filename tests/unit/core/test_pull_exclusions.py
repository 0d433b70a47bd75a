"""Whose pulls the fold of journals counts: decided by who is behind a call, when it is folded."""

from pathlib import Path

import pytest

from entrepot.core import images, pull_exclusions
from entrepot.core.calls import Identity
from entrepot.core.upkeep import JournalFold
from entrepot.db import pull_exclusions as rows
from tests.factories import calls, journal_calls
from tests.factories.callers import ACCOUNT, OTHER_ACCOUNT
from tests.factories.core_database import CoreDatabase

ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/backup"
USER = f"arn:aws:iam::{ACCOUNT}:user/alice"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/backup/night"
WHO = {
    "user": Identity("user", "AIDA", USER, ACCOUNT, "AKIA"),
    "session of the role": Identity("role session", "AROA:night", SESSION, ACCOUNT, "ASIA", ROLE, "AROA"),
    "session of another": Identity("role session", "AROA:x", SESSION, ACCOUNT, "ASIA", f"{ROLE}-2", "AROB"),
    "user of another account": Identity("user", "AIDB", USER.replace(ACCOUNT, OTHER_ACCOUNT), OTHER_ACCOUNT, "AKIB"),
    "nobody": None,
}


@pytest.mark.parametrize("door", ["oci", "aws"])
@pytest.mark.parametrize(
    ("excluded", "counted"),
    [
        ([], set(WHO)),
        ([ROLE], set(WHO) - {"session of the role"}),
        ([USER], set(WHO) - {"user"}),
        ([ROLE, USER], set(WHO) - {"session of the role", "user"}),
        ([ROLE.replace("/team", "")], set(WHO)),
    ],
)
def test_a_pull_counts_unless_who_is_behind_it_is_excluded(
    core: CoreDatabase, tmp_path: Path, door: str, excluded: list[str], counted: set[str]
):
    key = core.repository("one")
    repository = core.present(key).id
    pulls = {name: core.image(key, layers=[name.encode()]) for name in WHO}
    for arn in excluded:
        core.write(pull_exclusions.register, key.registry, arn)
    directory = tmp_path / "journal"
    directory.mkdir()
    told = [
        journal_calls.call(
            1, repository_id=repository, door=door, pulled=(pulls[name].digest,), identity=who, account=ACCOUNT
        )
        for name, who in WHO.items()
    ]
    journal_calls.journal(directory, "a", *told)
    assert JournalFold(core.database, directory).run() == len(told)
    found = core.read(images.describe, key, images.LISTED, 10, "").images
    pulled = {row.digest for row in found if row.last_pulled_at is not None}
    assert pulled == {pulls[name].digest for name in counted}


def test_an_exclusion_of_another_region_does_not_count(core: CoreDatabase):
    key = core.repository("one").registry
    core.write(pull_exclusions.register, key, USER)
    common = calls.call("BatchGetImage", 1, identity=WHO["user"], account=ACCOUNT, region="eu-west-1").common
    assert not pull_exclusions.is_excluded(common, core.row(rows.everywhere))
