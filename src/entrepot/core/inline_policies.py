"""Policies that users, groups and roles hold of their own, by name."""

from entrepot.core import entities, holders
from entrepot.core.access import Caller
from entrepot.core.entities import Kind
from entrepot.db import grants as rows
from entrepot.db.database import Transaction
from entrepot.errors import EntityNotFound
from entrepot.policy import document as documents
from entrepot.policy.structure import Kind as DocumentKind


def put(tx: Transaction, caller: Caller, kind: Kind, holder: str, name: str, text: str) -> None:
    """Set a policy: PolicyMalformed; InlinePoliciesTooLarge for all of the holder's together."""
    operation = f"Put{kind.noun}Policy"
    found = holders.require(tx, caller, operation, kind, holder)
    documents.parse(text, DocumentKind.IDENTITY)
    others = [document for held, document in rows.inline(tx, found.id) if held != name]
    documents.require_inline_size([*others, text], holder=kind.name, name=holder)
    rows.put_inline(tx, found.id, name, text)
    told = {f"{kind.name}Name": holder, "policyName": name, "policyDocument": text}
    entities.changed(tx, caller, operation, told)


def get(tx: Transaction, caller: Caller, kind: Kind, holder: str, name: str) -> str:
    """A policy's text: EntityNotFound."""
    found = entities.require(tx, caller, f"Get{kind.noun}Policy", kind, holder)
    for held, document in rows.inline(tx, found.id):
        if held == name:
            return document
    raise EntityNotFound(entity=f"The {kind.name} policy with name {name}")


def names(tx: Transaction, caller: Caller, kind: Kind, holder: str) -> tuple[str, ...]:
    """The names of a holder's policies, in order."""
    found = entities.require(tx, caller, f"List{kind.noun}Policies", kind, holder)
    return tuple(name for name, _ in rows.inline(tx, found.id))


def delete(tx: Transaction, caller: Caller, kind: Kind, holder: str, name: str) -> None:
    """Remove a policy: EntityNotFound."""
    operation = f"Delete{kind.noun}Policy"
    found = holders.require(tx, caller, operation, kind, holder)
    if not rows.remove_inline(tx, found.id, name):
        raise EntityNotFound(entity=f"The {kind.name} policy with name {name}")
    entities.changed(tx, caller, operation, {f"{kind.name}Name": holder, "policyName": name})
