"""Amazon CloudWatch: metrics, alarms, dashboards; one function an operation."""

from collections.abc import Mapping

from entrepot.aws.protocol.call import Operation

OPERATIONS: Mapping[str, Operation] = {}
