"""AWS CloudTrail: the audit trail looked up, and trails; one function an operation."""

from collections.abc import Mapping

from entrepot.aws.cloudtrail import lookups, public_keys, trail_logging, trail_tags, trails
from entrepot.aws.protocol.call import Operation

OPERATIONS: Mapping[str, Operation] = {
    "AddTags": trail_tags.add_tags,
    "CreateTrail": trails.create_trail,
    "DeleteTrail": trails.delete_trail,
    "DescribeTrails": trails.describe_trails,
    "GetEventSelectors": trail_logging.get_event_selectors,
    "GetInsightSelectors": trail_logging.get_insight_selectors,
    "GetTrail": trails.get_trail,
    "GetTrailStatus": trail_logging.get_trail_status,
    "ListPublicKeys": public_keys.list_public_keys,
    "ListTags": trail_tags.list_tags,
    "ListTrails": trails.list_trails,
    "LookupEvents": lookups.lookup_events,
    "PutEventSelectors": trail_logging.put_event_selectors,
    "RemoveTags": trail_tags.remove_tags,
    "StartLogging": trail_logging.start_logging,
    "StopLogging": trail_logging.stop_logging,
    "UpdateTrail": trails.update_trail,
}
