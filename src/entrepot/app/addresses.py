"""How the registries of a deployment are addressed, from settings: for its servers and for commands."""

from entrepot.http.addressing import Addressing, PublicNames
from entrepot.settings import Settings
from entrepot.spec.repository import RegistryKey


def addressing(settings: Settings, public: PublicNames) -> Addressing:
    """What reads and writes the addresses of this deployment."""
    return Addressing(
        domain=settings.domain,
        default_account=settings.account_id,
        regions=settings.regions,
        aliases={host: _registry(text, settings) for host, text in settings.aliases},
        public=public,
    )


def is_own(settings: Settings, host: str) -> bool:
    """Whether a host, without its port, is one of this deployment's by its settings."""
    return host in dict(settings.aliases) or (settings.domain is not None and host.endswith(f".{settings.domain}"))


def _registry(text: str, settings: Settings) -> RegistryKey:
    account, _, region = text.partition("/")
    return RegistryKey("private", account, region or settings.regions[0])
