"""The machine of tests/property over PostgreSQL: fewer examples, for each needs a database of its own."""

from tests.factories.machines import run_on_postgresql
from tests.factories.postgresql import Cluster
from tests.property.test_collection_machine import Collection

EXAMPLES, EXAMPLES_FULL = 8, 200


def test_every_interleaving_keeps_what_manifests_need(postgresql: Cluster, full):
    run_on_postgresql(Collection, postgresql, EXAMPLES_FULL if full else EXAMPLES)
