"""Which registries a rule may name: those that AWS lists, and those of the operator's list (ECR user guide, "Creating a
pull through cache rule").
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from entrepot.errors import ParameterInvalid, UpstreamUnsupported

ECR = "ecr"
LISTED = ""  # one of the operator's list
Needed = Literal["secret", "optional", "nothing", "role"]
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?::[0-9]{1,5})?")
_FIXED: Mapping[str, str] = {
    "public.ecr.aws": "ecr-public",
    "registry.k8s.io": "k8s",
    "quay.io": "quay",
    "registry-1.docker.io": "docker-hub",
    "ghcr.io": "github-container-registry",
    "registry.gitlab.com": "gitlab-container-registry",
    "cgr.dev": "chainguard",
}
_AZURE = re.compile(r"[a-z0-9]{5,50}\.azurecr\.io")
_ECR = re.compile(r"([0-9]{12})\.dkr\.ecr\.([a-z]{2}(?:-[a-z]+)+-[0-9])\.((?:[a-z0-9-]+\.)*[a-z0-9-]+(?::[0-9]{1,5})?)")
_NEEDED: Mapping[str, Needed] = {
    "ecr-public": "nothing",
    "k8s": "nothing",
    "quay": "optional",
    LISTED: "optional",
    ECR: "role",
}
_KINDS = frozenset({*_FIXED.values(), "azure-container-registry", ECR})


@dataclass(frozen=True, slots=True)
class Upstream:
    """A registry that a rule may name: its kind in AWS's words, its host with the port where it has one."""

    kind: str
    host: str
    plain: bool = False  # spoken to without TLS

    @property
    def url(self) -> str:
        """Where its API is."""
        return f"{'http' if self.plain else 'https'}://{self.host}"

    @property
    def needs(self) -> Needed:
        """What it is asked with."""
        return _NEEDED.get(self.kind, "secret")

    @property
    def registry(self) -> tuple[str, str, str] | None:
        """Account, region and domain of a private registry of ECR."""
        named = _ECR.fullmatch(self.host)
        return None if named is None else (named[1], named[2], named[3])


def parse(url: str, kind: str, allowed: Collection[tuple[str, bool]]) -> Upstream:
    """The upstream of a rule: UpstreamUnsupported, ParameterInvalid for a kind that is another's.

    `allowed` is the operator's list: hosts, and whether they are spoken to without TLS.
    """
    host = url.removeprefix("https://").removesuffix("/").lower()
    if not _HOST.fullmatch(host):
        raise UpstreamUnsupported(url=url[:256], reason="it is no host name")
    listed = dict(allowed)
    found = Upstream(_kind(host) or LISTED, host, plain=listed.get(host, False))
    if not found.kind and host not in listed:
        reason = "it is none of those that Amazon ECR lists, nor in this server's setting pull_through_allow"
        raise UpstreamUnsupported(url=url[:256], reason=reason)
    if kind and (kind not in _KINDS or (found.kind and kind != found.kind)):
        raise ParameterInvalid(parameter="upstreamRegistry", reason=f"'{host}' is not the registry '{kind}'")
    return found


def _kind(host: str) -> str:
    if _AZURE.fullmatch(host):
        return "azure-container-registry"
    return ECR if _ECR.fullmatch(host) else _FIXED.get(host, "")
