"""OpenID Connect providers: by URL, with the audiences they may speak to; roles' trust policies name them by ARN."""

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from entrepot.core import entities
from entrepot.core.access import Caller
from entrepot.core.entities import PROVIDER, Draft, Entity
from entrepot.db import accounts
from entrepot.db import entities as entity_rows
from entrepot.db import providers as rows
from entrepot.db.database import Transaction
from entrepot.db.identity_records import Provider
from entrepot.errors import IdentityInputInvalid, QuotaExceeded

__all__ = ["Provider"]

MOST_CLIENTS = 100
MOST_THUMBPRINTS = 5
_THUMBPRINT = re.compile(r"[0-9a-fA-F]{40}")


def create(tx: Transaction, caller: Caller, draft: Draft, provider: Provider) -> str:
    """Register a provider, whose name is its URL without `https://`; its ARN. EntityAlreadyExists."""
    entities.allow_new(caller, "CreateOpenIDConnectProvider", PROVIDER, draft)
    _check(provider)
    accounts.lock(tx, caller.principal.account)
    made = entities.add(tx, caller, PROVIDER, draft)
    rows.add(tx, made.id, provider)
    told = {"url": f"https://{draft.name}", "clientIDList": provider.client_ids, "tags": dict(draft.tags)}
    entities.changed(tx, caller, "CreateOpenIDConnectProvider", told)
    return entities.arn(made)


def get(tx: Transaction, caller: Caller, arn: str) -> tuple[Entity, Provider, tuple[tuple[str, str], ...]]:
    """(entity, provider, tags): EntityNotFound."""
    found = entities.require(tx, caller, "GetOpenIDConnectProvider", PROVIDER, arn)
    return found, _provider(tx, found), entity_rows.tags(tx, found.id)


def list_all(tx: Transaction, caller: Caller) -> tuple[str, ...]:
    """ARNs of the account's providers."""
    page = entities.page(tx, caller, "ListOpenIDConnectProviders", PROVIDER, "/", PROVIDER.most, "")
    return tuple(entities.arn(found) for found in page.items)


def delete(tx: Transaction, caller: Caller, arn: str) -> None:
    """Forget a provider: EntityNotFound."""
    found = entities.require_locked(tx, caller, "DeleteOpenIDConnectProvider", PROVIDER, arn)
    rows.remove(tx, found.id)
    entity_rows.remove(tx, found.id)
    entities.changed(tx, caller, "DeleteOpenIDConnectProvider", {"openIDConnectProviderArn": arn})


def add_client(tx: Transaction, caller: Caller, arn: str, client_id: str) -> None:
    """One more audience; already there is fine."""
    found = entities.require_locked(tx, caller, "AddClientIDToOpenIDConnectProvider", PROVIDER, arn)
    known = _provider(tx, found)
    if client_id not in known.client_ids:
        if len(known.client_ids) >= MOST_CLIENTS:
            raise QuotaExceeded(quota="ClientIdsPerOpenIdConnectProvider", limit=MOST_CLIENTS)
        rows.put(tx, found.id, replace(known, client_ids=(*known.client_ids, client_id)))
    told = {"openIDConnectProviderArn": arn, "clientID": client_id}
    entities.changed(tx, caller, "AddClientIDToOpenIDConnectProvider", told)


def remove_client(tx: Transaction, caller: Caller, arn: str, client_id: str) -> None:
    """One audience less; absent is fine."""
    found = entities.require_locked(tx, caller, "RemoveClientIDFromOpenIDConnectProvider", PROVIDER, arn)
    known = _provider(tx, found)
    kept = tuple(each for each in known.client_ids if each != client_id)
    rows.put(tx, found.id, replace(known, client_ids=kept))
    told = {"openIDConnectProviderArn": arn, "clientID": client_id}
    entities.changed(tx, caller, "RemoveClientIDFromOpenIDConnectProvider", told)


def set_thumbprints(tx: Transaction, caller: Caller, arn: str, thumbprints: Sequence[str]) -> None:
    """Other certificates that the provider's keys may be fetched under: IdentityInputInvalid."""
    found = entities.require_locked(tx, caller, "UpdateOpenIDConnectProviderThumbprint", PROVIDER, arn)
    changed = replace(_provider(tx, found), thumbprints=tuple(thumbprints))
    _check(changed)
    rows.put(tx, found.id, changed)
    told = {"openIDConnectProviderArn": arn, "thumbprintList": list(thumbprints)}
    entities.changed(tx, caller, "UpdateOpenIDConnectProviderThumbprint", told)


def name_of(url: str) -> str:
    """What names a provider: its URL without `https://`; IdentityInputInvalid."""
    try:
        parts = urlsplit(url)
        plain = parts.scheme == "https" and parts.hostname and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        plain = False
    if not plain:
        raise IdentityInputInvalid(
            reason="Invalid Open ID Connect Provider URL: it begins with https:// and has no query"
        )
    return url.removeprefix("https://").rstrip("/")


def _provider(tx: Transaction, found: Entity) -> Provider:
    return rows.find(tx, found.id) or Provider((), ())


def _check(provider: Provider) -> None:
    if len(provider.thumbprints) > MOST_THUMBPRINTS:
        raise IdentityInputInvalid(reason="Thumbprint list must contain fewer than 5 entries.")
    if any(not _THUMBPRINT.fullmatch(each) for each in provider.thumbprints):
        raise IdentityInputInvalid(reason="Thumbprints are 40 hexadecimal digits of SHA-1.")
    if len(provider.client_ids) > MOST_CLIENTS:
        raise IdentityInputInvalid(reason="Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100")
