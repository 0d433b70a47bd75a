"""What is known of upstreams, read on the event loop: rules by the database's version, what hangs below a repository by
its stamp, as core/hot.py does.
"""

from collections.abc import Sequence
from datetime import datetime

from entrepot.core.pull_through.routing import Route, match
from entrepot.core.recent import Recent
from entrepot.db import pull_through_cache as rows
from entrepot.db import pull_through_rules, upstream_fetches
from entrepot.db.pull_through_cache import Arriving, KnownReferrers
from entrepot.db.pull_through_rules import Rule
from entrepot.db.records import Repository
from entrepot.db.snapshot import Snapshot
from entrepot.spec.digest import Digest
from entrepot.spec.moments import micros, moment
from entrepot.spec.repository import RegistryKey, RepositoryKey

_MOST = 16_384


class Known:
    """Of one event loop; not thread-safe."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._rules: Recent[RegistryKey, tuple[int, Sequence[Rule]]] = Recent(_MOST)
        self._cached: Recent[str, tuple[int, bool]] = Recent(_MOST)
        self._checked: Recent[tuple[str, str], tuple[int, datetime | None]] = Recent(_MOST)

    def route(self, key: RepositoryKey) -> Route | None:
        """Where images of this name come from."""
        return match(self.rules(key.registry), key.name)

    def rules(self, registry: RegistryKey) -> Sequence[Rule]:
        """The rules of a registry, by prefix; of a public one none."""
        if registry.kind != "private":
            return ()
        version = self._snapshot.version()
        entry = self._rules.get(registry)
        if entry is None or entry[0] != version:
            account, region = registry.account, registry.region
            found = self._snapshot.together(
                lambda reader: reader.all(pull_through_rules.ALL, account=account, in_region=region)
            )
            entry = version, [pull_through_rules.record(row) for row in found]
            self._rules.put(registry, entry)
        return entry[1]

    def is_cached(self, repository: Repository) -> bool:
        """Whether a repository holds images of an upstream."""
        entry = self._cached.get(repository.id)
        if entry is None or entry[0] != repository.stamp:
            entry = repository.stamp, self._snapshot.one(rows.IS_CACHED, of=repository.id) is not None
            self._cached.put(repository.id, entry)
        return entry[1]

    def checked_at(self, repository: Repository, tag: str) -> datetime | None:
        """When a tag was last looked for upstream; None of one that did not come from there."""
        entry = self._checked.get((repository.id, tag))
        if entry is None or entry[0] != repository.stamp:
            row = self._snapshot.one(rows.FIND_TAG, of=repository.id, name=tag)
            entry = repository.stamp, None if row is None else moment(row.checked_at)
            self._checked.put((repository.id, tag), entry)
        return entry[1]

    def arriving(self, repository: Repository, digest: Digest) -> Arriving | None:
        """The image of this digest that is on its way."""
        row = self._snapshot.one(rows.FIND_ARRIVING, of=repository.id, digest=digest)
        return None if row is None else rows.arriving_of(row)

    def arriving_tag(self, repository: Repository, tag: str) -> Arriving | None:
        """The image on its way that is to have this tag."""
        found = self._snapshot.together(lambda reader: rows.all_arriving(reader, repository.id))
        return next((each for each in found if tag in each.tags), None)

    def needed_size(self, repository: Repository, digest: Digest) -> int | None:
        """The size of a blob that an image of the repository, or one on its way, needs."""
        row = self._snapshot.one(rows.FIND_ARRIVING_BLOB, of=repository.id, digest=digest)
        return None if row is None else int(row.size)

    def referrers(self, repository: Repository, subject: Digest) -> KnownReferrers | None:
        """What an upstream listed as the referrers of a digest."""
        return self._snapshot.together(lambda reader: rows.referrers(reader, repository.id, subject))

    def fetcher(self, name: str, at: datetime) -> str:
        """Who brings this right now, '' for nobody."""
        row = self._snapshot.one(upstream_fetches.FIND, of=name)
        return row.holder if row is not None and row.expires_at > micros(at) else ""
