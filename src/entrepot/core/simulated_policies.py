"""The policies of a simulation, each with what it is called in the answer: a principal's, or texts that are given."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from entrepot.core import attachments, held_policies
from entrepot.core.aws_policies import all_policies
from entrepot.core.entities import Entity
from entrepot.core.held_policies import Held
from entrepot.core.rights import MOST_GROUPS
from entrepot.db import memberships
from entrepot.db.database import Transaction
from entrepot.errors import IdentityInputInvalid
from entrepot.policy import document as documents
from entrepot.policy.compiled import Policy
from entrepot.policy.principals import Principal
from entrepot.policy.reading import read
from entrepot.policy.structure import Document, Kind, Wrong

Place = Literal["inline", "aws-managed", "user-managed", "permission-boundary", "scp", "given"]
_WILD = re.compile(r"[*?]")


@dataclass(frozen=True, slots=True)
class Source:
    """One policy: `id` and `type` name it in an answer; `place`, `arn` or `holder` (kind, name, policy) say where it
    comes from.
    """

    id: str
    type: str
    text: str
    document: Document
    policy: Policy
    place: Place = "given"
    arn: str = ""
    holder: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Policies that are to be left out: all that fit what is given here."""

    place: str | None
    arn: str | None
    holder: tuple[str, str, str] | None

    def check(self) -> None:
        """IdentityInputInvalid for one that names nothing, or several by a wildcard."""
        if self.place is None and self.arn is None and self.holder is None:
            raise IdentityInputInvalid(reason="A policy identifier of PolicyExclusionList is empty.")
        if self.arn is not None and _WILD.search(self.arn):
            raise IdentityInputInvalid(reason=f"{self.arn} is not the ARN of one policy.")

    def fits(self, source: Source) -> bool:
        """Whether a policy is one of these."""
        return (
            self.place in {None, source.place}
            and self.arn in {None, source.arn}
            and self.holder in {None, source.holder}
        )


@dataclass(frozen=True, slots=True)
class Sources:
    """All policies of a simulation."""

    identity: tuple[Source, ...] = ()
    boundary: Source | None = None
    levels: tuple[tuple[Source, ...], ...] = ()
    resource: tuple[Source, ...] = ()

    @property
    def seen(self) -> tuple[Source, ...]:
        """Those that an answer speaks of: all but service control policies."""
        return (*self.identity, *((self.boundary,) if self.boundary is not None else ()), *self.resource)

    def without(self, exclusions: Sequence[Exclusion]) -> "Sources":
        """All but the excluded ones."""

        def kept(sources: Iterable[Source]) -> tuple[Source, ...]:
            return tuple(each for each in sources if not any(exclusion.fits(each) for exclusion in exclusions))

        boundary = kept((self.boundary,)) if self.boundary is not None else ()
        levels = tuple(level for each in self.levels if (level := kept(each)))
        return Sources(kept(self.identity), boundary[0] if boundary else None, levels, self.resource)


def of_entity(tx: Transaction, found: Entity, subject: Principal) -> Sources:
    """The policies of a user, with those of its groups, of a group, or of a role; and those above it."""
    groups = memberships.groups_of(tx, found.id, "", MOST_GROUPS)
    held = [
        _held(holder, each) for holder in (found, *groups) for each in held_policies.of(tx, found.account, holder.id)
    ]
    held += [_held(found, each) for each in held_policies.of_account(tx, found)]
    level = tuple(_stored(name, "none", text, "scp") for name, text in held_policies.above(tx, subject))
    return Sources(tuple(held), _boundary(tx, found), (level,) if level else ())


def given(texts: Iterable[str], name: str, kind: Kind) -> Iterator[Source]:
    """The texts of a member of the request: IdentityInputInvalid."""
    for number, text in enumerate(texts, 1):
        try:
            document = documents.checked(text, kind)
        except Wrong as wrong:
            raise IdentityInputInvalid(reason=f"Invalid policy document in {name}.{number}: {wrong}") from None
        if kind is Kind.RESOURCE:  # there is one of them
            yield Source(name, "resource", text, document, Policy(name, document))
        else:
            yield Source(f"{name}.{number}", "none", text, document, Policy(name, document))


def _held(holder: Entity, held: Held) -> Source:
    if not held.attached:
        named = (holder.kind, holder.name, held.name)
        return _stored("_".join(named), holder.kind, held.text, "inline", holder=named)
    place: Place = "aws-managed" if held.name in all_policies() else "user-managed"
    return _stored(attachments.named_by(held.name)[1], place, held.text, place, arn=held.name)


def _boundary(tx: Transaction, found: Entity) -> Source | None:
    if found.boundary is None:
        return None
    text = held_policies.managed(tx, found.account, found.boundary) or held_policies.NOTHING
    return _stored(found.boundary, "none", text, "permission-boundary", arn=found.boundary)


def _stored(
    name: str, type_: str, text: str, place: Place, *, arn: str = "", holder: tuple[str, str, str] | None = None
) -> Source:
    document = read(text)
    return Source(name, type_, text, document, Policy(name, document), place, arn, holder)
