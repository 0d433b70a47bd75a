"""What CloudWatch and Prometheus are told of scans: how many ended how, what each took, how long it had waited."""

from collections.abc import Sequence

from entrepot.core.events.measures import COUNT, MILLISECONDS, Point
from entrepot.db.scan_records import Scan
from entrepot.spec.moments import micros
from entrepot.spec.repository import RegistryKey

NAMESPACE = "Entrepot"
_A_MILLISECOND = 1000


def of_scan(registry: RegistryKey, scan: Scan) -> Sequence[Point]:
    """The points of a scan that has ended. Its lag is the time from when it was asked for until somebody took it up."""
    if scan.started_at is None or scan.completed_at is None:
        return ()
    took = (micros(scan.completed_at) - micros(scan.started_at)) / _A_MILLISECOND
    lag = (micros(scan.started_at) - micros(scan.queued_at)) / _A_MILLISECOND
    told = (
        ("ScanCount", {"ScanStatus": scan.status, "ScanType": scan.key.type}, 1.0, COUNT),
        ("ScanDuration", {"ScanType": scan.key.type}, max(took, 0.0), MILLISECONDS),
        ("ScanLag", {"ScanType": scan.key.type}, max(lag, 0.0), MILLISECONDS),
    )
    at = micros(scan.completed_at)
    return [
        Point(registry.account, registry.region, name, dimensions, {value: 1}, unit, at, NAMESPACE)
        for name, dimensions, value, unit in told
    ]
