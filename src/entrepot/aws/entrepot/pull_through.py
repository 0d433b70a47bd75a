"""Operations on what AWS has no name for of the pull-through cache."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core.pull_through import rules
from entrepot.core.pull_through.rules import Rule
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey

Output = Mapping[str, Any]


async def get_pull_through_cache_settings(call: Call) -> Output:
    """GetPullThroughCacheSettings."""
    prefix = call.input["ecrRepositoryPrefix"]
    return _shown(await call.core.units.read(rules.settings, call.caller, call.registry, prefix))


async def put_pull_through_cache_settings(call: Call) -> Output:
    """PutPullThroughCacheSettings."""
    prefix, seconds = call.input["ecrRepositoryPrefix"], call.input["ttlSeconds"]
    return _shown(await call.core.units.write(rules.set_ttl, call.caller, call.registry, prefix, seconds))


async def refresh_cached_images(call: Call) -> Output:
    """RefreshCachedImages: what each tag has now, and which the upstream could not be asked for."""
    key = RepositoryKey(call.registry, call.input["repositoryName"])
    tag = Tag.parse(call.input["imageTag"]) if "imageTag" in call.input else None
    done = await call.core.pull_through.lists.refresh(call.caller, key, tag)
    return {
        "registryId": key.registry.account,
        "repositoryName": key.name,
        "imageIds": [{"imageTag": name, "imageDigest": digest} for name, digest in done.digests.items()],
        "failures": [{"imageTag": name, "failureReason": why} for name, why in done.failures.items()],
    }


def _shown(rule: Rule) -> Output:
    return {
        "registryId": rule.registry.account,
        "ecrRepositoryPrefix": rule.prefix,
        "ttlSeconds": int(rule.ttl.total_seconds()),
    }
