"""Repositories: create, describe, change, delete. Every use case authorises on the ARN before it looks anything up."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from entrepot.core import access, lookup, protection, trash
from entrepot.core.access import Caller
from entrepot.core.changes import Change, Json, new_stamp
from entrepot.core.encryption import configuration
from entrepot.core.encryption.configuration import KeyUser
from entrepot.core.keys.vault import Vault
from entrepot.core.page import Page, cut
from entrepot.core.quotas import limits
from entrepot.core.resource_tags import MOST_TAGS, check_tags, request_tags
from entrepot.db import catalog_data as catalog_rows
from entrepot.db import repositories as rows
from entrepot.db import resource_tags as tag_rows
from entrepot.db.database import Conflict, Transaction
from entrepot.db.records import Repository
from entrepot.errors import (
    ParameterInvalid,
    RepositoryAlreadyExists,
    RepositoryNotEmpty,
    ResourceTagsTooMany,
)
from entrepot.spec.repository import RegistryKey, RepositoryKey, parse_name
from entrepot.spec.ulid import new_ulid

__all__ = ["Repository", "RepositoryDraft", "catalog", "create", "delete", "describe", "set_mutability"]

MUTABILITIES = ("MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION")
MOST_FILTERS = 5  # a constraint of the API's, no service quota
MOST_WILDCARDS = 2
_SCANNED = 2000  # names that are looked at for one page of the catalog
_FILTER = re.compile(r"[0-9a-zA-Z._*-]{1,128}")


@dataclass(frozen=True, slots=True)
class RepositoryDraft:
    """The settings of a repository to be made; `encryption` is AWS's encryptionConfiguration.

    `id` is made here, before the unit of work: one that runs twice makes the same repository.
    """

    mutability: str = "MUTABLE"
    exclusion_filters: tuple[str, ...] = ()
    scan_on_push: bool = False
    encryption: dict[str, str] = field(default_factory=lambda: {"encryptionType": "AES256"})
    resource_tags: tuple[tuple[str, str], ...] = ()
    id: str = field(default_factory=new_ulid)


def create(
    tx: Transaction,
    caller: Caller,
    key: RepositoryKey,
    draft: RepositoryDraft,
    told: Json | None = None,
    vault: Vault | None = None,
) -> Repository:
    """Make a repository; RepositoryAlreadyExists when its name is taken, RepositoriesTooMany, RepositoryKeyUnusable.

    `told` is what the caller asked for, beside the name, if that is not the whole draft. The key that the account has
    for ECR is made with `vault` where it is needed first.
    """
    tagged = request_tags(draft.resource_tags)
    lookup.allow(tx, caller, key, "CreateRepository", tagged)
    if draft.resource_tags:
        lookup.allow(tx, caller, key, "TagResource", tagged)
    check_tags(draft.resource_tags)
    if len({name for name, _ in draft.resource_tags}) > MOST_TAGS:
        raise ResourceTagsTooMany(limit=MOST_TAGS)
    return make(tx, caller, key, draft, told, user=KeyUser(caller, vault))


def make(
    tx: Transaction,
    caller: Caller,
    key: RepositoryKey,
    draft: RepositoryDraft,
    told: Json | None = None,
    policy: str | None = None,
    user: KeyUser | None = None,
) -> Repository:
    """`create`, once it is known that the caller may, and what the tags are; `policy` as it is kept, `user` is who uses
    the key, if not the caller.
    """
    parse_name(key.name)
    check_mutability(draft.mutability, draft.exclusion_filters)
    if rows.find(tx, key) is not None:
        raise RepositoryAlreadyExists(name=key.name, account=key.registry.account)
    limits.require_repository(tx, key)
    new = Repository(
        id=draft.id,
        key=key,
        mutability=draft.mutability,
        exclusion_filters=draft.exclusion_filters,
        scan_on_push=draft.scan_on_push,
        encryption=configuration.settled(tx, user or KeyUser(caller), key, draft.encryption),
        revision=0,
        stamp=new_stamp(),
        created_at=caller.at,
        policy=policy,
    )
    try:
        rows.add(tx, new)
    except Conflict:
        raise RepositoryAlreadyExists(name=key.name, account=key.registry.account) from None
    for name, value in draft.resource_tags:
        tag_rows.put(tx, new.id, name, value)
    configuration.grant(tx, user or KeyUser(caller), new)
    Change(tx, caller, new).finish(
        "CreateRepository", {"repositoryName": key.name, **(_told(draft) if told is None else told)}
    )
    return new


def describe(
    tx: Transaction, caller: Caller, registry: RegistryKey, names: Sequence[str] | None, limit: int, after: str
) -> Page[Repository]:
    """The repositories of these names (RepositoryNotFound if one is missing), or a page of all, by name."""
    if names is not None:
        keys = [RepositoryKey(registry, name) for name in names]
        return Page(tuple(lookup.require(tx, caller, key, "DescribeRepositories") for key in keys), None)
    lookup.allow(tx, caller, RepositoryKey(registry, "*"), "DescribeRepositories")
    found = rows.page(tx, registry, after, limit + 1)
    return cut(found, limit, lambda each: each.key.name)


def catalog(tx: Transaction, caller: Caller, registry: RegistryKey, limit: int, after: str) -> Page[str]:
    """A page of the names that the caller may describe: fewer than `limit` where it may describe few of many."""
    names: list[str] = []
    found = rows.page(tx, registry, after, _SCANNED)
    for repository in found:
        if access.allows(caller, "DescribeRepositories", lookup.resource(tx, repository.key, repository)):
            if len(names) >= limit:
                return Page(tuple(names), (names[-1],) if names else None)
            names.append(repository.key.name)
    if len(found) == _SCANNED:
        return Page(tuple(names), (found[-1].key.name,))
    if not names:  # an empty list for who may see everything, a denial for who may see nothing
        lookup.allow(tx, caller, RepositoryKey(registry, "*"), "DescribeRepositories")
    return Page(tuple(names), None)


def set_mutability(
    tx: Transaction, caller: Caller, key: RepositoryKey, mutability: str, exclusion_filters: Sequence[str]
) -> None:
    """Change which tags may be moved from now on."""
    repository = lookup.require_locked(tx, caller, key, "PutImageTagMutability")
    check_mutability(mutability, exclusion_filters)
    rows.set_mutability(tx, repository.id, mutability, exclusion_filters)
    Change(tx, caller, repository).finish(
        "PutImageTagMutability", {"repositoryName": key.name} | _told_mutability(mutability, exclusion_filters)
    )


def delete(tx: Transaction, caller: Caller, key: RepositoryKey, *, force: bool) -> Repository:
    """Remove a repository; its name is free at once, what it held is removed by a job, or kept in the trash.

    RepositoryProtected; RepositoryNotEmpty when it holds images and `force` is not set. Returns the repository as it
    was.
    """
    repository = lookup.require_locked(tx, caller, key, "DeleteRepository")
    protection.require_unprotected(tx, repository)
    if not force and rows.has_images(tx, repository.id):
        raise RepositoryNotEmpty(name=key.name, account=key.registry.account)
    rows.entomb(tx, repository.id, caller.at)
    if not trash.keep_repository(tx, caller, repository):
        tag_rows.remove_all(tx, repository.id)
        catalog_rows.remove(tx, repository.id)
        configuration.retire(tx, repository, caller.at)
    Change(tx, caller, repository).finish("DeleteRepository", {"repositoryName": key.name, "force": force})
    return repository


def tag_is_immutable(repository: Repository, tag: str) -> bool:
    """Whether this tag, once it points at an image, must stay there."""
    match repository.mutability:
        case "MUTABLE":
            return False
        case "IMMUTABLE":
            return True
        case "IMMUTABLE_WITH_EXCLUSION":
            return not _matches(repository.exclusion_filters, tag)
        case _:
            return _matches(repository.exclusion_filters, tag)


def check_mutability(mutability: str, filters: Sequence[str]) -> None:
    """ParameterInvalid for a mode and filters that do not go together."""
    parameter = "imageTagMutabilityExclusionFilters"
    if mutability not in MUTABILITIES:
        raise ParameterInvalid(
            parameter="imageTagMutability", reason=f"Member must satisfy enum value set: [{', '.join(MUTABILITIES)}]"
        )
    if mutability.endswith("_WITH_EXCLUSION") and not filters:
        reason = f"ImageTagMutabilityExclusionFilters can't be null when imageTagMutability is set as {mutability}"
        raise ParameterInvalid(parameter=parameter, reason=reason)
    if filters and not mutability.endswith("_WITH_EXCLUSION"):
        reason = f"ImageTagMutabilityExclusionFilters must be null when imageTagMutability is set as {mutability}"
        raise ParameterInvalid(parameter=parameter, reason=reason)
    if len(filters) > MOST_FILTERS:
        raise ParameterInvalid(
            parameter=parameter, reason=f"Member must have length less than or equal to {MOST_FILTERS}"
        )
    for text in filters:
        if not _FILTER.fullmatch(text):
            reason = "Member must satisfy regular expression pattern: ^[0-9a-zA-Z._*-]{1,128}$"
            raise ParameterInvalid(parameter=f"{parameter}.filter", reason=reason)
        if text.count("*") > MOST_WILDCARDS:
            reason = f"Member must contain at most {MOST_WILDCARDS} wildcards (*)"
            raise ParameterInvalid(parameter=f"{parameter}.filter", reason=reason)


def _told(draft: RepositoryDraft) -> dict[str, object]:
    """A draft as request parameters of an audit record."""
    told = _told_mutability(draft.mutability, draft.exclusion_filters) | {
        "imageScanningConfiguration": {"scanOnPush": draft.scan_on_push},
        "encryptionConfiguration": draft.encryption,
    }
    return told | ({"tags": dict(draft.resource_tags)} if draft.resource_tags else {})


def _told_mutability(mutability: str, filters: Sequence[str]) -> dict[str, object]:
    told: dict[str, object] = {"imageTagMutability": mutability}
    if filters:
        told["imageTagMutabilityExclusionFilters"] = [{"filterType": "WILDCARD", "filter": text} for text in filters]
    return told


def _matches(filters: Sequence[str], tag: str) -> bool:
    return any(re.fullmatch(".*".join(re.escape(part) for part in text.split("*")), tag) for text in filters)
