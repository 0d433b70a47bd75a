"""The machine of tests/property over PostgreSQL: fewer examples, for each needs a database of its own."""

from tests.factories.machines import run_on_postgresql
from tests.factories.postgresql import Cluster
from tests.property.test_trash_machine import Trash

EXAMPLES, EXAMPLES_FULL = 6, 200


def test_every_order_of_deletes_and_restores_keeps_what_may_be_restored(postgresql: Cluster, full):
    run_on_postgresql(Trash, postgresql, EXAMPLES_FULL if full else EXAMPLES)
