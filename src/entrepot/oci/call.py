"""One request to the registry, parsed as far as every noun needs it."""

import msgspec
from aiohttp import web

from entrepot.core.access import Caller
from entrepot.core.parts import Core
from entrepot.errors import ParameterInvalid
from entrepot.http.addressing import Addressing, Place
from entrepot.http.exchange import Exchange
from entrepot.spec.repository import RegistryKey, RepositoryKey, parse_name

_MOST_DIGITS = 6


class Call(msgspec.Struct, frozen=True):
    """A request by a known caller to a registry; `name` is the repository's, '' for the registry as a whole."""

    request: web.BaseRequest
    exchange: Exchange
    core: Core
    addressing: Addressing
    caller: Caller
    place: Place
    name: str

    @property
    def key(self) -> RepositoryKey:
        """The repository: NameInvalid, RepositoryNameReserved."""
        return RepositoryKey(self.place.registry, parse_name(self.name))

    @property
    def registry(self) -> RegistryKey:
        """The registry that was addressed."""
        return self.place.registry

    def query(self, name: str) -> str | None:
        """A query parameter: ParameterInvalid for one with a NUL, which PostgreSQL's text cannot hold."""
        text = self.request.query.get(name)
        if text is not None and "\0" in text:
            raise ParameterInvalid(parameter=name, reason="it holds a NUL")
        return text

    def location(self, rest: str) -> str:
        """The absolute URL of something in the repository, as this client addresses it."""
        return f"{self.exchange.base_url}/v2/{self.place.prefix}{self.name}/{rest}"

    def limit(self, *, default: int, most: int) -> int:
        """The page size that `n` asks for: ParameterInvalid; at most `most`, whatever is asked."""
        text = self.query("n")
        if text is None:
            return default
        if not text.isascii() or not text.isdigit():
            raise ParameterInvalid(parameter="n", reason=f"'{text[:64]}' is not a number of 0 or more")
        return min(int(text[:_MOST_DIGITS]) if len(text) <= _MOST_DIGITS else most, most)
