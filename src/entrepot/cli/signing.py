"""`entrepot signing`: what verifiers of signatures trust."""

import sys

from entrepot.cli.registry_place import REGISTRY_HERE, RegistryPlace
from entrepot.core.signing import authority


def root(*, where: RegistryPlace = REGISTRY_HERE) -> None:
    """Print the account's root certificate, for a trust store of notation."""
    sys.stdout.write(where.read(authority.root))


def key(profile: str, /, *, where: RegistryPlace = REGISTRY_HERE) -> None:
    """Print the public key of a signing profile, for `cosign verify --key`."""
    sys.stdout.write(where.read(authority.public_key, profile))
