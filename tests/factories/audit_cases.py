"""Every use case on trails and audit records with arguments for one furnished account, for tests that walk them."""

from collections.abc import Callable
from typing import Any

from entrepot.core.audit import trail_logging, trails
from entrepot.core.audit.lookup import Wanted
from entrepot.core.audit.trail_names import TrailName
from entrepot.core.audit.trails import TrailChange, TrailDraft
from entrepot.db.migrate import AUDIT
from entrepot.spec.ulid import new_ulid
from tests.factories.callers import ACCOUNT, REGION
from tests.factories.use_cases import Case

MAIN = TrailName(ACCOUNT, REGION, "main")
ARN = MAIN.arn
NEW = TrailDraft("id", "new", "bucket", tags=(("k", "v"),))
# what is not authorised by itself: the record of a change, and what a name means
PARTS = {"audit.trails.told", "audit.trail_names.parse"}
# use case -> how it is called in the house below
CASES: dict[str, Case] = {
    "audit.event_selectors.get": Case(("main",)),
    "audit.event_selectors.put": Case(("main", [{"ReadWriteType": "ReadOnly"}], []), "PutEventSelectors"),
    "audit.lookup.look_up": Case((Wanted(None, None, None, 50, None), 90), chain=AUDIT),
    "audit.signing_keys.list_public": Case((None, None)),
    "audit.trail_logging.start": Case(("main",), "StartLogging"),
    "audit.trail_logging.status": Case(("main",)),
    "audit.trail_logging.stop": Case(("logging",), "StopLogging"),
    "audit.trail_tags.list_of": Case(([ARN],)),
    "audit.trail_tags.put": Case((ARN, (("k", "v"),)), "AddTags"),
    "audit.trail_tags.remove": Case((ARN, (("kept", ""),)), "RemoveTags"),
    "audit.trails.allow": Case(("GetTrail", MAIN, None)),
    "audit.trails.allow_create": Case((NEW,)),
    "audit.trails.allow_update": Case(("main",)),
    "audit.trails.create": Case((NEW,), "CreateTrail"),
    "audit.trails.delete": Case(("main",), "DeleteTrail"),
    "audit.trails.describe": Case(([],), keywords={"shadows": True}),
    "audit.trails.get": Case(("main",)),
    "audit.trails.list_all": Case(()),
    "audit.trails.require": Case(("GetTrail", "main")),
    "audit.trails.require_insights": Case(("main", None)),
    "audit.trails.require_locked": Case(("UpdateTrail", "main")),
    "audit.trails.update": Case(("main", TrailChange(multi_region=True)), "UpdateTrail"),
}


def draft(name: str, **settings: Any) -> TrailDraft:
    """A trail to be made."""
    return TrailDraft(new_ulid(), name, **{"bucket": "logs", **settings})


def furnish(write: Callable[..., Any]) -> None:
    """A trail that does not log and one that does, by `write(use case, arguments after the caller)`."""
    write(trails.create, draft("main", tags=(("kept", "1"),)))
    write(trails.create, draft("logging"))
    write(trail_logging.start, "logging")
