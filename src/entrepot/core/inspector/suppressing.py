"""What filters suppress: a source of core/scanning/suppressions.py, which asks when findings are kept, and again after
filters have changed (core/inspector/suppression_walks.py).
"""

from functools import lru_cache

from entrepot.core.inspector.criteria import Criteria, decoded
from entrepot.core.inspector.findings import Images
from entrepot.core.scanning import enhanced_shown
from entrepot.core.scanning.enhanced_findings import Details
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.suppressions import Decide, Suppression, nothing
from entrepot.db import inspector_filters as filters
from entrepot.db.database import Transaction
from entrepot.db.inspector_records import FindingRecord, ImageKey
from entrepot.db.records import Repository

_REMEMBERED = 4096  # filters
_OPEN = "ACTIVE"


def source(tx: Transaction, repository: Repository, digest: str) -> Decide:
    """What the registry's filters have against findings of an image: the first in the order of their ids."""
    registry = repository.key.registry
    rules = [(each.arn, each.reason, _criteria(each.criteria)) for each in filters.suppressing(tx, registry)]
    image = ImageKey(repository.id, digest)
    if not rules:
        return nothing
    now = Images(tx).now(image)

    def decide(record: FindingRecord, _: Details) -> Suppression | None:
        shown = {**enhanced_shown.shown(record, now, Texts()), "status": _OPEN}  # whatever was decided before
        return next((Suppression(arn, reason) for arn, reason, rule in rules if rule.match(shown)), None)

    return decide


@lru_cache(maxsize=_REMEMBERED)
def _criteria(text: str) -> Criteria:
    return Criteria(decoded(text))
