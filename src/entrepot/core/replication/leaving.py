"""What was deleted at the source, at a destination whose rule replicates deletions (ECR user guide, "Replicating image
deletions").

A tag that was taken off goes there too; an image that was deleted goes with all tags that it has there. What the source
has got again meanwhile stays.
"""

from datetime import datetime

from entrepot.core import deletion, lookup
from entrepot.core.changes import Change
from entrepot.core.replication.arriving import EVENT, Way, caller, detail, lock_ends
from entrepot.core.replication.outcomes import COMPLETE, GONE, Outcome
from entrepot.db import images, tags
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.spec.digest import Digest


def leave(tx: Transaction, way: Way, digest: str, tag: str, at: datetime) -> Outcome:
    """Have the destination be without an image, or without a tag, that the source is without: AccessDenied,
    RepositoryProtected; ImageReferenced while an index of the destination names it.
    """
    source, target = lock_ends(tx, way)
    if target is None:
        return GONE
    actor = caller(tx, way, at)
    lookup.allow(tx, actor, way.target, "ReplicateImage")
    change = Change(tx, actor, target)
    is_deleted = source is None or not images.known(tx, source.id, digest)
    told: dict[str, object] = {"imageDigest": digest}
    if is_deleted and images.known(tx, target.id, digest):
        deletion.remove_image(tx, change, Digest(digest))
    if tag and _is_left(tx, source, target, digest, tag):
        deletion.untag(tx, change, tag)
        told = {"imageTag": tag} if not is_deleted else told
    if not change.events:
        return GONE
    change.event(EVENT, {**detail(way, digest, tag, "SUCCESS"), "action-type": "DELETE"}, [way.target.arn])
    change.finish("BatchDeleteImage", {"repositoryName": way.target.name, "imageIds": [told]})
    return COMPLETE


def _is_left(tx: Transaction, source: Repository | None, target: Repository, digest: str, tag: str) -> bool:
    """Whether the source has not got the tag, and the destination has it from there: on the image, or on another one
    of the source, from which the source had moved it.
    """
    if source is None:
        return False  # its images are deleted one by one, with their tags
    pointed = tags.find(tx, target.id, tag)
    if pointed is None or tags.find(tx, source.id, tag) is not None:
        return False
    return pointed == digest or images.known(tx, source.id, pointed)
