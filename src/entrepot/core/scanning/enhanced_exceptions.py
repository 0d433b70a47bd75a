"""Exceptions as a source of core/scanning/suppressions.py, and what is told when findings are decided on anew."""

from collections.abc import Callable, Sequence
from datetime import datetime

from entrepot.core.scanning import standings
from entrepot.core.scanning.enhanced_changes import redecided
from entrepot.core.scanning.enhanced_events import advisory
from entrepot.core.scanning.enhanced_findings import Details
from entrepot.core.scanning.enhanced_rulings import ruling
from entrepot.core.scanning.suppressions import Decide, Source, Suppression, nothing, of_image
from entrepot.db import inspector_findings, repositories
from entrepot.db.database import Transaction
from entrepot.db.inspector_records import FindingRecord, ImageKey
from entrepot.db.records import Repository


def source(clock: Callable[[], datetime]) -> Source:
    """What exceptions have against findings of an image at the moment of asking."""

    def of(tx: Transaction, repository: Repository, digest: str) -> Decide:
        at = clock()
        held = standings.rulings(tx, repository, digest, at)
        if not held:
            return nothing
        digests = standings.digests_of(tx, repository, digest)

        def decide(record: FindingRecord, details: Details) -> Suppression | None:
            found = ruling(held, record, details, digests, at)
            return None if found is None else Suppression(found.id, found.reason)

        return decide

    return of


def advisories(tx: Transaction, image: ImageKey, at: datetime, sources: Sequence[Source]) -> Sequence[str]:
    """Those whose texts are needed to tell of findings that are decided on otherwise now."""
    repository = repositories.find_live(tx, image.repository_id)
    if repository is None:
        return ()
    decide = of_image(tx, repository, image.digest, sources)
    changed = redecided(inspector_findings.of_image(tx, image), decide, at)
    return sorted({advisory(each) for each in changed})
