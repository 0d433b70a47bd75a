"""Images and their ids as pages show them, made as JSON carries them: a page has a thousand, and asking the model about
each of their values took most of its time.
"""

from collections.abc import Mapping

import msgspec

from entrepot.aws.protocol.scalars import Seconds, epoch_seconds, seconds_or_none
from entrepot.core.images import Described, tags_of
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


def public(key: RepositoryKey, found: Described) -> list[Shown]:
    """Images of the public registry."""
    account, name = key.registry.account, key.name
    return [
        Shown(account, name, digest, size, epoch_seconds(pushed), media, artifact, tags_of(tags))
        for digest, media, _, artifact, _, size, pushed, _, _, _, _, tags in found.images
    ]


def private(key: RepositoryKey, found: Described) -> list[ShownPrivate]:
    """Images of a private one."""
    account, name, standings = key.registry.account, key.name, found.standings
    return [
        ShownPrivate(
            account,
            name,
            digest,
            size,
            epoch_seconds(pushed),
            media,
            artifact,
            tags_of(tags),
            status,
            seconds_or_none(pulled),
            subject,
            seconds_or_none(archived),
            seconds_or_none(activated),
            *_scan(standings.get(digest)),
        )
        for digest, media, _, artifact, subject, size, pushed, pulled, status, archived, activated, tags in found.images
    ]


def _scan(standing: Standing | None) -> tuple[ScanStatus | None, FindingsSummary | None]:
    if standing is None:
        return None, None
    return ScanStatus(standing.status, standing.description or None), _summary(standing)


def _summary(of: Standing) -> FindingsSummary | None:
    if of.completed_at is None:
        return None
    updated = seconds_or_none(micros_or_none(of.source_updated_at))
    return FindingsSummary(epoch_seconds(micros(of.completed_at)), of.severities, updated)
