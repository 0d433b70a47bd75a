"""Registries and repositories, as ECR Public's operations name them."""

from entrepot.aws.protocol.call import Call
from entrepot.spec.repository import RegistryKey, RepositoryKey, public_registry


def registry(call: Call) -> RegistryKey:
    """The public registry that a call is about: that of the account it names, else the caller's."""
    return public_registry(call.input.get("registryId", call.account))


def repository(call: Call) -> RepositoryKey:
    """The repository that a call names; the model has checked the name's form."""
    return RepositoryKey(registry(call), call.input["repositoryName"])


def pushed_to(call: Call) -> RepositoryKey:
    """The repository of an operation of a push, which may name the registry by an alias too: RegistryNotFound."""
    named = call.addressing.public_registry(call.input.get("registryId", call.account))
    return RepositoryKey(named, call.input["repositoryName"])
