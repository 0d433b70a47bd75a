"""What becomes of the scans of an image that is archived: it is not scanned, and what was found in it is closed."""

from dataclasses import replace
from typing import Final

from entrepot.core.changes import Change
from entrepot.core.scanning import coverage_statuses, enhanced_events, enhanced_work
from entrepot.db import enhanced_scans, tags
from entrepot.db.inspector_records import ImageKey
from entrepot.db.records import StoredManifest
from entrepot.db.scan_records import Scan, ScanKey
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros

STATUS: Final = coverage_statuses.ARCHIVED
DESCRIPTION: Final = "The image is archived: it is scanned when it is restored."
_MOST_TAGS: Final = 1000


def stop(change: Change, stored: StoredManifest) -> None:
    """Have an image scanned no more; who is at it has lost it."""
    tx, image, caller = change.tx, ImageKey(change.repository.id, stored.digest), change.caller
    if enhanced_scans.find(tx, image) is None:
        return
    scan_id = event_id(micros(caller.at), caller.request_id, f"archive/{image.repository_id}/{image.digest}")
    enhanced_scans.queue(tx, image, scan_id, STATUS, DESCRIPTION, caller.at, due=False)
    carried = tags.of_image(tx, image.repository_id, image.digest, _MOST_TAGS)
    for name, resource, detail in enhanced_work.close_all(tx, image, carried, caller.at):
        change.event(name, detail, [resource], source=enhanced_events.SOURCE)


def shown(of: ScanKey, stored: StoredManifest, scan: Scan | None) -> Scan:
    """The scan of an archived image, as it is told."""
    known = scan or Scan(of, "", STATUS, "", stored.archived_at or stored.pushed_at)
    return replace(known, status=STATUS, description=DESCRIPTION, severities={})
