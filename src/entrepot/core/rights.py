"""What a principal's own account says of it: identity policies, a permissions boundary, tags.

Read on the event loop and kept until the account's stamp changes: whatever changes an identity, a group or a policy
changes the stamp, in the same transaction. The engine that decides is policy/; this only brings it what it needs.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from msgspec import structs

from entrepot.core import held_policies
from entrepot.core.principals import Principal, session_keys
from entrepot.core.recent import Recent
from entrepot.core.resources import Resource
from entrepot.core.stored_policies import compiled
from entrepot.db import entities, memberships
from entrepot.db.database import Reader
from entrepot.db.snapshot import Snapshot
from entrepot.policy.compiled import Policy
from entrepot.policy.decision import Decision
from entrepot.policy.evaluation import Context, Policies, Request, evaluate
from entrepot.policy.principals import Principal as Subject
from entrepot.seal.sessions import Session

_Question = tuple[str, str, str, tuple[Policy, ...], bool]
MOST_GROUPS = 1000
_MOST_PRINCIPALS = 4096
_MOST_DECISIONS = 4096
_LASTING = (  # keys that say the same for as long as rights are kept
    "aws:principal",
    "aws:userid",
    "aws:username",
    "aws:tokenissuetime",
    "aws:multifactorauthpresent",
    "aws:sourceidentity",
    "aws:federatedprovider",
)


class Rights:
    """One principal and the policies of its account that have a say; immutable but for what it remembers."""

    __slots__ = ("_decided", "_keys", "_policies", "_subject")

    def __init__(
        self,
        subject: Subject,
        policies: Policies,
        tags: tuple[tuple[str, str], ...] = (),
        session: Session | None = None,
    ) -> None:
        own = {} if session is None else session_keys(session)
        all_tags = (*tags, *(session.tags if session is not None else ()))  # a session's stand above its role's
        self._subject = subject
        self._policies = policies
        self._keys = {
            **own,
            **subject.context(),
            **{f"aws:principaltag/{key.lower()}": (value,) for key, value in all_tags},
        }
        self._decided: dict[_Question, Decision] = {}

    def decide(self, action: str, resource: Resource, request: Context) -> Decision:
        """Whether the principal may do this; remembered when nothing but the principal itself was looked at.

        `request` reads the condition keys of the request; those of the principal are known here.
        """
        having = resource.policies_on(action)
        question = (action, resource.arn, resource.account, having, resource.must_name)
        known = self._decided.get(question)
        if known is not None:
            return known
        policies = self._policies
        if having or resource.must_name:
            policies = structs.replace(policies, resource=having, must_be_named=resource.must_name)
        context = _Context(self._keys, request)
        decision = evaluate(Request(self._subject, action, resource.arn, resource.account, context), policies)
        if all(key.startswith(_LASTING) for key in decision.read):
            if len(self._decided) >= _MOST_DECISIONS:
                self._decided.clear()
            self._decided[question] = decision
        return decision

    def decide_named(self, action: str, resource: Resource, request: Context) -> Decision:
        """Whether the principal may do this to what must itself name who may: a role, by its trust policy.

        What the request says stands before what is known of the principal: an MFA code that is sent with it.
        """
        policies = structs.replace(self._policies, resource=resource.policies, must_be_named=True)
        context = _Context(request, self._keys)
        return evaluate(Request(self._subject, action, resource.arn, resource.account, context), policies)

    @property
    def subject(self) -> Subject:
        """Who has these rights."""
        return self._subject

    def values(self, keys: Iterable[str], request: Context) -> dict[str, tuple[str, ...]]:
        """The values of condition keys, as `decide` reads them."""
        context = _Context(self._keys, request)
        return {key: context.get(key, ()) for key in keys}


class _Context:
    """The keys of one, and where it has none those of another."""

    __slots__ = ("_first", "_second")

    def __init__(self, first: Context, second: Context) -> None:
        self._first = first
        self._second = second

    def get(self, key: str, default: tuple[str, ...], /) -> tuple[str, ...]:
        """The values of a key in lower case."""
        return self._first.get(key, ()) or self._second.get(key, default)


class RightsByPrincipal:
    """The rights of those who call one event loop."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._known: Recent[str | tuple[str, datetime], tuple[int, Rights]] = Recent(_MOST_PRINCIPALS)

    def of(self, principal: Principal) -> Rights:
        """The rights of a principal whose account has this stamp now, as the caller has just read it.

        Rows are read after the stamp: those of a later state are kept under the earlier stamp, and read once more.
        """
        session = principal.session
        named = principal.id if session is None else (session.key_id, session.issued_at)
        known = self._known.get(named)
        if known is not None and known[0] == principal.stamp:
            return known[1]
        rights = self._snapshot.together(
            lambda reader: rights_of(reader, principal.subject(), principal.owner_id, session)
        )
        self._known.put(named, (principal.stamp, rights))
        return rights


def rights_of(
    reader: Reader,
    subject: Subject,
    owner_id: str = "",
    session: Session | None = None,
    also: tuple[Policy, ...] = (),
) -> Rights:
    """The rights of a user or a root, or of a session of the user, role or root `owner_id`, as they are now; `also` are
    policies of its own beside those that are attached.
    """
    owner_id = owner_id or subject.id
    levels = _levels(reader, subject)
    limits = None if session is None else _session_limits(reader, session)
    if owner_id == subject.account:
        everything = (_EVERYTHING,) if subject.kind == "federated user" else ()
        return Rights(subject, Policies(identity=everything, session=limits, service_control=levels), (), session)
    found = entities.by_id(reader, owner_id)
    if found is None:
        return Rights(subject, Policies())
    groups = memberships.groups_of(reader, owner_id, "", MOST_GROUPS)
    identity = [policy for holder in (found, *groups) for policy in _held(reader, subject.account, holder.id)]
    identity += [compiled(held.name, held.text) for held in held_policies.of_account(reader, found)]
    identity += also
    boundary = None
    if found.boundary is not None:
        boundary = managed(reader, subject.account, found.boundary) or _NOTHING
    policies = Policies(identity=tuple(identity), boundary=boundary, session=limits, service_control=levels)
    return Rights(subject, policies, entities.tags(reader, owner_id), session)


def _levels(reader: Reader, subject: Subject) -> tuple[tuple[Policy, ...], ...]:
    """The service control policies over a principal: one level, () where there are none."""
    found = tuple(compiled(name, text) for name, text in held_policies.above(reader, subject))
    return (found,) if found else ()


def _session_limits(reader: Reader, session: Session) -> tuple[Policy, ...] | None:
    """The session policies, of which one must allow; None where a session is not limited."""
    if not session.policies and not session.policy_arns:
        return () if session.kind == "federated" else None
    attached = (managed(reader, session.account, arn) for arn in session.policy_arns)
    inline = (compiled("session policy", text) for text in session.policies)
    return (*inline, *(policy for policy in attached if policy is not None))


def managed(reader: Reader, account: str, arn: str) -> Policy | None:
    """The version in force of a managed policy of the account or of AWS."""
    text = held_policies.managed(reader, account, arn)
    return None if text is None else compiled(arn, text)


def _held(reader: Reader, account: str, entity_id: str) -> Iterator[Policy]:
    return (compiled(held.name, held.text) for held in held_policies.of(reader, account, entity_id))


_NOTHING = compiled("", held_policies.NOTHING)
# of whom a root has made a federated user: what its session policies allow, and nothing less
_EVERYTHING = compiled("", held_policies.NOTHING.replace("Deny", "Allow"))
