"""One operation's case: what is done, through what else it is seen, how it is undone; and where all this happens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from botocore import xform_name

from tests.factories.processes import Credentials, Server
from tests.factories.pull_through import Upstream
from tests.factories.registry import Registry

ACCOUNT = "000000000000"
AS_BEFORE: Final = object()
"""What is seen after the undoing is what was seen at first."""
DOOR = "a request of OCI Distribution"


@dataclass(eq=False)
class Place:
    """Where one case happens: a name that no other case uses, the root, and a user that may do one operation."""

    server: Server
    service: str
    operation: str
    name: str
    region: str
    account: str
    root_keys: Credentials
    keys: Credentials
    hub: Upstream
    called: list[str] = field(default_factory=list)
    answer: Any = None
    kept: dict[str, Any] = field(default_factory=dict)
    _registries: dict[Credentials, Registry] = field(default_factory=dict)
    _clients: dict[tuple[str, Credentials], Any] = field(default_factory=dict)

    @property
    def root(self) -> Any:
        """The service as the account's root sees it."""
        return self.client(self.service)

    @property
    def one(self) -> Any:
        """The same for the user that may do the one operation."""
        return self._client(self.service, self.keys)

    def call(self, **given: Any) -> Any:
        """The operation of the case, as its user."""
        return getattr(self.one, xform_name(self.operation))(**given)

    def client(self, service: str) -> Any:
        """Another service, as the root."""
        return self._client(service, self.root_keys)

    def elsewhere(self, region: str) -> Any:
        """The service in another Region, as the root."""
        return self.server.client(self.service, region=region, credentials=self.root_keys)

    def door(self, keys: Credentials | None = None) -> Registry:
        """The registry through OCI Distribution, the root's unless other keys are given."""
        self.called.append(DOOR)
        chosen = keys or self.root_keys
        if chosen not in self._registries:
            token = self._token(chosen)
            self._registries[chosen] = Registry(self.server, token)
        return self._registries[chosen]

    def path(self, rest: str = "") -> str:
        """Below the case's repository in the registry."""
        return f"{self.repository}/{rest}" if rest else self.repository

    @property
    def repository(self) -> str:
        """The repository as requests of OCI Distribution name it."""
        if self.service == "ecr":
            at_home = self.region == "us-east-1" and self.account == ACCOUNT
            return self.name if at_home else f"{self.account}/{self.region}/{self.name}"
        (registry,) = self.client("ecr-public").describe_registries()["registries"]
        return f"public.ecr/{registry['aliases'][0]['name']}/{self.name}"

    @property
    def arn(self) -> str:
        """The ARN of the case's repository."""
        place = f"{self.region}:{self.account}" if self.service == "ecr" else f":{self.account}"
        return f"arn:aws:{self.service}:{place}:repository/{self.name}"

    def _token(self, keys: Credentials) -> str:
        return self.server.token(keys) if self.service == "ecr" else self.server.public_token(keys)

    def _client(self, service: str, keys: Credentials) -> Any:
        if (service, keys) not in self._clients:
            region = "us-east-1" if service in {"iam", "ecr-public"} else self.region
            self._clients[service, keys] = _Told(self.server.client(service, region=region, credentials=keys), self)
        return self._clients[service, keys]


class _Told:
    """A client that tells its place which operations are called."""

    def __init__(self, client: Any, place: Place) -> None:
        self._client, self._place = client, place
        self._names = {xform_name(name): name for name in client.meta.service_model.operation_names}

    def __getattr__(self, name: str) -> Any:
        if name in self._names:
            self._place.called.append(self._names[name])
        return getattr(self._client, name)


Part = Callable[[Place], Any]


def nothing(place: Place) -> None:
    """Where nothing has to be there first."""


@dataclass(frozen=True, eq=False)
class Case:
    """`do` changes what `look` shows, until `undo`. One of the first two is the operation, called by its user; the
    other goes through another operation or another door.
    """

    operation: str
    do: Part
    look: Part
    undo: Part
    arrange: Part = nothing
    by: Literal["do", "look"] = "do"
    # what the user may do beside the operation
    also: tuple[str, ...] = ()
    # a registry of its own: what is one for each registry
    apart: bool = False
    gone: object = AS_BEFORE
    # why it cannot be undone, where that is so
    stays: str = ""
    # done before anything else is, and before jobs run
    early: bool = False
    service: str = "ecr"
