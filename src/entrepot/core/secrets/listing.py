"""Listing of secrets, by filters and in an order, and the values of many at once (Secrets Manager API reference,
"ListSecrets", "BatchGetSecretValue").

A page looks at a bounded number of secrets: one that finds few of many goes on after those that it has looked at.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.keys.vault import Vault
from entrepot.core.resources import Resource
from entrepot.core.secrets import keeping, versions
from entrepot.core.secrets.keeping import Described
from entrepot.core.secrets.names import SERVICE
from entrepot.core.secrets.versions import Asked, Found
from entrepot.db import secrets as rows
from entrepot.db.database import Reader
from entrepot.db.secret_records import Secret
from entrepot.errors import (
    AccessDenied,
    Fact,
    SecretNotDecrypted,
    SecretNotFound,
    SecretStateInvalid,
    SecretVersionNotFound,
)
from entrepot.spec.moments import micros

MOST_LOOKED_AT = 2000
_BATCH = 200
Filters = Sequence[tuple[str, Sequence[str]]]
Place = tuple[str | int, str]
_START: Mapping[tuple[str, str], Place] = {
    **{(name, "asc"): (-1, "") for name in ("created-date", "last-accessed-date", "last-changed-date")},
    **{(name, "desc"): (2**62, "") for name in ("created-date", "last-accessed-date", "last-changed-date")},
    ("name", "asc"): ("", ""),
    ("name", "desc"): ("\U0010ffff", ""),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which secrets are listed, how, and how many; `deleted` those too that wait for their end.

    `after` is where the page before ended.
    """

    filters: Filters
    order: tuple[str, str]
    deleted: bool
    limit: int
    after: Place | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A page, and where it ended, None at the end."""

    items: tuple[Described, ...]
    after: Place | None


@dataclass(frozen=True, slots=True)
class Batch:
    """Values, those that could not be had with why, and where the page ended."""

    values: tuple[Found, ...]
    errors: tuple[tuple[str, Fact], ...]
    after: Place | None = None


def list_all(tx: Reader, caller: Caller, wanted: Wanted) -> Listing:
    """A page of the account's secrets in this region."""
    access.require(caller, "ListSecrets", Resource(caller.principal.account, "*", SERVICE))
    return _page(tx, caller, wanted)


def batch(tx: Reader, caller: Caller, vault: Vault, given: Sequence[str]) -> Batch:
    """The current values of named secrets, each for who may read it."""
    access.require(caller, "BatchGetSecretValue", Resource(caller.principal.account, "*", SERVICE))
    return _values(tx, caller, vault, given)


def batch_page(tx: Reader, caller: Caller, vault: Vault, wanted: Wanted) -> Batch:
    """A page of the current values of listed secrets, each for who may read it."""
    access.require(caller, "BatchGetSecretValue", Resource(caller.principal.account, "*", SERVICE))
    access.require(caller, "ListSecrets", Resource(caller.principal.account, "*", SERVICE))
    page = _page(tx, caller, wanted)
    found = _values(tx, caller, vault, [each.secret.arn for each in page.items])
    return Batch(found.values, found.errors, page.after)


def _values(tx: Reader, caller: Caller, vault: Vault, given: Iterable[str]) -> Batch:
    values: list[Found] = []
    errors: list[tuple[str, Fact]] = []
    for each in given:
        try:
            values.append(versions.get(tx, caller, vault, each, Asked()))
        except (AccessDenied, SecretNotFound, SecretVersionNotFound, SecretStateInvalid, SecretNotDecrypted) as fact:
            errors.append((each, fact))
    return Batch(tuple(values), tuple(errors))


def _page(tx: Reader, caller: Caller, wanted: Wanted) -> Listing:
    items: list[Described] = []
    after, looked_at = wanted.after or _START[wanted.order], 0
    while looked_at < MOST_LOOKED_AT:
        found = rows.list_of(tx, caller.principal.account, caller.region, wanted.order, after, _BATCH)
        for secret in found:
            if (wanted.deleted or secret.deleted_at is None) and _fits(tx, secret, wanted.filters):
                if len(items) == wanted.limit:
                    return Listing(tuple(items), after)
                items.append(keeping.described(tx, secret))
            after = _place(secret, wanted.order[0])
        if len(found) < _BATCH:
            return Listing(tuple(items), None)
        looked_at += len(found)
    return Listing(tuple(items), after)


def _place(secret: Secret, order: str) -> Place:
    match order:
        case "name":
            return secret.name, secret.id
        case "last-changed-date":
            return micros(secret.changed_at), secret.id
        case "last-accessed-date":
            return 0 if secret.accessed_at is None else micros(secret.accessed_at), secret.id
        case _:
            return micros(secret.created_at), secret.id


def _fits(tx: Reader, secret: Secret, filters: Filters) -> bool:
    """Whether a secret fits every filter: one of its values, and none of those with ! in front."""
    return all(_fits_one(_TEXTS[name](tx, secret), values, name) for name, values in filters)


def _fits_one(texts: Sequence[str], values: Sequence[str], name: str) -> bool:
    folded = name in {"description", "all"}
    have = [text.casefold() for text in texts] if folded else list(texts)
    want = [value.casefold() for value in values] if folded else list(values)
    excluded = [value[1:] for value in want if value.startswith("!")]
    included = [value for value in want if not value.startswith("!")]

    def among(value: str) -> bool:
        words = value.split() if name == "all" else [value]
        return all(any(text.startswith(word) for text in have) for word in words)

    return not any(map(among, excluded)) and (not included or any(map(among, included)))


def _words(text: str) -> list[str]:
    return [text, *text.split()]


def _all(tx: Reader, secret: Secret) -> list[str]:
    tags = [text for pair in rows.tags(tx, secret.id) for text in pair]
    return [word for text in (secret.name, secret.description, *tags) for word in _words(text)]


_TEXTS: Mapping[str, Callable[[Reader, Secret], Sequence[str]]] = {
    "all": _all,
    "description": lambda _, secret: _words(secret.description),
    "name": lambda _, secret: [secret.name],
    "owning-service": lambda *_: [],
    "primary-region": lambda _, secret: [secret.region],
    "tag-key": lambda tx, secret: [key for key, _ in rows.tags(tx, secret.id)],
    "tag-value": lambda tx, secret: [value for _, value in rows.tags(tx, secret.id)],
}
FILTERS = frozenset(_TEXTS)
