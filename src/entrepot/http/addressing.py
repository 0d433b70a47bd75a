"""Where a request points, and how the same place is written: one parser and one writer (design, section 3).

Host style, when `domain` is set: `<account>.dkr.ecr.<region>.<domain>/<repo>`; aliases are further hosts of a registry.
Path style on all other hosts: `/<repo>`, `/<account>/<region>/<repo>`, `/public.ecr/<alias>/<repo>`.
Public registries have a host too: `public.ecr.<domain>/<alias>/<repo>`; an account's id will do for its alias.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Protocol

import msgspec

from entrepot.errors import NameInvalid, RegionNotServed, RegistryNotFound
from entrepot.http.exchange import Exchange
from entrepot.spec.repository import RegistryKey, RepositoryKey, parse_name, public_registry

_REGION = r"[a-z]{2}(?:-[a-z]+)+-\d"
_PRIVATE_PATH = re.compile(rf"(\d{{12}})/({_REGION})(?:/|\Z)")
_PUBLIC_PATH = re.compile(r"public\.ecr(?:/|\Z)")
_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_LONGEST_ALIAS = 50
_AMAZON = "amazonaws.com"
_REMEMBERED = 512
LOGOS = "/public.ecr/logos/"
EVERY_PUBLIC = public_registry("")  # where a path names none of them


class Place(msgspec.Struct, frozen=True):
    """A registry as a request names it; `prefix` is what stands before repository names in its paths.

    `shared` says that the host is that of other registries too.
    """

    registry: RegistryKey
    prefix: str
    shared: bool = False


class _Public(msgspec.Struct, frozen=True):
    """A public registry as it was named: by an alias, or not yet (the door of all of them)."""

    alias: str
    prefix: str


class PublicNames(Protocol):
    """Which account has an alias now, and which alias an account goes by."""

    def alias(self, name: str) -> str | None:
        """The account that has this alias."""

    def primary_alias(self, account: str) -> str | None:
        """What the account's registry is called."""


class Addressing:
    """Reads and writes the addresses of one deployment."""

    def __init__(
        self,
        *,
        domain: str | None,
        default_account: str,
        regions: Sequence[str],
        aliases: Mapping[str, RegistryKey],
        public: PublicNames,
    ) -> None:
        self._domain = domain
        self._regions = tuple(regions)
        self._default = RegistryKey("private", default_account, self._regions[0])
        self._aliases = dict(aliases)
        self._public = public
        suffix = re.escape(domain) if domain else "(?!)"
        self._private_host = re.compile(rf"(\d{{12}})\.dkr[.-]ecr\.({_REGION})\.{suffix}")
        self._public_hosts = {f"public.ecr.{domain}"} if domain else set()
        if domain == _AMAZON:
            self._public_hosts.add("public.ecr.aws")
        self._read = lru_cache(maxsize=_REMEMBERED)(self._parse)

    def split(self, host: str, path: str) -> tuple[Place, str]:
        """The registry, and what of the path after `/v2/` belongs to it: RegionNotServed, RegistryNotFound."""
        named, rest = self._read(host, path)
        if isinstance(named, Place):
            return named, rest
        registry = self.public_registry(named.alias) if named.alias else EVERY_PUBLIC
        return Place(registry, named.prefix), rest

    def public_registry(self, name: str) -> RegistryKey:
        """The public registry of this alias, or of this account: RegistryNotFound."""
        account = name if _ACCOUNT.fullmatch(name) else self._public.alias(name)
        if account is None:
            raise RegistryNotFound(alias=name[:_LONGEST_ALIAS])
        return public_registry(account)

    def _parse(self, host: str, path: str) -> tuple[Place | _Public, str]:
        name = _without_port(host)
        if (alias := self._aliases.get(name)) is not None:
            return Place(alias, ""), path
        if match := self._private_host.fullmatch(name):
            return Place(self._private(match[1], match[2]), ""), path
        if name in self._public_hosts:
            return _public(path, "")
        if match := _PRIVATE_PATH.match(path):
            place = Place(self._private(match[1], match[2]), f"{match[1]}/{match[2]}/")
            return place, path[match.end() :]
        if match := _PUBLIC_PATH.match(path):
            return _public(path[match.end() :], "public.ecr/")
        return Place(self._default, "", shared=True), path

    def repository(self, host: str, text: str) -> RepositoryKey:
        """The repository that a `from=` parameter names: NameInvalid, RegionNotServed, RegistryNotFound."""
        place, name = self.split(host, text)
        if place.registry == EVERY_PUBLIC:
            raise NameInvalid(name=text)
        return RepositoryKey(place.registry, parse_name(name))

    def uri(self, key: RepositoryKey, exchange: Exchange) -> str:
        """`repositoryUri`: what a client pushes to, verbatim."""
        return f"{self._authority(key.registry, exchange)}/{self._prefix(key.registry)}{key.name}"

    def url(self, key: RepositoryKey, exchange: Exchange) -> str:
        """The repository's URL below `/v2/`."""
        return f"{self.endpoint(key.registry, exchange)}/v2/{self._prefix(key.registry)}{key.name}"

    def endpoint(self, registry: RegistryKey, exchange: Exchange) -> str:
        """`proxyEndpoint`: scheme, host and port that a client logs in to."""
        scheme = exchange.base_url.partition("://")[0]
        return f"{scheme}://{self._authority(registry, exchange)}"

    def _authority(self, registry: RegistryKey, exchange: Exchange) -> str:
        authority = exchange.base_url.partition("://")[2]
        if not self._domain:
            return authority
        port = authority[len(_without_port(authority)) :]
        if registry.kind == "public":
            return f"public.ecr.{self._domain}{port}"
        return f"{registry.account}.dkr.ecr.{registry.region}.{self._domain}{port}"

    def registry_uri(self, registry: RegistryKey, exchange: Exchange) -> str:
        """`registryUri`: what stands before the names of a registry's repositories."""
        return f"{self._authority(registry, exchange)}/{self._prefix(registry)}".rstrip("/")

    def logo_url(self, key: RepositoryKey, exchange: Exchange) -> str:
        """Where a public repository's logo is."""
        return f"{exchange.base_url}{LOGOS}{key.registry.account}/{key.name}"

    def _prefix(self, registry: RegistryKey) -> str:
        if registry.kind == "public":
            alias = self._public.primary_alias(registry.account) or registry.account
            return f"{alias}/" if self._domain else f"public.ecr/{alias}/"
        if self._domain or registry == self._default:
            return ""
        return f"{registry.account}/{registry.region}/"

    def _private(self, account: str, region: str) -> RegistryKey:
        if region not in self._regions:
            raise RegionNotServed(region=region, served=", ".join(self._regions))
        return RegistryKey("private", account, region)


def _public(path: str, prefix: str) -> tuple[_Public, str]:
    alias, _, rest = path.partition("/")
    if not alias and rest:
        raise NameInvalid(name=path)
    return _Public(alias, f"{prefix}{alias}/" if alias else prefix), rest


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()
