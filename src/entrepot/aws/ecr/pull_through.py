"""Operations on pull-through cache rules."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.aws.repository import pages
from entrepot.core.pull_through import rules
from entrepot.core.pull_through.rules import Rule, RuleDraft

Output = Mapping[str, Any]
_SCOPE = "DescribePullThroughCacheRules"


async def create_pull_through_cache_rule(call: Call) -> Output:
    """CreatePullThroughCacheRule."""
    terms = call.core.pull_through.terms
    made = await call.core.units.write(rules.create, call.caller, terms, call.registry, _draft(call))
    return _shown(made) | {"createdAt": made.created_at}


async def update_pull_through_cache_rule(call: Call) -> Output:
    """UpdatePullThroughCacheRule: what is not given stays."""
    terms = call.core.pull_through.terms
    changed = await call.core.units.write(rules.update, call.caller, terms, call.registry, _draft(call))
    return _without_upstream(_shown(changed)) | {"updatedAt": changed.updated_at}


async def delete_pull_through_cache_rule(call: Call) -> Output:
    """DeletePullThroughCacheRule."""
    prefix = call.input["ecrRepositoryPrefix"]
    gone = await call.core.units.write(rules.delete, call.caller, call.registry, prefix)
    return {name: value for name, value in _shown(gone).items() if name != "upstreamRegistry"} | {
        "createdAt": gone.created_at
    }


async def describe_pull_through_cache_rules(call: Call) -> Output:
    """DescribePullThroughCacheRules: those named, or a page of all."""
    prefixes = call.input.get("ecrRepositoryPrefixes")
    if prefixes is not None:
        pages.refuse(call, "ecrRepositoryPrefixes")
    (after,) = pages.start(call, _SCOPE, 1)
    page = await call.core.units.read(rules.describe, call.caller, call.registry, prefixes, pages.limit(call), after)
    return {
        "pullThroughCacheRules": [
            _shown(rule) | {"createdAt": rule.created_at, "updatedAt": rule.updated_at} for rule in page.items
        ],
        "nextToken": pages.following(call, _SCOPE, page.after),
    }


async def validate_pull_through_cache_rule(call: Call) -> Output:
    """ValidatePullThroughCacheRule: the upstream is asked, with what the rule names."""
    prefix, operation = call.input["ecrRepositoryPrefix"], "ValidatePullThroughCacheRule"
    rule = await call.core.units.read(rules.get, call.caller, call.registry, prefix, operation)
    failure = await call.core.pull_through.lists.failure(rule)
    shown = {name: value for name, value in _shown(rule).items() if name != "upstreamRegistry"}
    return shown | {"isValid": not failure, "failure": failure or None}


def _draft(call: Call) -> RuleDraft:
    given = call.input
    return RuleDraft(
        prefix=given["ecrRepositoryPrefix"],
        url=given.get("upstreamRegistryUrl", ""),
        kind=given.get("upstreamRegistry", ""),
        credential_arn=given.get("credentialArn", ""),
        custom_role_arn=given.get("customRoleArn", ""),
        upstream_prefix=given.get("upstreamRepositoryPrefix", ""),
        told=given,
    )


def _without_upstream(shown: Output) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name not in ("upstreamRegistry", "upstreamRegistryUrl")}


def _shown(rule: Rule) -> dict[str, Any]:
    return {
        "registryId": rule.registry.account,
        "ecrRepositoryPrefix": rule.prefix,
        "upstreamRegistryUrl": rule.upstream_url,
        "upstreamRegistry": rule.upstream_registry or None,
        "upstreamRepositoryPrefix": rule.upstream_prefix,
        "credentialArn": rule.credential_arn or None,
        "customRoleArn": rule.custom_role_arn or None,
    }
