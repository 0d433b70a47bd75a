"""AWS CloudTrail: the audit trail looked up, and trails; one function an operation."""

from collections.abc import Mapping

from entrepot.aws.cloudtrail import lookups
from entrepot.aws.protocol.call import Operation

OPERATIONS: Mapping[str, Operation] = {
    "LookupEvents": lookups.lookup_events,
}
