"""The machine of tests/property over PostgreSQL: fewer examples, for each needs a database of its own."""

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from entrepot.db.database import Database
from tests.factories.databases import postgresql_database
from tests.factories.postgresql import Cluster
from tests.property.test_trash_machine import Trash

EXAMPLES, EXAMPLES_FULL = 6, 200


def test_every_order_of_deletes_and_restores_keeps_what_may_be_restored(postgresql: Cluster, full):
    class OnPostgresql(Trash):
        def open_database(self) -> Database:
            self.address = postgresql.database()
            return postgresql_database(self.address)

        def teardown(self) -> None:
            self.database.close()
            postgresql.give_back(self.address)

    few = settings(max_examples=EXAMPLES_FULL if full else EXAMPLES, stateful_step_count=40)
    run_state_machine_as_test(OnPostgresql, settings=few)
