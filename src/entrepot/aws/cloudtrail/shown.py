"""How CloudTrail's answers show trails, selectors and tags."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from entrepot.core.audit import trails
from entrepot.core.audit.event_selectors import SelectedTrail
from entrepot.core.audit.selectors import Basic
from entrepot.core.audit.trail_logging import TrailStatus
from entrepot.core.audit.trails import Trail

Output = dict[str, Any]


def arn(found: Trail) -> str:
    """A trail's ARN."""
    return trails.name_of(found).arn


def settings(found: Trail) -> Output:
    """A trail as CreateTrail and UpdateTrail answer it."""
    return {
        "Name": found.name,
        "S3BucketName": found.bucket,
        "S3KeyPrefix": found.prefix or None,
        "IncludeGlobalServiceEvents": found.global_events,
        "IsMultiRegionTrail": found.multi_region,
        "TrailARN": arn(found),
        "LogFileValidationEnabled": found.validated_at is not None,
        "IsOrganizationTrail": False,
    }


def trail(found: Trail) -> Output:
    """A trail as it is read."""
    return {
        **settings(found),
        "HomeRegion": found.region,
        "HasCustomEventSelectors": bool(found.selectors),
        "HasInsightSelectors": False,
    }


def status(found: TrailStatus) -> Output:
    """How logging and delivery go; what AWS no longer uses is as it was: texts of the same moments."""
    at, way = found.trail, found.delivery
    return {
        "IsLogging": at.logging,
        "StartLoggingTime": at.started_at,
        "StopLoggingTime": at.stopped_at,
        "TimeLoggingStarted": _text(at.started_at),
        "TimeLoggingStopped": _text(at.stopped_at),
        "LatestDeliveryTime": way.delivered_at,
        "LatestDeliveryAttemptTime": _text(way.delivered_at),
        "LatestDeliveryError": way.delivery_error or None,
        "LatestDigestDeliveryTime": way.digested_at,
        "LatestDigestDeliveryError": way.digest_error or None,
    }


def selected(found: SelectedTrail) -> Output:
    """A trail's selectors, of the kind that it has."""
    told: dict[str, Any] = msgspec.to_builtins(found.selectors)
    basic = [_basic(each) for each in found.selectors.basic]
    return {
        "TrailARN": arn(found.trail),
        "EventSelectors": basic or None,
        "AdvancedEventSelectors": told.get("advanced"),
    }


def tags_given(tags: Sequence[Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    """Tags of a request, in the order given; one without a value has an empty one."""
    return tuple((tag["Key"], tag.get("Value", "")) for tag in tags)


def tags(found: Sequence[tuple[str, str]]) -> list[Output]:
    """Tags as they are read."""
    return [{"Key": key, "Value": value or None} for key, value in found]


def _basic(selector: Basic) -> Output:
    return {
        "ReadWriteType": selector.read_write_type,
        "IncludeManagementEvents": selector.include_management_events,
        "DataResources": [],
        "ExcludeManagementEventSources": list(selector.exclude_management_event_sources),
    }


def _text(at: Any) -> str | None:
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"
