"""Every use case of lifecycle policies with arguments for one furnished account, for tests that walk them."""

from datetime import timedelta

from entrepot.core.lifecycle import policies, previews
from entrepot.core.lifecycle.executor import LifecycleJob, Pace
from entrepot.spec.digest import Digest
from tests.factories.callers import EPOCH, repository
from tests.factories.core_database import CoreDatabase
from tests.factories.lifecycle import rule, text
from tests.factories.use_cases import Case

KEY = repository("aging")
FIRST = ("", "")
KEEP_ONE = text(rule(1, 1))
PARTS = {"lifecycle.steps.carry_out"}
# use case -> how it is called in the house below
CASES: dict[str, Case] = {
    "lifecycle.policies.delete": Case((KEY,), "DeleteLifecyclePolicy"),
    "lifecycle.policies.get": Case((KEY,)),
    "lifecycle.policies.put": Case((KEY, text(rule(1, 2))), "PutLifecyclePolicy"),
    "lifecycle.previews.of_images": Case((KEY, [(Digest.of(b"absent"), None)])),
    "lifecycle.previews.page": Case((KEY, "ANY", 10, FIRST)),
    "lifecycle.previews.spared": Case((KEY, 10, FIRST)),
    "lifecycle.previews.start": Case((KEY, None), "StartLifecyclePolicyPreview"),
}


def furnish(core: CoreDatabase) -> None:
    """A repository with a policy and a preview of what it would do."""
    core.repository(KEY.name)
    core.image(KEY, "old")
    core.image(KEY, "new", layers=[b"other"])
    core.write(previews.start, KEY, KEEP_ONE)
    LifecycleJob(core.database, lambda: EPOCH, Pace(timedelta(hours=1))).run(EPOCH)
    core.write(policies.put, KEY, KEEP_ONE)
