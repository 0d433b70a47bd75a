"""State machines over a database: a fresh one for each example, on SQLite, and on PostgreSQL where it is asked for."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from entrepot.db.database import Database
from tests.factories.databases import postgresql_database, sqlite_database
from tests.factories.postgresql import Cluster


class DatabaseMachine(RuleBasedStateMachine):
    """A machine that has a database."""

    def __init__(self) -> None:
        super().__init__()
        self.database = self.open_database()

    def open_database(self) -> Database:
        """A fresh database."""
        self.directory = tempfile.TemporaryDirectory()
        return sqlite_database(Path(self.directory.name))

    def teardown(self) -> None:
        self.database.close()
        self.directory.cleanup()


def run_on_postgresql(machine: type[DatabaseMachine], cluster: Cluster, examples: int) -> None:
    """A machine of tests/property over PostgreSQL."""

    class OnPostgresql(machine):  # type: ignore[valid-type,misc]  # a class that is given
        def open_database(self) -> Database:
            self.address = cluster.database()
            return postgresql_database(self.address)

        def teardown(self) -> None:
            self.database.close()
            cluster.give_back(self.address)

    few = settings(max_examples=examples, stateful_step_count=40, deadline=None)
    run_state_machine_as_test(OnPostgresql, settings=few)
