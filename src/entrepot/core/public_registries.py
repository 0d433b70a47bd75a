"""Public registries: described, named for people, and their repositories made with catalog data.

What a public repository holds is put and read by the same use cases as a private one's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from entrepot.core import access, catalog_data, public_aliases, repositories, resources
from entrepot.core.access import Caller
from entrepot.core.catalog_data import CatalogData
from entrepot.core.changes import audit, new_stamp
from entrepot.core.public_aliases import PublicAlias
from entrepot.core.repositories import Repository, RepositoryDraft
from entrepot.core.resources import Resource
from entrepot.db import public_aliases as alias_rows
from entrepot.db import registries as rows
from entrepot.db.database import Transaction
from entrepot.spec.repository import RegistryKey, RepositoryKey, public_registry

_BEARER_FOR = {"sts:awsservicename": ("ecr-public.amazonaws.com",)}


@dataclass(frozen=True, slots=True)
class PublicDraft:
    """A public repository to be made; `alias` is the registry's default one, if this is its first repository."""

    repository: RepositoryDraft
    catalog: CatalogData | None
    alias: str = field(default_factory=public_aliases.random_name)


def create_repository(tx: Transaction, caller: Caller, key: RepositoryKey, draft: PublicDraft) -> Repository:
    """Make a public repository, told of in the catalog from the start if there is something to tell."""
    made = repositories.create(tx, caller, key, draft.repository, _told(draft))
    if draft.catalog is not None:
        catalog_data.add(tx, made, draft.catalog)
    public_aliases.ensure_default(tx, key.registry.account, draft.alias, caller.at)
    return made


def aliases(tx: Transaction, caller: Caller) -> Sequence[PublicAlias]:
    """The aliases of the caller's registry: none before its first repository, unless the operator gave one."""
    access.require(caller, "DescribeRegistries", resource(public_registry(caller.principal.account)))
    return alias_rows.of_account(tx, caller.principal.account)


def display_name(tx: Transaction, caller: Caller) -> str:
    """What people call the caller's registry; empty when nothing was set."""
    registry = public_registry(caller.principal.account)
    access.require(caller, "GetRegistryCatalogData", resource(registry))
    return rows.find(tx, registry).display_name


def set_display_name(tx: Transaction, caller: Caller, name: str) -> None:
    """Change what people call the caller's registry."""
    key = public_registry(caller.principal.account)
    access.require(caller, "PutRegistryCatalogData", resource(key))
    rows.put(tx, replace(rows.find(tx, key), display_name=name, stamp=new_stamp()))
    audit(
        tx,
        caller,
        "PutRegistryCatalogData",
        {"displayName": name},
        account=key.account,
        region=caller.region,
        service="ecr-public",
    )


def require_token(caller: Caller) -> None:
    """Whether the caller may have a token for public registries: AccessDenied."""
    account = caller.principal.account
    access.require(caller, "GetAuthorizationToken", resources.of_own_registry(public_registry(account)))
    access.require(caller, "GetServiceBearerToken", Resource(account, "*", "sts"), _BEARER_FOR)


def resource(registry: RegistryKey) -> Resource:
    """A public registry as policies name it (Service Authorization Reference, Amazon ECR Public)."""
    return Resource(registry.account, registry_arn(registry), "ecr-public")


def registry_arn(registry: RegistryKey) -> str:
    """The Amazon Resource Name of a public registry."""
    return f"arn:aws:ecr-public::{registry.account}:registry/{registry.account}"


def _told(draft: PublicDraft) -> dict[str, object]:
    """A draft as request parameters of an audit record."""
    told: dict[str, object] = {} if draft.catalog is None else catalog_data.told(draft.catalog)
    return told | ({"tags": dict(draft.repository.resource_tags)} if draft.repository.resource_tags else {})
