"""Images and their ids as pages show them, made as JSON carries them: a page has a thousand, and asking the model about
each of their values took most of its time.
"""

from collections.abc import Mapping

import msgspec

from entrepot.aws.protocol.scalars import Seconds, epoch_seconds, seconds_or_none
from entrepot.core.images import ImageDetail
from entrepot.core.scanning.enhanced_results import Standing
from entrepot.spec.moments import micros, micros_or_none
from entrepot.spec.repository import RepositoryKey


class ShownId(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """An ImageIdentifier."""

    image_digest: str
    image_tag: str | None = None


class ScanStatus(msgspec.Struct, rename="camel", omit_defaults=True):
    """An ImageScanStatus."""

    status: str
    description: str | None = None


class FindingsSummary(msgspec.Struct, rename="camel", omit_defaults=True):
    """An ImageScanFindingsSummary."""

    image_scan_completed_at: Seconds
    finding_severity_counts: Mapping[str, int]
    vulnerability_source_updated_at: Seconds | None = None


class Shown(msgspec.Struct, rename="camel", omit_defaults=True, gc=False):
    """An ImageDetail with the members that both services know."""

    registry_id: str
    repository_name: str
    image_digest: str
    image_size_in_bytes: int
    image_pushed_at: Seconds
    image_manifest_media_type: str
    artifact_media_type: str | None = None
    image_tags: tuple[str, ...] = ()


class ShownPrivate(Shown, rename="camel", omit_defaults=True, gc=False):
    """An ImageDetail with those of the private registry."""

    image_status: str | None = None
    last_recorded_pull_time: Seconds | None = None
    subject_manifest_digest: str | None = None
    last_archived_at: Seconds | None = None
    last_activated_at: Seconds | None = None
    image_scan_status: ScanStatus | None = None
    image_scan_findings_summary: FindingsSummary | None = None


def public(key: RepositoryKey, found: ImageDetail) -> Shown:
    """An image of the public registry."""
    row = found.image
    return Shown(
        key.registry.account,
        key.name,
        row.digest,
        row.image_size,
        epoch_seconds(row.pushed_at),
        row.media_type,
        row.artifact_type,
        found.tags,
    )


def private(key: RepositoryKey, found: ImageDetail) -> ShownPrivate:
    """An image of a private one."""
    row, standing = found.image, found.standing
    return ShownPrivate(
        key.registry.account,
        key.name,
        row.digest,
        row.image_size,
        epoch_seconds(row.pushed_at),
        row.media_type,
        row.artifact_type,
        found.tags,
        row.status,
        seconds_or_none(row.last_pulled_at),
        row.subject,
        seconds_or_none(row.archived_at),
        seconds_or_none(row.activated_at),
        None if standing is None else ScanStatus(standing.status, standing.description or None),
        None if standing is None else _summary(standing),
    )


def _summary(of: Standing) -> FindingsSummary | None:
    if of.completed_at is None:
        return None
    updated = seconds_or_none(micros_or_none(of.source_updated_at))
    return FindingsSummary(epoch_seconds(micros(of.completed_at)), of.severities, updated)
