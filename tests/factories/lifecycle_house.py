"""A repository with a lifecycle policy, whose images are pushed one after another, and the job that carries it out."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from entrepot.core import images
from entrepot.core.images import OCI_RULES
from entrepot.core.lifecycle import evaluating, policies, previews, registry_settings, steps, told
from entrepot.core.lifecycle.executor import LifecycleJob, Pace
from entrepot.core.scanning import in_use
from entrepot.core.scanning.in_use import Part, Running
from entrepot.db import images as image_rows
from entrepot.db import lifecycle_images
from entrepot.db.lifecycle_records import StoredPolicy
from entrepot.spec.manifest import Manifest
from entrepot.spec.moments import micros
from entrepot.spec.reference import Reference, Tag
from tests.factories.callers import EPOCH, caller, image_manifest, registry, repository
from tests.factories.core_database import CONFIG, CoreDatabase
from tests.factories.lifecycle import rule, text

KEY = repository("one")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
KEEP_ONE = text(rule(1, 1))
OLD = text(rule(1, ("sinceImagePushed", 1)))


class House:
    """A repository whose images are pushed a minute after each other, and a job whose clock stands."""

    def __init__(self, core: CoreDatabase) -> None:
        self.core = core
        self.now = EPOCH
        core.repository("one")
        self.job = LifecycleJob(core.database, lambda: self.now, Pace(HOUR))

    def push(self, manifest: Manifest | None = None, *tags: str) -> Manifest:
        self.now += timedelta(minutes=1)
        if manifest is None:
            manifest = image_manifest([], CONFIG, annotations={"at": str(self.now)})
            self.core.blob(KEY, CONFIG)
        named: list[Reference] = [Tag(tag) for tag in tags]
        for reference in named or [manifest.digest]:
            self.core.write(images.put, KEY, reference, manifest, OCI_RULES, who=caller(at=self.now))
        return manifest

    def images(self, *tags: str) -> list[Manifest]:
        return [self.push(None, tag) for tag in tags]

    def put(self, policy: str) -> None:
        self.core.write(policies.put, KEY, policy, who=caller(at=self.now))

    def run(self) -> Mapping[str, object]:
        return self.job.run(self.now)

    def digests(self) -> set[str]:
        return {row.digest for row in self.core.row(lifecycle_images.images, self.core.present(KEY).id)}

    def statuses(self) -> dict[str, str]:
        """In which storage class each image is."""
        found = self.core.present(KEY)
        rows = self.core.row(lifecycle_images.images, found.id)
        return {row.digest: row.status for row in rows}

    def policy(self) -> StoredPolicy:
        found = self.core.read(policies.get, KEY)
        assert isinstance(found, StoredPolicy)
        return found

    def told(self, name: str) -> list[Any]:
        return [each.parameters for each in self.core.calls(name)]

    def previewed(self) -> list[tuple[str, bool]]:
        shown = self.core.read(previews.page, KEY, "ANY", 1000, ("", ""))
        return [(each.digest, each.spared) for each in shown.images]

    def use(self, digest: Any, cluster: str = "prod") -> None:
        part = Part(cluster, (Running("one", digest, 2),), None, complete=True)
        self.core.write(in_use.report, registry(), part, who=caller(at=self.now))

    def pull(self, digest: str, at: datetime) -> None:
        found = self.core.present(KEY)
        self.core.database.submit(lambda tx: image_rows.pulled(tx, found.id, digest, 1, micros(at))).result()

    def set(self, name: str, value: str) -> None:
        self.core.database.submit(lambda tx: registry_settings.put(tx, registry(), name, value)).result()

    def evaluation(self) -> Any:
        return self.core.row(evaluating.of_repository, self.core.present(KEY).id, self.now)

    def step(self, evaluation: Any) -> Any:
        """Carry out the first group of an evaluation that may be out of date."""
        (group, *_) = steps.groups(evaluation.outcome.actions)
        acting = told.caller(evaluation.repository, self.now)
        revision = evaluation.repository.revision
        return self.core.database.submit(lambda tx: steps.carry_out(tx, acting, evaluation, group, revision)).result()
