"""What matching several images anew goes through, as units of work: read together, and kept together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from entrepot.core.scanning import enhanced_work
from entrepot.core.scanning.analysis import Analysis
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.kept_images import HELD_BY
from entrepot.core.scanning.suppressions import Source
from entrepot.db import enhanced_scans, finding_texts, image_inventories, inspector_findings, rematches, repositories
from entrepot.db.database import Transaction
from entrepot.db.finding_texts import FindingText
from entrepot.db.inspector_findings import Brief
from entrepot.db.inspector_records import ImageKey
from entrepot.db.rematches import Held
from entrepot.db.scan_records import Scan
from entrepot.spec.repository import RegistryKey


class Stored(NamedTuple):
    """An image that is held, as its rows have it; of one whose scan is gone, or that nothing is kept of, less."""

    held: Held
    scan: Scan | None
    inventory: bytes | None = None
    before: Sequence[Brief] = ()
    revision: int = 0  # of its repository: a finding that changes is a change of that


@dataclass(frozen=True, slots=True)
class Matched:
    """What is found in an image, and the texts of what will be told of it."""

    stored: Stored
    scan: Scan
    analysis: Analysis
    texts: Mapping[str, Texts]


def read(tx: Transaction, held: Sequence[Held]) -> Sequence[Stored]:
    """Images that are held."""
    return [_stored(tx, each) for each in held]


def _stored(tx: Transaction, held: Held) -> Stored:
    image = ImageKey(held.repository_id, held.digest)
    scan = enhanced_scans.find(tx, image)
    inventory = None if scan is None else image_inventories.find(tx, *image, HELD_BY)
    repository = repositories.find_live(tx, image.repository_id)
    if scan is None or inventory is None or repository is None:
        return Stored(held, None if repository is None else scan)
    return Stored(held, scan, inventory, inspector_findings.briefly(tx, image), repository.revision)


def keep(tx: Transaction, of: Sequence[Matched], at: datetime, sources: Sequence[Source]) -> int:
    """Keep what was found in each image, and let go of it: all of this or nothing; of how many. One that was lost, or
    is to be matched once more, is left alone. Rows that others lock too come in one order, repositories first and texts
    last.
    """
    together = sorted(of, key=lambda each: each.stored.held)
    places = {
        of: enhanced_work.lock(tx, of) for of in dict.fromkeys(each.stored.held.repository_id for each in together)
    }
    revisions = {of: -1 if place is None else place.repository.revision for of, place in places.items()}
    texts: dict[RegistryKey, dict[FindingText, None]] = {}
    kept = 0
    for each in together:
        stored, repository_id = each.stored, each.stored.held.repository_id
        place = places[repository_id]
        if not rematches.done(tx, stored.held) or place is None:
            continue
        known = stored.before if revisions[repository_id] == stored.revision else None
        settled = enhanced_work.settle(tx, place, each.scan, each.analysis, each.texts, at, sources, known)
        if settled is not None:
            kept += 1
            places[repository_id] = settled.place
            texts.setdefault(place.repository.key.registry, {}).update(dict.fromkeys(settled.texts))
    for registry in sorted(texts, key=lambda each: (each.account, each.region)):
        finding_texts.put(tx, registry, list(texts[registry]))
    return kept
