"""The job `activate`: ends the restoring of images that have been on their way out of the archive for long enough."""

from datetime import datetime, timedelta
from typing import Final

from entrepot.core import storage_classes
from entrepot.core.changes import Change
from entrepot.core.scanning.places import registry_itself
from entrepot.core.units import BlockingUnits
from entrepot.db import images, repositories
from entrepot.db import storage_classes as rows
from entrepot.db.database import Database, Transaction
from entrepot.db.storage_classes import Activating
from entrepot.spec.event_ids import event_id

_BATCH: Final = 100


class Activation:
    """Several may run: each image is looked at again in the unit that activates it."""

    def __init__(self, database: Database, takes: timedelta) -> None:
        """`takes` is how long an image is on its way."""
        self._units = BlockingUnits(database)
        self._takes = takes

    def run(self, now: datetime) -> dict[str, object]:
        """Activate what is due; how many images."""
        activated = 0
        while due := self._units.read(rows.activating, now - self._takes, _BATCH):
            futures = [self._units.queue(activate, each, now) for each in due]
            done = sum(future.result() for future in futures)
            activated += done
            if done == 0:
                break  # others did it
        return {"activated": activated} if activated else {}


def activate(tx: Transaction, due: Activating, now: datetime) -> bool:
    """Have an image out of the archive, unless it was archived again meanwhile, or is gone."""
    repository = repositories.lock_by_id(tx, due.repository_id)
    stored = images.find(tx, due.repository_id, due.digest)
    if repository is None or stored is None or rows.since(tx, due.repository_id, due.digest) != due.since:
        return False
    request_id = event_id(due.since, f"{due.repository_id}/{due.digest}", "activate")
    change = Change(tx, registry_itself(repository.key.registry, request_id, now), repository)
    storage_classes.activate(change, stored)
    told = {
        "repositoryName": repository.key.name,
        "imageDigest": stored.digest,
        "targetStorageClass": storage_classes.STANDARD,
        "result": "SUCCESS",
        "imageStatus": storage_classes.ACTIVE,
    }
    change.finish("ImageActivationEvent", told)
    return True
