"""Repository creation templates: what repositories are like that a push, a replication or an upstream image needs and
that nobody has made (ECR user guide, "Templates to control repositories created during ...").

The longest prefix that applies for the occasion decides, then ROOT; existing repositories and CreateRepository know
nothing of templates. Who needs the repository must be allowed to create it; a custom role, where there is one, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from msgspec import structs

from entrepot.core import changes, lookup, named_principals, repositories
from entrepot.core.access import Caller
from entrepot.core.encryption import configuration
from entrepot.core.encryption.configuration import KeyUser
from entrepot.core.keys.vault import Vault
from entrepot.core.lifecycle import policies as lifecycle
from entrepot.core.named_principals import PrincipalUnknown
from entrepot.core.page import Page, cut
from entrepot.core.quotas import catalogue, limits
from entrepot.core.repositories import Repository, RepositoryDraft
from entrepot.core.resource_tags import MOST_TAGS, check_tags, request_tags
from entrepot.core.template_roles import allow_role, require_role
from entrepot.db import accounts
from entrepot.db import repositories as repository_rows
from entrepot.db import templates as rows
from entrepot.db.database import Transaction
from entrepot.db.templates import ROOT, Template
from entrepot.errors import (
    ParameterInvalid,
    QuotaExceeded,
    RepositoryPolicyInvalid,
    ResourceTagInvalid,
    TemplateAlreadyExists,
    TemplateNotFound,
)
from entrepot.policy import document
from entrepot.policy.structure import Kind
from entrepot.spec.repository import RegistryKey, RepositoryKey

__all__ = ["Occasion", "Template", "TemplateDraft", "create", "create_for", "delete", "describe", "update"]

MOST_TEMPLATES = catalogue.QUOTAS["private"][catalogue.TEMPLATES].most
Occasion = Literal["CREATE_ON_PUSH", "PULL_THROUGH_CACHE", "REPLICATION"]
_AES = {"encryptionType": "AES256"}


@dataclass(frozen=True, slots=True)
class TemplateDraft:
    """What a call says of a template; None where it says nothing. An empty text takes away what was there."""

    prefix: str
    applied_for: tuple[str, ...] | None = None
    description: str | None = None
    encryption: dict[str, str] | None = None
    resource_tags: tuple[tuple[str, str], ...] | None = None
    mutability: str | None = None
    exclusion_filters: tuple[str, ...] | None = None
    repository_policy: str | None = None
    lifecycle_policy: str | None = None
    custom_role_arn: str | None = None
    told: changes.Json = field(default_factory=dict)  # the call's input, for the audit record


def create(
    tx: Transaction,
    caller: Caller,
    registry: RegistryKey,
    draft: TemplateDraft,
    most: int | None = None,
    vault: Vault | None = None,
) -> Template:
    """A new template: TemplateAlreadyExists, QuotaExceeded, and whatever is wrong with what it says."""
    lookup.allow_registry(tx, caller, registry, "CreateRepositoryCreationTemplate")
    _allow(tx, caller, registry, draft)
    accounts.lock(tx, registry.account)
    if rows.find(tx, registry, draft.prefix) is not None:
        raise TemplateAlreadyExists(prefix=draft.prefix, account=registry.account)
    limit = limits.limit(tx, registry, catalogue.TEMPLATES) if most is None else most
    if rows.count(tx, registry) >= limit:
        raise QuotaExceeded(quota="RepositoryCreationTemplatesPerRegistry", limit=limit)
    new = Template(draft.prefix, (), caller.at, caller.at, encryption=dict(_AES))
    return _keep(tx, KeyUser(caller, vault), registry, new, draft, "CreateRepositoryCreationTemplate")


def update(
    tx: Transaction, caller: Caller, registry: RegistryKey, draft: TemplateDraft, vault: Vault | None = None
) -> Template:
    """Change what the call says something of, for repositories that are made from now on: TemplateNotFound."""
    lookup.allow_registry(tx, caller, registry, "UpdateRepositoryCreationTemplate")
    _allow(tx, caller, registry, draft)
    accounts.lock(tx, registry.account)
    found = replace(_get(tx, registry, draft.prefix), updated_at=caller.at)
    return _keep(tx, KeyUser(caller, vault), registry, found, draft, "UpdateRepositoryCreationTemplate")


def delete(tx: Transaction, caller: Caller, registry: RegistryKey, prefix: str) -> Template:
    """Remove a template, and return it; repositories that it made stay as they are: TemplateNotFound."""
    lookup.allow_registry(tx, caller, registry, "DeleteRepositoryCreationTemplate")
    accounts.lock(tx, registry.account)
    gone = _get(tx, registry, prefix)
    rows.remove(tx, registry, prefix)
    _tell(tx, caller, registry, "DeleteRepositoryCreationTemplate", {"prefix": prefix})
    return _shown(tx, gone)


def describe(
    tx: Transaction, caller: Caller, registry: RegistryKey, prefixes: Sequence[str] | None, limit: int, after: str
) -> Page[Template]:
    """The templates of these prefixes that there are, or a page of all, by prefix."""
    lookup.allow_registry(tx, caller, registry, "DescribeRepositoryCreationTemplates")
    if prefixes is not None:
        found = [rows.find(tx, registry, prefix) for prefix in dict.fromkeys(prefixes)]
        return Page(tuple(_shown(tx, each) for each in found if each is not None), None)
    page = cut(rows.page(tx, registry, after, limit + 1), limit, lambda each: rows.path_of(each.prefix))
    return Page(tuple(_shown(tx, each) for each in page.items), page.after)


def match(tx: Transaction, key: RepositoryKey, occasion: Occasion) -> Template | None:
    """The template that a repository of this name is made from on an occasion: the longest prefix, else ROOT."""
    if key.registry.kind != "private":
        return None
    best: Template | None = None
    for template in rows.page(tx, key.registry, "", MOST_TEMPLATES):
        is_root = template.prefix == ROOT
        fits = is_root or key.name.startswith(f"{rows.path_of(template.prefix)}/")
        if not fits or occasion not in template.applied_for:
            continue
        if best is None or (not is_root and (best.prefix == ROOT or len(template.prefix) > len(best.prefix))):
            best = template
    return best


def allow_for(tx: Transaction, caller: Caller, key: RepositoryKey, occasion: Occasion) -> Template | None:
    """The template of an occasion, for who may create the repository that it makes: AccessDenied."""
    template = match(tx, key, occasion)
    lookup.allow(tx, caller, key, "CreateRepository", request_tags(() if template is None else template.resource_tags))
    return template


def create_for(tx: Transaction, caller: Caller, key: RepositoryKey, occasion: Occasion) -> Repository | None:
    """The repository that an occasion needs, made now unless somebody has made it meanwhile.

    Without a template nothing is created on push (None), and other occasions make a repository with ECR's defaults.
    AccessDenied unless the caller, and the template's custom role, may create it; TemplateRoleUnusable,
    RepositoryKeyUnusable.
    """
    template = allow_for(tx, caller, key, occasion)
    found = repository_rows.find(tx, key)
    if found is not None:
        return found
    if template is None:
        return None if occasion == "CREATE_ON_PUSH" else repositories.make(tx, caller, key, RepositoryDraft())
    user = None
    if template.custom_role_arn:
        rights = require_role(tx, key, template, request_tags(template.resource_tags))
        user = KeyUser(structs.replace(caller, rights=rights))
    draft = RepositoryDraft(
        mutability=template.mutability,
        exclusion_filters=template.exclusion_filters,
        encryption=template.encryption,
        resource_tags=template.resource_tags,
    )
    made = repositories.make(tx, caller, key, draft, policy=template.repository_policy, user=user)
    if template.lifecycle_policy:
        lifecycle.give(tx, made, template.lifecycle_policy, caller.request_id, caller.at)
    return made


def _allow(tx: Transaction, caller: Caller, registry: RegistryKey, draft: TemplateDraft) -> None:
    """AccessDenied unless the caller could do to the repositories what the template is to do to them."""
    below = RepositoryKey(registry, "*" if draft.prefix == ROOT else f"{rows.path_of(draft.prefix)}/*")
    lookup.allow(tx, caller, below, "CreateRepository")
    if draft.repository_policy:
        lookup.allow(tx, caller, below, "SetRepositoryPolicy")
    if draft.lifecycle_policy:
        lookup.allow(tx, caller, below, "PutLifecyclePolicy")
    if draft.custom_role_arn:
        allow_role(tx, caller, draft.custom_role_arn)


def _keep(
    tx: Transaction, user: KeyUser, registry: RegistryKey, template: Template, draft: TemplateDraft, action: str
) -> Template:
    """Keep it, with the account's key for ECR at hand where the repositories are to have that."""
    changed = _with_texts(tx, registry, _with(template, draft), draft)
    _check(registry, changed)
    configuration.prepare(tx, user, registry, changed.encryption)
    rows.put(tx, registry, changed)
    _tell(tx, user.caller, registry, action, draft.told)
    return _shown(tx, changed)


def _with(template: Template, draft: TemplateDraft) -> Template:
    """The template with what the call says; a mode without filters given takes the filters of another mode away."""
    encryption = template.encryption if draft.encryption is None else draft.encryption
    mutability = template.mutability if draft.mutability is None else draft.mutability
    filters = template.exclusion_filters if draft.exclusion_filters is None else draft.exclusion_filters
    if draft.exclusion_filters is None and not mutability.endswith("_WITH_EXCLUSION"):
        filters = ()
    return replace(
        template,
        applied_for=template.applied_for if draft.applied_for is None else tuple(dict.fromkeys(draft.applied_for)),
        description=template.description if draft.description is None else draft.description,
        encryption={name: value for name, value in encryption.items() if value},
        resource_tags=template.resource_tags if draft.resource_tags is None else draft.resource_tags,
        mutability=mutability,
        exclusion_filters=filters,
        custom_role_arn=template.custom_role_arn if draft.custom_role_arn is None else draft.custom_role_arn,
    )


def _with_texts(tx: Transaction, registry: RegistryKey, template: Template, draft: TemplateDraft) -> Template:
    """RepositoryPolicyInvalid, LifecyclePolicyInvalid."""
    if draft.lifecycle_policy is not None:
        text = draft.lifecycle_policy
        kept = lifecycle.checked(tx, registry, text) if text else ""
        template = replace(template, lifecycle_policy=kept)
    if draft.repository_policy is None:
        return template
    if not draft.repository_policy:
        return replace(template, repository_policy=None)
    document.parse_resource_policy(draft.repository_policy, Kind.REPOSITORY)
    try:
        return replace(template, repository_policy=named_principals.stored(tx, draft.repository_policy))
    except PrincipalUnknown as unknown:
        raise RepositoryPolicyInvalid(reason=f"there is no principal {unknown}") from None


def _check(registry: RegistryKey, template: Template) -> None:
    """ParameterInvalid for settings that no repository could be made with."""
    repositories.check_mutability(template.mutability, template.exclusion_filters)
    configuration.check(template.encryption)
    try:
        check_tags(template.resource_tags)
    except ResourceTagInvalid as fact:
        raise ParameterInvalid(parameter="resourceTags", reason=str(fact)) from None
    if len(template.resource_tags) > MOST_TAGS:
        raise ParameterInvalid(parameter="resourceTags", reason=f"a repository has at most {MOST_TAGS} tags")
    role = template.custom_role_arn
    if (template.resource_tags or template.encryption["encryptionType"] == configuration.KMS) and not role:
        reason = "a custom role is required for templates with resource tags or KMS encryption"
        raise ParameterInvalid(parameter="customRoleArn", reason=reason)
    if role and not role.startswith(f"arn:aws:iam::{registry.account}:role/"):
        reason = "it must be the ARN of a role in the account of the registry"
        raise ParameterInvalid(parameter="customRoleArn", reason=reason)


def _get(tx: Transaction, registry: RegistryKey, prefix: str) -> Template:
    found = rows.find(tx, registry, prefix)
    if found is None:
        raise TemplateNotFound(prefix=prefix, account=registry.account)
    return found


def _shown(tx: Transaction, template: Template) -> Template:
    """With the repository policy as ECR prints it."""
    if template.repository_policy is None:
        return template
    printed = document.printed(named_principals.shown(tx, template.repository_policy))
    return replace(template, repository_policy=printed)


def _tell(tx: Transaction, caller: Caller, registry: RegistryKey, action: str, told: changes.Json) -> None:
    changes.audit(tx, caller, action, told, account=registry.account, region=registry.region)
