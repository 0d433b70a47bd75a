"""One call of an operation: who calls, where, with which input."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from entrepot.core.access import Caller
from entrepot.core.parts import Core
from entrepot.http.addressing import Addressing
from entrepot.http.exchange import Exchange
from entrepot.spec.repository import RegistryKey


@dataclass(frozen=True, slots=True)
class Call:
    """`input` is validated against the model; `account` is the caller's."""

    core: Core
    addressing: Addressing
    exchange: Exchange
    caller: Caller
    region: str
    input: Mapping[str, Any]

    @property
    def account(self) -> str:
        """The caller's account."""
        return self.caller.principal.account

    @property
    def registry(self) -> RegistryKey:
        """The private registry that the call is about: `registryId`, else the caller's, in the signed region."""
        return RegistryKey("private", self.input.get("registryId", self.account), self.region)


Operation = Callable[[Call], Awaitable[Mapping[str, Any]]]
Services = Mapping[str, Mapping[str, Operation]]
