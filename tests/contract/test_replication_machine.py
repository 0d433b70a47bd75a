"""The machine of tests/property over PostgreSQL: fewer examples, for each needs a database of its own."""

from tests.factories.machines import run_on_postgresql
from tests.factories.postgresql import Cluster
from tests.property.test_replication_machine import Replicating

EXAMPLES, EXAMPLES_FULL = 4, 100


def test_every_order_of_pushes_and_deletions_comes_to_the_destination(postgresql: Cluster, full):
    run_on_postgresql(Replicating, postgresql, EXAMPLES_FULL if full else EXAMPLES)
