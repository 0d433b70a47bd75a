"""Every use case of replication with arguments for one furnished account, for tests that walk them."""

from typing import Any

from entrepot.core.replication import backfills, options, repairs, rules
from entrepot.core.replication.engine import Replication
from entrepot.core.replication.options import Option
from entrepot.core.replication.rules import Destination, Rule
from entrepot.spec.digest import Digest
from tests.factories.callers import ACCOUNT, EPOCH, image_manifest, repository
from tests.factories.core_database import CoreDatabase
from tests.factories.use_cases import Case

KEY = repository("copied")
NEAR, FAR = Destination("eu-west-1", ACCOUNT), Destination("eu-central-1", ACCOUNT)
SERVED = (KEY.registry.region, NEAR.region, FAR.region)
RULES = [Rule((NEAR, FAR), (KEY.name,), True)]
BACKFILL = "00000000-0000-4000-8000-00000000beef"
NEW = "00000000-0000-4000-8000-00000000cafe"
ROLE_ID = "AROAREPLICATION000000"
IMAGE: Digest = image_manifest([b"copied"]).digest
PUT: tuple[Any, ...] = (KEY.registry, RULES, SERVED, {}, ROLE_ID)
PARTS = {
    "replication.arriving.require_ends",
    *(f"peers.receiving.{name}" for name in ("prepare", "put", "remove", "require", "tell_refused")),
}  # what peers do is walked by tests/unit/core/peers/test_receiving.py
REPAIR = "00000000-0000-4000-8000-00000000fade"
# use case -> how it is called in the house below
CASES: dict[str, Case] = {
    "replication.backfills.list_of": Case((KEY.registry, 10, ("", ""))),
    "replication.backfills.results": Case((KEY.registry, BACKFILL, None, 10, ("", "", ""))),
    "replication.backfills.start": Case((KEY.registry, FAR, NEW), "StartReplicationBackfill"),
    "replication.backfills.stop": Case((KEY.registry, BACKFILL), "StopReplicationBackfill"),
    "replication.options.get": Case((KEY.registry,)),
    "replication.options.put": Case((KEY.registry, [], SERVED, {}), "PutReplicationOptions", service="entrepot"),
    "replication.repairs.describe": Case((KEY.registry, REPAIR, 10, 0)),
    "replication.repairs.destinations": Case((KEY.registry,)),
    "replication.repairs.start": Case(
        (KEY.registry, NEAR, "", NEW), "StartReplicationRepair", {"dry": True}, service="entrepot"
    ),
    "replication.rules.describe": Case((KEY.registry,)),
    "replication.rules.put": Case((KEY.registry, [], *PUT[2:]), "PutReplicationConfiguration"),
    "replication.statuses.describe": Case((KEY, IMAGE, None)),
}


def furnish(core: CoreDatabase) -> None:
    """Rules, options, an image that has gone where they say, a backfill and a repair that have just begun."""
    core.write(rules.put, *PUT)
    core.write(options.put, KEY.registry, [Option(FAR, (), (), ("RESOURCE_TAGS",))], SERVED, {})
    core.repository(KEY.name)
    core.image(KEY, "v1", layers=[b"copied"])
    Replication(core.database).run(EPOCH)
    core.write(backfills.start, KEY.registry, NEAR, BACKFILL)
    core.write(repairs.start, KEY.registry, NEAR, "", REPAIR, dry=True)
