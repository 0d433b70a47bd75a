"""What is told of images: `ECR Image Action`, and `ECR Referrer Action` of manifests with a subject (ECR user guide,
"Amazon ECR events and EventBridge").
"""

from datetime import datetime

from entrepot.core.changes import Json
from entrepot.db.records import Repository, StoredManifest


def of_change(repository: Repository, manifest: StoredManifest, tag: str | None, action: str) -> tuple[str, Json]:
    """The type and the detail of the event of an image that was put or deleted, under a tag or without one."""
    detail: Json = {
        "result": "SUCCESS",
        "repository-name": repository.key.name,
        "image-digest": manifest.digest,
        "action-type": action,
        "image-tag": tag or "",
        "manifest-media-type": manifest.media_type,
        "artifact-media-type": manifest.artifact_type or "",
    }
    return _type(manifest), detail


def of_storage_class(
    repository: Repository, manifest: StoredManifest, target: str, activated_at: datetime | None
) -> tuple[str, Json]:
    """The same of one that was archived, or restored at a moment."""
    detail: dict[str, object] = {
        "result": "SUCCESS",
        "repository-name": repository.key.name,
        "image-digest": manifest.digest,
        "action-type": "UPDATE_STORAGE_CLASS",
        "target-storage-class": target,
        "manifest-media-type": manifest.media_type,
        "artifact-media-type": manifest.artifact_type or "",
    }
    if activated_at is not None:
        detail["last-activated-at"] = f"{activated_at:%Y-%m-%dT%H:%M:%S}.{activated_at.microsecond // 10_000:02}Z"
    return _type(manifest), detail


def _type(manifest: StoredManifest) -> str:
    return "ECR Image Action" if manifest.subject is None else "ECR Referrer Action"
