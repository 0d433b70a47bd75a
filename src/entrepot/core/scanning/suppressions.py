"""What keeps a finding from counting, and why: the seam between findings and those who suppress them.

Who suppresses findings is a source, of which app/parts.py has the list. It reads what it needs of an image in the
unit that keeps findings, and then decides on each finding without reading more.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from entrepot.core.scanning.enhanced_findings import Details
from entrepot.db.database import Transaction
from entrepot.db.inspector_records import FindingRecord
from entrepot.db.records import Repository


class Suppression(NamedTuple):
    """Who suppresses a finding (the ARN of a filter, the id of an exception), and the reason that is shown."""

    by: str
    justification: str = ""


# None where this source has nothing against it. The record is open, and says by status and `suppressed_by` what was
# decided before; do not decide by these.
Decide = Callable[[FindingRecord, Details], Suppression | None]
Source = Callable[[Transaction, Repository, str], Decide]  # of the image with this digest


def nothing(_: FindingRecord, __: Details) -> Suppression | None:
    """What a source answers that has nothing against any finding of an image, so that nobody needs to ask."""
    return None


def of_image(tx: Transaction, repository: Repository, digest: str, sources: Sequence[Source]) -> Decide:
    """What suppresses findings of an image: the first source that does."""
    deciders = [each for source in sources if (each := source(tx, repository, digest)) is not nothing]
    if not deciders:
        return nothing

    def decide(record: FindingRecord, details: Details) -> Suppression | None:
        return next((found for each in deciders if (found := each(record, details)) is not None), None)

    return decide
