"""Where a request points, and how the same place is written: one parser and one writer (design, section 3).

Host style, when `domain` is set: `<account>.dkr.ecr.<region>.<domain>/<repo>`; aliases are further hosts of a registry.
Path style on all other hosts: `/<repo>`, `/<account>/<region>/<repo>`, `/public.ecr/<alias>/<repo>`.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from entrepot.errors import NameInvalid, RegionNotServed
from entrepot.http.exchange import Exchange
from entrepot.spec.repository import RegistryKey, RepositoryKey, parse_name

_REGION = r"[a-z]{2}(?:-[a-z]+)+-\d"
_PRIVATE_PATH = re.compile(rf"(\d{{12}})/({_REGION})(?:/|\Z)")
_PUBLIC_PATH = re.compile(r"public\.ecr(?:/|\Z)")
_AMAZON = "amazonaws.com"
_REMEMBERED = 512


class Place(msgspec.Struct, frozen=True):
    """A registry as a request names it; `prefix` is what stands before repository names in its paths."""

    registry: RegistryKey
    prefix: str


class Addressing:
    """Reads and writes the addresses of one deployment."""

    def __init__(
        self,
        *,
        domain: str | None,
        default_account: str,
        regions: Sequence[str],
        aliases: Mapping[str, RegistryKey],
    ) -> None:
        self._domain = domain
        self._regions = tuple(regions)
        self._default = RegistryKey("private", default_account, self._regions[0])
        self._aliases = dict(aliases)
        suffix = re.escape(domain) if domain else "(?!)"
        self._private_host = re.compile(rf"(\d{{12}})\.dkr[.-]ecr\.({_REGION})\.{suffix}")
        self._public_hosts = {f"public.ecr.{domain}"} if domain else set()
        if domain == _AMAZON:
            self._public_hosts.add("public.ecr.aws")
        self.split = lru_cache(maxsize=_REMEMBERED)(self._split)

    def _split(self, host: str, path: str) -> tuple[Place, str]:
        """The registry, and what of the path after `/v2/` belongs to it: RegionNotServed."""
        name = _without_port(host)
        if (alias := self._aliases.get(name)) is not None:
            return Place(alias, ""), path
        if match := self._private_host.fullmatch(name):
            return Place(self._private(match[1], match[2]), ""), path
        if name in self._public_hosts:
            return self._public(path, "")
        if match := _PRIVATE_PATH.match(path):
            place = Place(self._private(match[1], match[2]), f"{match[1]}/{match[2]}/")
            return place, path[match.end() :]
        if match := _PUBLIC_PATH.match(path):
            return self._public(path[match.end() :], "public.ecr/")
        return Place(self._default, ""), path

    def repository(self, host: str, text: str) -> RepositoryKey:
        """The repository that a `from=` parameter or token scope names: NameInvalid, RegionNotServed."""
        place, name = self.split(host, text)
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

    def _prefix(self, registry: RegistryKey) -> str:
        if self._domain or registry == self._default:
            return ""
        return f"{registry.account}/{registry.region}/" if registry.kind == "private" else "public.ecr/"

    def _private(self, account: str, region: str) -> RegistryKey:
        if region not in self._regions:
            raise RegionNotServed(region=region, served=", ".join(self._regions))
        return RegistryKey("private", account, region)

    def _public(self, path: str, prefix: str) -> tuple[Place, str]:
        alias, _, rest = path.partition("/")
        if not alias:
            raise NameInvalid(name=path)
        return Place(RegistryKey("public", alias, ""), f"{prefix}{alias}/"), rest


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()
