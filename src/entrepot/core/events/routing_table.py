"""Which rules and archives of a bus want an event: the bus's routes compiled once, until its region's stamp changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from entrepot.core.recent import Recent
from entrepot.db import event_archives, event_buses, event_rules
from entrepot.db.database import Reader
from entrepot.db.event_records import Archive, Route
from entrepot.pattern.pattern import Pattern
from entrepot.pattern.rules import Rules
from entrepot.spec.event_arns import BusKey

_MOST_BUSES = 1024
_LONGEST_PATTERN = 1 << 20  # they were checked when they were stored
BY_CLOUDTRAIL = "AWS API Call via CloudTrail"
EVERYTHING = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Who wants an event."""

    routes: Sequence[Route]
    archives: Sequence[Archive]


class Table:
    """The compiled routes of one bus; immutable."""

    def __init__(self, stamp: int, routes: Sequence[Route], archives: Sequence[Archive]) -> None:
        self.stamp = stamp
        self._routes = {route.rule.arn: route for route in routes}
        self._rules = Rules[str](
            {
                arn: Pattern(route.rule.pattern, _LONGEST_PATTERN)
                for arn, route in self._routes.items()
                if route.rule.pattern
            }
        )
        self._archives = [
            (archive, Pattern(archive.pattern, _LONGEST_PATTERN) if archive.pattern else None) for archive in archives
        ]

    def wanted(self, event: Mapping[str, Any], only: Sequence[str] = (), *, replayed: bool = False) -> Wanted:
        """The routes that match, and the archives, which take nothing that is replayed.

        A scheduled event is for `only` its rule, whatever its pattern; a replayed one for those of `only` that match.
        """
        if only and not replayed:
            return Wanted([self._routes[arn] for arn in only if arn in self._routes], ())
        reads = _only_reads(event)
        routes = [
            route
            for arn in self._rules.matching(event)
            if (route := self._routes[arn]).targets
            and (not only or arn in only)
            and (not reads or route.rule.state == EVERYTHING)
        ]
        if replayed:
            return Wanted(routes, ())
        return Wanted(routes, [archive for archive, wants in self._archives if wants is None or wants.matches(event)])


class Tables:
    """The tables of the buses that events come to."""

    def __init__(self) -> None:
        self._known: Recent[BusKey, Table] = Recent(_MOST_BUSES)

    def of(self, reader: Reader, bus: BusKey) -> Table:
        """The table of a bus as it is in this state of the metadata."""
        stamp = event_buses.stamp(reader, bus.account, bus.region)
        table = self._known.get(bus)
        if table is None or table.stamp != stamp:
            table = Table(stamp, event_rules.routing(reader, bus), event_archives.of_bus(reader, bus))
            self._known.put(bus, table)
        return table


def _only_reads(event: Mapping[str, Any]) -> bool:
    """Whether it tells of a call that changes nothing, which most rules do not want."""
    if event.get("detail-type") != BY_CLOUDTRAIL:
        return False
    detail = event.get("detail")
    return isinstance(detail, Mapping) and detail.get("readOnly") is True
