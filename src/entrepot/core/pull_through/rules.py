"""Pull-through cache rules: names below a prefix stand for repositories of an upstream registry (ECR user guide, "Sync
an upstream registry with an Amazon ECR private registry").
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from entrepot.core import access, changes, resources
from entrepot.core.access import Caller
from entrepot.core.events import passed_roles
from entrepot.core.keys.vault import Vault
from entrepot.core.page import Page, cut
from entrepot.core.pull_through import upstreams
from entrepot.core.pull_through.upstreams import Upstream
from entrepot.core.quotas import catalogue, limits
from entrepot.core.secrets import credentials
from entrepot.db import accounts
from entrepot.db import pull_through_rules as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.pull_through_rules import ROOT, Rule
from entrepot.errors import (
    ParameterInvalid,
    PullThroughRuleAlreadyExists,
    PullThroughRuleNotFound,
    QuotaExceeded,
)
from entrepot.spec.repository import RegistryKey

__all__ = ["ROOT", "Rule", "RuleDraft", "create", "delete", "describe", "get", "set_ttl", "update"]

SERVICE = "pullthroughcache.ecr.amazonaws.com"
TTL = timedelta(hours=24)
SHORTEST_TTL, LONGEST_TTL = 0, 30 * 24 * 3600
Allowed = Collection[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """What a call says of a rule; a text is empty where it says nothing."""

    prefix: str
    url: str = ""
    kind: str = ""
    credential_arn: str = ""
    custom_role_arn: str = ""
    upstream_prefix: str = ""
    told: changes.Json = field(default_factory=dict)  # the call's input, for the audit record


@dataclass(frozen=True, slots=True)
class Terms:
    """What rules are judged by: the operator's list, who opens secrets, and how many a registry may have."""

    allowed: Allowed
    vault: Vault
    most: int | None = None  # AWS's quota, or what was set


def create(tx: Transaction, caller: Caller, terms: Terms, registry: RegistryKey, draft: RuleDraft) -> Rule:
    """A new rule: PullThroughRuleAlreadyExists, UpstreamUnsupported, QuotaExceeded, and what the secret's state is."""
    access.require(caller, "CreatePullThroughCacheRule", resources.of_own_registry(registry))
    upstream = upstreams.parse(draft.url, draft.kind, terms.allowed)
    upstream_prefix = draft.upstream_prefix or ROOT
    if draft.prefix == ROOT and upstream_prefix != ROOT:
        reason = "it can be set only where ecrRepositoryPrefix is not ROOT"
        raise ParameterInvalid(parameter="upstreamRepositoryPrefix", reason=reason)
    _check_login(tx, caller, terms.vault, registry, upstream, draft)
    accounts.lock(tx, registry.account)
    if rows.find(tx, registry, draft.prefix) is not None:
        raise PullThroughRuleAlreadyExists(prefix=draft.prefix, account=registry.account)
    most = limits.limit(tx, registry, catalogue.UPSTREAMS) if terms.most is None else terms.most
    if rows.count(tx, registry) >= most:
        raise QuotaExceeded(quota="PullThroughCacheRulesPerRegistry", limit=most)
    made = Rule(
        registry=registry,
        prefix=draft.prefix,
        upstream_registry=upstream.kind,
        upstream_url=upstream.host,
        upstream_prefix=upstream_prefix,
        credential_arn=draft.credential_arn,
        custom_role_arn=draft.custom_role_arn,
        ttl=TTL,
        created_at=caller.at,
        updated_at=caller.at,
    )
    rows.put(tx, made)
    _tell(tx, caller, registry, "CreatePullThroughCacheRule", draft.told)
    return made


def update(tx: Transaction, caller: Caller, terms: Terms, registry: RegistryKey, draft: RuleDraft) -> Rule:
    """Change what the upstream is asked with: PullThroughRuleNotFound, and what the secret's state is."""
    access.require(caller, "UpdatePullThroughCacheRule", resources.of_own_registry(registry))
    accounts.lock(tx, registry.account)
    found = _get(tx, registry, draft.prefix)
    upstream = Upstream(found.upstream_registry, found.upstream_url)
    _check_login(tx, caller, terms.vault, registry, upstream, draft)
    changed = replace(
        found,
        credential_arn=draft.credential_arn or found.credential_arn,
        custom_role_arn=draft.custom_role_arn or found.custom_role_arn,
        updated_at=caller.at,
    )
    rows.put(tx, changed)
    _tell(tx, caller, registry, "UpdatePullThroughCacheRule", draft.told)
    return changed


def set_ttl(tx: Transaction, caller: Caller, registry: RegistryKey, prefix: str, seconds: int) -> Rule:
    """Change how long a tag is taken for what the upstream has: PullThroughRuleNotFound, ParameterInvalid."""
    access.require(caller, "PutPullThroughCacheSettings", resources.own(resources.of_own_registry(registry)))
    if not SHORTEST_TTL <= seconds <= LONGEST_TTL:
        reason = f"Member must be between {SHORTEST_TTL} and {LONGEST_TTL}"
        raise ParameterInvalid(parameter="ttlSeconds", reason=reason)
    accounts.lock(tx, registry.account)
    changed = replace(_get(tx, registry, prefix), ttl=timedelta(seconds=seconds), updated_at=caller.at)
    rows.put(tx, changed)
    told = {"ecrRepositoryPrefix": prefix, "ttlSeconds": seconds}
    account, region = registry.account, registry.region
    changes.audit(
        tx, caller, "PutPullThroughCacheSettings", told, account=account, region=region, service=resources.OWN
    )
    return changed


def delete(tx: Transaction, caller: Caller, registry: RegistryKey, prefix: str) -> Rule:
    """Remove a rule, and return it; what was cached by it stays: PullThroughRuleNotFound."""
    access.require(caller, "DeletePullThroughCacheRule", resources.of_own_registry(registry))
    accounts.lock(tx, registry.account)
    gone = _get(tx, registry, prefix)
    rows.remove(tx, registry, prefix)
    _tell(tx, caller, registry, "DeletePullThroughCacheRule", {"ecrRepositoryPrefix": prefix})
    return gone


def describe(
    tx: Transaction, caller: Caller, registry: RegistryKey, prefixes: Sequence[str] | None, limit: int, after: str
) -> Page[Rule]:
    """The rules of these prefixes (PullThroughRuleNotFound if one is missing), or a page of all, by prefix."""
    access.require(caller, "DescribePullThroughCacheRules", resources.of_own_registry(registry))
    if prefixes is not None:
        return Page(tuple(_get(tx, registry, prefix) for prefix in dict.fromkeys(prefixes)), None)
    return cut(rows.page(tx, registry, after, limit + 1), limit, lambda each: rows.path_of(each.prefix))


def settings(tx: Reader, caller: Caller, registry: RegistryKey, prefix: str) -> Rule:
    """One rule, with what AWS has no name for: PullThroughRuleNotFound."""
    access.require(caller, "GetPullThroughCacheSettings", resources.own(resources.of_own_registry(registry)))
    return _get(tx, registry, prefix)


def get(tx: Transaction, caller: Caller, registry: RegistryKey, prefix: str, operation: str) -> Rule:
    """One rule, for a caller who may do `operation` to the registry: PullThroughRuleNotFound."""
    access.require(caller, operation, resources.of_own_registry(registry))
    return _get(tx, registry, prefix)


def _check_login(
    tx: Transaction, caller: Caller, vault: Vault, registry: RegistryKey, upstream: Upstream, draft: RuleDraft
) -> None:
    """What an upstream is to be asked with is of its kind, is there, and is the caller's to use."""
    arn, role, needs = draft.credential_arn, draft.custom_role_arn, upstream.needs
    if needs == "secret" and not arn:
        reason = f"a secret with credentials is required for the upstream registry '{upstream.host}'"
        raise ParameterInvalid(parameter="credentialArn", reason=reason)
    if arn and needs in ("nothing", "role"):
        reason = f"the upstream registry '{upstream.host}' takes no credentials"
        raise ParameterInvalid(parameter="credentialArn", reason=reason)
    if role and needs != "role":
        reason = "it can be set only where the upstream registry is a private registry of Amazon ECR"
        raise ParameterInvalid(parameter="customRoleArn", reason=reason)
    if role and not role.startswith(f"arn:aws:iam::{registry.account}:role/"):
        reason = "it must be the ARN of a role in the account of the registry"
        raise ParameterInvalid(parameter="customRoleArn", reason=reason)
    if needs == "role" and not role and (upstream.registry or ("",))[0] != registry.account:
        reason = "a custom role is required for a registry of another account"
        raise ParameterInvalid(parameter="customRoleArn", reason=reason)
    if role:
        passed_roles.allow(tx, caller, role, SERVICE)
    if arn:
        credentials.value(tx, caller, vault, arn)


def _get(tx: Reader, registry: RegistryKey, prefix: str) -> Rule:
    found = rows.find(tx, registry, prefix)
    if found is None:
        raise PullThroughRuleNotFound(prefix=prefix, account=registry.account)
    return found


def _tell(tx: Transaction, caller: Caller, registry: RegistryKey, action: str, told: changes.Json) -> None:
    changes.audit(tx, caller, action, told, account=registry.account, region=registry.region)
