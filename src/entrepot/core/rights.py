"""What a principal's own account says of it: identity policies, a permissions boundary, tags.

Read on the event loop and kept until the account's stamp changes: whatever changes an identity, a group or a policy
changes the stamp, in the same transaction. The engine that decides is policy/; this only brings it what it needs.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache

from entrepot.core.aws_policies import all_policies
from entrepot.core.hot import Recent
from entrepot.db import entities, grants, managed_policies, memberships, service_control
from entrepot.db.database import Reader
from entrepot.db.snapshot import Snapshot
from entrepot.policy.compiled import Policy
from entrepot.policy.decision import Decision
from entrepot.policy.evaluation import Policies, Request, evaluate
from entrepot.policy.principals import Principal as Subject
from entrepot.policy.reading import read as read_document

Keys = Mapping[str, tuple[str, ...]]
SERVICE_PATH = "/aws-service-role/"  # of the roles that services make for themselves
_MOST_GROUPS = 1000
_MOST_PRINCIPALS = 4096
_MOST_DECISIONS = 4096
_ARN = re.compile(r"arn:aws:iam::([0-9]{12}):policy/(?:[!-~]+/)?([\w+=,.@-]+)", re.ASCII)
_LASTING = ("aws:principal", "aws:userid", "aws:username")  # keys that say the same for as long as rights are kept


class Rights:
    """One principal and the policies of its account that have a say; immutable but for what it remembers."""

    __slots__ = ("_decided", "_keys", "_policies", "_subject")

    def __init__(self, subject: Subject, policies: Policies, tags: tuple[tuple[str, str], ...] = ()) -> None:
        self._subject = subject
        self._policies = policies
        self._keys = {**subject.context(), **{f"aws:principaltag/{key.lower()}": (value,) for key, value in tags}}
        self._decided: dict[tuple[str, str, str], Decision] = {}

    def decide(self, action: str, resource: str, resource_account: str, request: Callable[[], Keys]) -> Decision:
        """Whether the principal may do this; remembered when nothing but the principal itself was looked at.

        `request` gives the condition keys of the request, in lower case; it is asked only when nothing is remembered.
        """
        known = self._decided.get((action, resource, resource_account))
        if known is not None:
            return known
        asked = Request(self._subject, action, resource, resource_account, {**request(), **self._keys})
        decision = evaluate(asked, self._policies)
        if all(key.startswith(_LASTING) for key in decision.read):
            if len(self._decided) >= _MOST_DECISIONS:
                self._decided.clear()
            self._decided[action, resource, resource_account] = decision
        return decision


class RightsByPrincipal:
    """The rights of those who call one event loop."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._known: Recent[str, tuple[int, Rights]] = Recent(_MOST_PRINCIPALS)

    def of(self, subject: Subject, stamp: int) -> Rights:
        """The rights of a principal whose account has this stamp now, as the caller has just read it.

        Rows are read after the stamp: those of a later state are kept under the earlier stamp, and read once more.
        """
        known = self._known.get(subject.id)
        if known is not None and known[0] == stamp:
            return known[1]
        rights = self._snapshot.together(lambda reader: rights_of(reader, subject))
        self._known.put(subject.id, (stamp, rights))
        return rights


def rights_of(reader: Reader, subject: Subject) -> Rights:
    """The rights of a user or a root as they are now."""
    limits = limits_of(reader, subject)
    if subject.kind == "root":
        return Rights(subject, Policies(service_control=limits))
    found = entities.by_id(reader, subject.id)
    if found is None:
        return Rights(subject, Policies())
    groups = memberships.groups_of(reader, subject.id, "", _MOST_GROUPS)
    identity = [policy for holder in (found, *groups) for policy in _held(reader, subject.account, holder.id)]
    boundary = None
    if found.boundary is not None:
        boundary = managed(reader, subject.account, found.boundary) or _NOTHING
    policies = Policies(identity=tuple(identity), boundary=boundary, service_control=limits)
    return Rights(subject, policies, entities.tags(reader, subject.id))


def limits_of(reader: Reader, subject: Subject) -> tuple[tuple[Policy, ...], ...]:
    """The service control policies over a principal: one level, () where its account has none. A service-linked role,
    which only its service can assume, has none over it.
    """
    if subject.behind.startswith(f"arn:aws:iam::{subject.account}:role{SERVICE_PATH}"):
        return ()
    found = service_control.list_of(reader, subject.account)
    return (tuple(_compiled(each.name, each.document) for each in found),) if found else ()


def managed(reader: Reader, account: str, arn: str) -> Policy | None:
    """The version in force of a managed policy of the account or of AWS."""
    if arn in all_policies():
        return _compiled(arn, all_policies()[arn].text)
    named = _ARN.fullmatch(arn)
    if named is None or named[1] != account:
        return None
    found = entities.find(reader, account, "policy", named[2])
    text = None if found is None else managed_policies.text_in_force(reader, found.id)
    return None if text is None else _compiled(arn, text)


def _held(reader: Reader, account: str, entity_id: str) -> Iterator[Policy]:
    for name, text in grants.inline(reader, entity_id):
        yield _compiled(name, text)
    for arn in grants.attached(reader, entity_id):
        policy = managed(reader, account, arn)
        if policy is not None:
            yield policy


@lru_cache(maxsize=4096)
def _compiled(name: str, text: str) -> Policy:
    """A text that was checked when it was stored."""
    return Policy(name, read_document(text))


# a boundary that is gone allows nothing
_DENY_ALL = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
_NOTHING = _compiled("", _DENY_ALL)
