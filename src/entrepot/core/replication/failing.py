"""What is told of what could not be done at a destination: the event there, and the audit record of a call that was
refused (ECR user guide, "Private image replication", "Events").
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from entrepot.core import changes, resources
from entrepot.core.access import Caller
from entrepot.core.replication import settling
from entrepot.core.replication.arriving import EVENT, Way, caller, detail
from entrepot.core.replication.outcomes import Outcome
from entrepot.db import accounts, outbox
from entrepot.db.database import Transaction
from entrepot.db.replication_records import DELETE, SETTINGS, Action, Kind
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros


class Failed(NamedTuple):
    """What failed: its image and tag, or settings; `place` is the id of the source, revision and ordinal of the
    change.
    """

    action: Action
    digest: str
    tag: str
    place: tuple[str, int, int]
    settings: tuple[Kind, ...] = ()


def tell(
    tx: Transaction, way: Way, failed: Failed, outcome: Outcome, at: datetime, actor: Caller | None = None
) -> None:
    """Tell the account of the destination, if there is one, that something failed, and why; `actor` is who tried where
    that is not this deployment.
    """
    destination = way.destination
    if accounts.find(tx, destination.account) is None:
        return
    told = {**_detail(way, failed), "failure-code": outcome.code}
    body = {"source": "aws.ecr", "resources": [way.target.arn], "detail": told}
    repository_id, revision, ordinal = failed.place
    outbox.add(
        tx,
        id=event_id(micros(at), way.request_id, EVENT),
        kind="event",
        account=destination.account,
        region=destination.region,
        repository_id=repository_id,
        revision=revision,
        ordinal=ordinal,
        name=EVENT,
        body=msgspec.json.encode(body).decode(),
        at=at,
    )
    _record(tx, way, failed, outcome, at, actor)


def _detail(way: Way, failed: Failed) -> Mapping[str, object]:
    if failed.action == SETTINGS:
        return settling.detail(way, failed.settings, "FAILED")
    told = detail(way, failed.digest, failed.tag, "FAILED")
    return {**told, "action-type": "DELETE"} if failed.action == DELETE else told


def _record(tx: Transaction, way: Way, failed: Failed, outcome: Outcome, at: datetime, actor: Caller | None) -> None:
    place = (way.destination.account, way.destination.region)
    parameters: dict[str, object] = {"repositoryName": way.target.name}
    if failed.action == SETTINGS:  # told apart from the record of those that were not refused
        actor, service, action = caller(tx, way, at, "refused"), resources.OWN, settling.ACTION
        parameters["settings"] = list(failed.settings)
    else:
        actor, service = actor or caller(tx, way, at), "ecr"
        action = "BatchDeleteImage" if failed.action == DELETE else "ReplicateImage"
        parameters |= {"imageDigest": failed.digest, "imageTag": failed.tag}
    call = changes.call_of(actor, service, action, *place, parameters, ("", way.target.name))
    changes.audit_refused(tx, actor, call, outcome.code, outcome.reason)
