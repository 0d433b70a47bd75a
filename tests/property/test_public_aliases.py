"""Names in public addresses: every worker knows whose an alias is after each acknowledged write; one is primary."""

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from entrepot.core import public_aliases
from entrepot.core.hot import Hot
from entrepot.db import public_aliases as rows
from entrepot.db.sqlite import SqliteDatabase
from entrepot.errors import Fact
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT
from tests.factories.core_database import CoreDatabase

ACCOUNTS, ALIASES = [ACCOUNT, OTHER_ACCOUNT], ["team", "tool", "default0", "default1"]
accounts, aliases = st.sampled_from(ACCOUNTS), st.sampled_from(ALIASES)


class Aliases(RuleBasedStateMachine):
    """Writers of another process, and workers that remember what they can."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.core = CoreDatabase(Path(self.directory.name))
        self.other = SqliteDatabase(self.core.path)
        self.snapshots = [self.core.database.snapshot() for _ in range(3)]
        self.workers = [Hot(snapshot) for snapshot in self.snapshots]

    def teardown(self) -> None:
        for snapshot in self.snapshots:
            snapshot.close()
        self.other.close()
        self.core.close()
        self.directory.cleanup()

    def write(self, work: Any, *args: Any, **kwargs: Any) -> None:
        """A refusal is an answer too."""
        fault = self.other.submit(lambda tx: work(tx, *args, **kwargs)).exception()
        assert fault is None or isinstance(fault, Fact)

    @rule(account=accounts)
    def make_a_first_repository(self, account: str) -> None:
        self.write(public_aliases.ensure_default, account, f"default{ACCOUNTS.index(account)}", EPOCH)

    @rule(account=accounts, alias=aliases, primary=st.booleans())
    def add(self, account: str, alias: str, primary: bool) -> None:
        if alias in ("team", "tool"):
            self.write(public_aliases.add, account, alias, EPOCH, primary=primary)

    @rule(account=accounts, alias=aliases)
    def remove(self, account: str, alias: str) -> None:
        self.write(public_aliases.remove, account, alias, f"default{ACCOUNTS.index(account)}", EPOCH)

    @rule(worker=st.integers(0, 2), alias=aliases)
    def ask_one_worker(self, worker: int, alias: str) -> None:
        """So that they differ in what they remember."""
        self.workers[worker].alias(alias)

    @invariant()
    def every_worker_answers_the_truth(self) -> None:
        held = self.core.row(rows.list_all)
        for worker in self.workers[1:]:
            for alias in ALIASES:
                assert worker.alias(alias) == {each.name: each.account for each in held}.get(alias)
            for account in ACCOUNTS:
                assert worker.primary_alias(account) == {each.account: each.name for each in held if each.primary}.get(
                    account
                )

    @invariant()
    def a_registry_with_aliases_has_one_primary_and_at_most_one_default(self) -> None:
        for account in ACCOUNTS:
            held = self.core.row(rows.of_account, account)
            assert sum(alias.primary for alias in held) == bool(held)
            assert sum(alias.standing == "default" for alias in held) <= 1


TestAliases = Aliases.TestCase
TestAliases.settings = settings(max_examples=20, stateful_step_count=25)
