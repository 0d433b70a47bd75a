"""`entrepot events`: events that have not arrived at a target, seen, sent again or thrown away; beside a running server
or without one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from cyclopts import Parameter

from entrepot.app import opened
from entrepot.cli.output import HERE, Format, Place, show
from entrepot.core.events import undelivered
from entrepot.core.events.undelivered import Undelivered
from entrepot.core.units import BlockingUnits
from entrepot.errors import ParameterInvalid

Account = Annotated[str, Parameter(name="--account", help="Of this account only.")]
Limit = Annotated[int, Parameter(help="At most so many.")]
After = Annotated[int, Parameter(help="Those behind this sequence: the last one of the page before.")]
State = Annotated[
    Literal["waiting", "failed"], Parameter(help="Those that were given up, or those that wait for an attempt.")
]


@Parameter(name="*")
@dataclass(frozen=True)
class Which:
    """Which events something is done to: never everything by leaving something out."""

    event: Annotated[str, Parameter(name="--event", help="Of the event of this id only.")] = ""
    account: Account = ""
    everything: Annotated[bool, Parameter(name="--all", negative="", help="Whatever event it is.")] = False

    def require(self) -> None:
        """ParameterInvalid where nothing is chosen."""
        if not (self.event or self.account or self.everything):
            raise ParameterInvalid(parameter="--event", reason="name an event, an account, or say --all")


NONE = Which()


def list_(
    *,
    place: Place = HERE,
    state: State = "failed",
    account: Account = "",
    limit: Limit = 100,
    after: After = 0,
    output: Format = "text",
) -> None:
    """Show events that a target does not have, in the order in which they are kept."""
    with opened.events(place.settings()) as database:
        found = database.read(lambda tx: undelivered.page(tx, state, limit, after, account))
    show([_shown(each) for each in found], output)


def show_(
    event: Annotated[str, Parameter(help="The id of an event.")], *, place: Place = HERE, output: Format = "text"
) -> None:
    """Show an event, and which targets do not have it."""
    with opened.events(place.settings()) as database:
        found = database.read(lambda tx: undelivered.of_event(tx, event))
    show([_shown(each) | {"body": msgspec.json.decode(each.body)} for each in found], output)


def redrive(*, place: Place = HERE, which: Which = NONE, output: Format = "text") -> None:
    """Send again what was given up, and at once what waits for its next attempt."""
    which.require()
    now = datetime.now(UTC)
    redriven = hurried = last = 0
    with opened.events(place.settings()) as database:
        units = BlockingUnits(database)
        while some := units.write(undelivered.redrive, now, which.event, which.account):
            redriven += some
        while True:
            some, last = units.write(undelivered.hurry, now, last, which.event, which.account)
            hurried += some
            if not last:
                break
    show({"redriven": redriven, "hurried": hurried}, output)


def purge(*, place: Place = HERE, which: Which = NONE, output: Format = "text") -> None:
    """Throw away what was given up; what waits is still delivered."""
    which.require()
    purged = 0
    with opened.events(place.settings()) as database:
        units = BlockingUnits(database)
        while some := units.write(undelivered.purge, which.event, which.account):
            purged += some
    show({"purged": purged}, output)


def _shown(found: Undelivered) -> dict[str, object]:
    return {
        "sequence": found.sequence,
        "state": found.state,
        "event": found.event_id,
        "account": found.account,
        "region": found.region,
        "rule": found.rule_arn,
        "target": found.target_id,
        "attempts": found.attempts,
        "accepted_at": found.accepted_at.isoformat(),
        "next_at" if found.state == "waiting" else "failed_at": found.at.isoformat() if found.at else "",
        "exhausted": found.exhausted,
        "error_code": found.error_code,
        "error_message": found.error_message,
    }
