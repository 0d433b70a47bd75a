"""Platforms as their users see them (AWS Signer API reference, "ListSigningPlatforms")."""

from collections.abc import Mapping

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.page import Page, cut
from entrepot.core.resources import Resource
from entrepot.core.signing import platforms
from entrepot.core.signing.places import SERVICE
from entrepot.core.signing.platforms import Platform


def get(caller: Caller, platform_id: str) -> Platform:
    """One: SigningPlatformNotFound."""
    access.require(caller, "GetSigningPlatform", Resource(caller.principal.account, "*", SERVICE))
    return platforms.get(platform_id)


def list_all(caller: Caller, filters: Mapping[str, str], limit: int, after: str) -> Page[Platform]:
    """A page of those that have these members (`partner`, `target`; none has a `category`), by id."""
    access.require(caller, "ListSigningPlatforms", Resource(caller.principal.account, "*", SERVICE))
    found = [
        each
        for each in platforms.ALL.values()
        if each.id > after and all(getattr(each, name, "") == value for name, value in filters.items())
    ]
    return cut(found, limit, lambda each: each.id)
