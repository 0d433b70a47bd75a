"""What a change of a repository leaves behind, in its own transaction: a revision, events, an audit record.

Whoever changes a manifest, tag, setting or policy, or condemns a link, makes one `Change` of the locked repository and
finishes it. Ids come from the request's id and the record's ordinal, so that a unit that runs twice repeats them.
"""

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from entrepot.core.access import Caller
from entrepot.core.principals import Principal
from entrepot.db import outbox, repositories
from entrepot.db.database import Transaction
from entrepot.db.records import Repository

Json = Mapping[str, object]
EVENT_SOURCES = {
    "private": "ecr.amazonaws.com",
    "public": "ecr-public.amazonaws.com",
    "iam": "iam.amazonaws.com",
    "sts": "sts.amazonaws.com",
}


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

    def event(self, detail_type: str, detail: Json) -> None:
        """Tell an event; they keep their order."""
        self.events.append((detail_type, detail))

    def finish(self, action: str, parameters: Json, *, bump: bool = True) -> None:
        """Number the change, store its events and the audit record of `action`.

        `bump=False` is for changes that caches need not see: a new link, an upload's progress.
        """
        revision = self.repository.revision + (1 if bump else 0)
        if bump:
            repositories.bump(self.tx, self.repository.id, revision, new_stamp())
        for ordinal, (name, detail) in enumerate(self.events):
            self._add("event", ordinal, revision, name, detail)
        body = audit_body(self.caller, action, self.repository.key.registry.kind, parameters)
        self._add("audit", len(self.events), revision, action, body)

    def _add(self, kind: str, ordinal: int, revision: int, name: str, body: Json) -> None:
        registry = self.repository.key.registry
        outbox.add(
            self.tx,
            id=record_id(self.caller.request_id, f"{self.repository.id}/{name}", ordinal),
            kind=kind,
            account=registry.account,
            region=registry.region or self.caller.region,
            repository_id=self.repository.id,
            revision=revision,
            ordinal=ordinal,
            name=name,
            body=msgspec.json.encode(body, enc_hook=str).decode(),
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
    source: str = "private",
) -> None:
    """The audit record of a change that concerns no repository; `source` is one of EVENT_SOURCES."""
    outbox.add(
        tx,
        id=record_id(caller.request_id, action, 0),
        kind="audit",
        account=account,
        region=region,
        repository_id="",
        revision=0,
        ordinal=0,
        name=action,
        body=msgspec.json.encode(audit_body(caller, action, source, parameters), enc_hook=str).decode(),
        at=caller.at,
    )


def audit_body(caller: Caller, action: str, source: str, parameters: Json) -> dict[str, object]:
    """The facts of an API call that an audit record is rendered from; never holds a secret."""
    principal = caller.principal
    return {
        "eventName": action,
        "eventSource": EVENT_SOURCES[source],
        "eventTime": caller.at.isoformat(),
        "awsRegion": caller.region,
        "sourceIPAddress": caller.source_ip,
        "userAgent": caller.user_agent,
        "requestID": caller.request_id,
        "door": caller.door,
        "userIdentity": {
            "kind": principal.kind,
            "principalId": principal.user_id,
            "arn": principal.arn,
            "accountId": principal.account,
            "accessKeyId": principal.credential_id,
            **_session_context(principal),
        },
        "requestParameters": dict(parameters),
    }


def _session_context(principal: Principal) -> dict[str, object]:
    """Of which role or user a session is, since when, and who stands behind it."""
    session = principal.session
    if session is None:
        return {}
    return {
        "sessionContext": {
            "issuer": principal.behind or principal.arn,
            "issuerId": session.owner_id,
            "issuedAt": session.issued_at.isoformat(),
            "mfaAuthenticated": session.mfa_at is not None,
            "sourceIdentity": session.source_identity,
            "federatedProvider": session.provider,
        }
    }


def record_id(request_id: str, name: str, ordinal: int) -> str:
    """A UUID that is the same each time this request tells this."""
    return str(uuid.uuid5(uuid.UUID(request_id), f"{name}/{ordinal}"))
