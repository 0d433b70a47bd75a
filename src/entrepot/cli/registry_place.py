"""A private registry that a command asks or changes, as its account's root: where it is, and how a use case is run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

from cyclopts import Parameter

from entrepot.app import opened
from entrepot.cli.output import Account, Place, Region, registry
from entrepot.core.access import Caller
from entrepot.db.database import Transaction
from entrepot.settings import Settings
from entrepot.spec.repository import RegistryKey, RepositoryKey, public_registry

P = ParamSpec("P")
T = TypeVar("T")


@Parameter(name="*")
@dataclass(frozen=True)
class RegistryPlace(Place):
    """A private registry in the data, of which a command asks or changes something as its account's root."""

    account: Account = None
    region: Region = None

    def write(
        self, work: Callable[Concatenate[Transaction, Caller, RegistryKey, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a use case about the registry; returns after a durable commit: RegionNotServed, AccountNotFound."""
        settings, key = self._found()
        return opened.write_as_root(settings, key, work, self._about(key), *args, **kwargs)

    def read(
        self, work: Callable[Concatenate[Transaction, Caller, RegistryKey, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same of one that changes nothing."""
        settings, key = self._found()
        return opened.read_as_root(settings, key, work, self._about(key), *args, **kwargs)

    def write_of(
        self,
        repository: str,
        work: Callable[Concatenate[Transaction, Caller, RepositoryKey, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The same of one about a repository of the registry."""
        settings, key = self._found()
        return opened.write_as_root(settings, key, work, RepositoryKey(key, repository), *args, **kwargs)

    def read_of(
        self,
        repository: str,
        work: Callable[Concatenate[Transaction, Caller, RepositoryKey, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The same of one about a repository that changes nothing."""
        settings, key = self._found()
        return opened.read_as_root(settings, key, work, RepositoryKey(key, repository), *args, **kwargs)

    def of(self, *, public: bool) -> "RegistryPlace":
        """The account's public registry, where that is meant."""
        return PublicRegistryPlace(self.data, self.config, self.account, self.region) if public else self

    def _about(self, key: RegistryKey) -> RegistryKey:
        return key

    def _found(self) -> tuple[Settings, RegistryKey]:
        settings = self.settings()
        return settings, registry(settings, self.account, self.region)


@dataclass(frozen=True)
class PublicRegistryPlace(RegistryPlace):
    """The public registry of the same account."""

    def _about(self, key: RegistryKey) -> RegistryKey:
        return public_registry(key.account)


REGISTRY_HERE = RegistryPlace()
