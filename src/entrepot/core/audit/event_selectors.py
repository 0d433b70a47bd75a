"""Event selectors of trails: put and read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from entrepot.core.access import Caller
from entrepot.core.audit import selectors, trails
from entrepot.core.audit.selectors import Json, Selectors
from entrepot.core.audit.trails import Trail
from entrepot.db import trails as rows
from entrepot.db.database import Transaction


@dataclass(frozen=True, slots=True)
class SelectedTrail:
    """A trail with its selectors."""

    trail: Trail
    selectors: Selectors


def put(tx: Transaction, caller: Caller, named: str, basic: Sequence[Json], advanced: Sequence[Json]) -> SelectedTrail:
    """Log what these select from now on: TrailNotFound, TrailElsewhere, EventSelectorsInvalid."""
    found = trails.require_locked(tx, caller, "PutEventSelectors", named)
    wanted = selectors.parse(basic, advanced)
    rows.change(tx, replace(found, selectors=selectors.text_of(wanted)))
    told = msgspec.to_builtins(wanted)
    parameters = {"eventSelectors": told.get("basic", []), "advancedEventSelectors": told.get("advanced", [])}
    trails.told(tx, caller, "PutEventSelectors", {"trailName": named, **parameters})
    return SelectedTrail(found, wanted)


def get(tx: Transaction, caller: Caller, named: str) -> SelectedTrail:
    """A trail's selectors, those of one where none were put too: TrailNotFound."""
    found = trails.require(tx, caller, "GetEventSelectors", named)
    return SelectedTrail(found, selectors.stored(found.selectors))
