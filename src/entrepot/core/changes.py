"""What a change of a repository leaves behind, in its own transaction: a revision, events, an audit record.

Whoever changes a manifest, tag, setting or policy, or condemns a link, makes one `Change` of the locked repository and
finishes it. Ids come from the request's id and the record's ordinal, so that a unit that runs twice repeats them.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import structs

from entrepot.core import following
from entrepot.core.access import Caller
from entrepot.core.calls import Call, Common, identity_of
from entrepot.core.resources import SERVICES
from entrepot.db import outbox, repositories
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros

Json = Mapping[str, object]
_REFUSED = 400


def new_stamp() -> int:
    """A random stamp: unlike a counter it does not repeat after a restore. Signed 64 bits."""
    return secrets.randbits(63)


@dataclass(slots=True)
class Change:
    """Collects what one unit of work tells of one repository."""

    tx: Transaction
    caller: Caller
    repository: Repository
    events: list[tuple[str, Json]] = field(default_factory=list)

    def event(self, detail_type: str, detail: Json, resources: Sequence[str] = (), source: str = "") -> None:
        """Tell an event, about resources named by their ARNs; events keep their order. The service of the repository
        tells it unless `source` says who does.
        """
        source = source or f"aws.{SERVICES[self.repository.key.registry.kind]}"
        self.events.append((detail_type, {"source": source, "resources": resources, "detail": detail}))

    def finish(self, action: str, parameters: Json, *, bump: bool = True, service: str = "") -> None:
        """Number the change, store its events, what follows of them elsewhere, and the audit record of `action`.

        `bump=False` is for changes that caches need not see: a new link, an upload's progress. `service` is whose
        operation it is, where that is not the repository's.
        """
        revision = self.repository.revision + (1 if bump else 0)
        if bump:
            repositories.bump(self.tx, self.repository.id, revision, new_stamp())
        for ordinal, (name, told) in enumerate(self.events):
            self._add_event(ordinal, revision, name, told)
        behind = self.caller.principal.behind
        following.follow(self.tx, self.repository, revision, action, self.events, behind, self.caller.at)
        registry = self.repository.key.registry
        call = call_of(
            self.caller,
            service or SERVICES[registry.kind],
            action,
            registry.account,
            self._region,
            parameters,
            (self.repository.id, self.repository.key.name),
        )
        _add_audit(
            self.tx,
            self.caller,
            call,
            repository_id=self.repository.id,
            revision=revision,
            ordinal=len(self.events),
        )

    @property
    def _region(self) -> str:
        return self.repository.key.registry.region or self.caller.region

    def _add_event(self, ordinal: int, revision: int, name: str, told: Json) -> None:
        at = micros(self.caller.at)
        outbox.add(
            self.tx,
            id=event_id(at, self.caller.request_id, f"{self.repository.id}/{name}", ordinal),
            kind="event",
            account=self.repository.key.registry.account,
            region=self._region,
            repository_id=self.repository.id,
            revision=revision,
            ordinal=ordinal,
            name=name,
            body=msgspec.json.encode(told, enc_hook=str).decode(),
            at=self.caller.at,
        )


def audit(
    tx: Transaction,
    caller: Caller,
    action: str,
    parameters: Json,
    *,
    account: str,
    region: str,
    service: str = "ecr",
) -> None:
    """The audit record of a change that concerns no repository; `service` is the model's name."""
    told = call_of(caller, service, action, account, region, parameters)
    _add_audit(tx, caller, told, repository_id="", revision=0, ordinal=0)


def audit_refused(tx: Transaction, caller: Caller, call: Call, error: str, message: str) -> None:
    """The audit record of a call that nobody made by a door, and that was refused with an error of AWS's."""
    common = structs.replace(call.common, status=_REFUSED, error=error)
    told = structs.replace(call, common=common, message=message)
    _add_audit(tx, caller, told, repository_id="", revision=0, ordinal=0)


def call_of(
    caller: Caller,
    service: str,
    action: str,
    account: str,
    region: str,
    parameters: Json,
    repository: tuple[str, str] = ("", ""),
) -> Call:
    """What the change knows of the call that made it; `repository` is its id and name. The door's record of the same
    call, which has the answer too, takes its place where there is one.
    """
    return Call(
        at=micros(caller.at),
        received=0,
        sent=0,
        took=0,
        request_id=caller.request_id,
        common=_common(caller, service, action, account, region, repository),
        message="",
        parameters=parameters,
        response=None,
    )


def _common(
    caller: Caller, service: str, action: str, account: str, region: str, repository: tuple[str, str]
) -> Common:
    return Common(
        service=service,
        operation=action,
        account=account,
        region=region,
        repository_id=repository[0],
        repository=repository[1],
        door=caller.door,
        status=200,
        error="",
        caller=caller.principal.account,
        pulled=(),
        head=False,
        identity=identity_of(caller.principal),
        source_ip=caller.source_ip,
        user_agent=caller.user_agent,
        secure=caller.secure,
        alike=None,
    )


def _add_audit(tx: Transaction, caller: Caller, told: Call, *, repository_id: str, revision: int, ordinal: int) -> None:
    outbox.add(
        tx,
        id=event_id(told.at, told.request_id, told.common.operation),
        kind="audit",
        account=told.common.account,
        region=told.common.region,
        repository_id=repository_id,
        revision=revision,
        ordinal=ordinal,
        name=told.common.operation,
        body=msgspec.json.encode(told, enc_hook=str).decode(),
        at=caller.at,
    )
