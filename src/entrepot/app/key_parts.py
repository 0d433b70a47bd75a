"""Keys of a process, from settings: its own under the master key, and those that other key services have."""

from collections.abc import Callable
from datetime import datetime

from entrepot.app import aws_keys
from entrepot.core.keys.remote import Endpoint, RemoteKeys
from entrepot.core.keys.vault import Vault
from entrepot.errors.start import AwsCredentialsUnusable
from entrepot.outbound import Destinations, Outbound
from entrepot.outbound.key_services import KeyService
from entrepot.seal import Seal
from entrepot.settings import Settings

_SECONDS = 5.0  # pushes and pulls wait for the answer


def vault(settings: Settings, sealed: Seal, destinations: Destinations, clock: Callable[[], datetime]) -> Vault:
    """What opens keys: AwsCredentialsUnusable."""
    return Vault(sealed, _remotes(settings, destinations, clock))


def _remotes(settings: Settings, destinations: Destinations, clock: Callable[[], datetime]) -> RemoteKeys:
    if not settings.kms_endpoints:
        return RemoteKeys()
    path = settings.kms_credentials
    if path is None:
        raise AwsCredentialsUnusable(setting="kms_credentials", path="no file", reason="it is not set")
    outbound = Outbound(destinations, settings.outbound_ca, total_seconds=_SECONDS)
    return RemoteKeys(
        [
            Endpoint(
                beginning,
                KeyService(
                    outbound, url, aws_keys.of_profiles("kms_credentials", path, beginning.split(":")[4]), clock
                ),
            )
            for beginning, url in settings.kms_endpoints
        ],
        settings.kms_users,
    )
