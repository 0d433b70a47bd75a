"""Requests to one repository of somebody's registry, with whatever they need to be answered (OCI Distribution
Specification 1.1, "Authentication"). Credentials go to that registry's own origin only.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from yarl import URL

from entrepot.outbound.client import Outbound
from entrepot.outbound.exchange import Response, parsed
from entrepot.outbound.faults import AnswerUnusable, OutboundFault
from entrepot.outbound.registry_answers import challenge, refusal, same_origin
from entrepot.outbound.registry_logins import Authorizing
from entrepot.outbound.streams import Bounds, Download

PULL, PUSH, DELETE = "pull", "pull,push", "delete"
_MOST_ERROR = 64 * 1024
_OK, _PARTIAL, _UNAUTHORIZED = 200, 206, 401
_NO_HEADERS: Mapping[str, str] = {}


class Calls:
    """One repository's requests; `root` is where its manifests, blobs and lists are, `base` that of the registry."""

    def __init__(self, outbound: Outbound, url: str, name: str, authorizing: Authorizing) -> None:
        self._outbound = outbound
        self._name = name
        self._authorizing = authorizing
        self.base = f"{url}/v2/"
        self.root = f"{self.base}{name}"
        self.host = parsed(url).host or "nobody"

    @asynccontextmanager
    async def opened(
        self, url: str, bounds: Bounds, headers: Mapping[str, str] = _NO_HEADERS
    ) -> AsyncIterator[Download]:
        """An answer that has content, after its redirects, whose body is still to be taken."""
        for again in (True, False):
            sent = self._authorizing.header(self._scope(PULL))
            async with self._outbound.download(url, bounds, {**headers, **_authorization(sent)}) as answer:
                if answer.status in {_OK, _PARTIAL}:
                    yield answer
                    return
                fault = refusal(self.host, answer.status, await _shown(answer), answer.headers)
                here = same_origin(url, answer.url)  # what another host wants to know is not told
                if not (again and here and answer.status == _UNAUTHORIZED):
                    raise fault
                asked = challenge(answer.headers)
            if not await self._authorizing.challenged(asked, self._scope(PULL), sent):
                raise fault

    async def asked(
        self,
        method: str,
        url: str,
        actions: str,
        *,
        body: bytes = b"",
        headers: Mapping[str, str] = _NO_HEADERS,
        most_bytes: int = _MOST_ERROR,
        beside: str | None = None,
    ) -> Response:
        """An answer, whatever its status; redirects are not followed. `beside` is another repository of the registry
        that is read for it.
        """
        scope = self._scope(actions) + (f" repository:{beside}:{PULL}" if beside else "")
        for again in (True, False):
            sent = self._authorizing.header(scope)
            given = {**headers, **_authorization(sent)}
            answer = await self._outbound.send(method, url, most_bytes=most_bytes, body=body, headers=given)
            if not (again and answer.status == _UNAUTHORIZED):
                break
            if not await self._authorizing.challenged(challenge(answer.headers), scope, sent):
                break
        return answer

    async def sent(
        self,
        method: str,
        url: str,
        begin: Callable[[], AsyncIterator[bytes]],
        size: int,
        *,
        seconds: float,
        headers: dict[str, str],
    ) -> Response:
        """The answer to a body of `size` bytes; elsewhere than at the registry without credentials."""
        here, bounds = same_origin(url, self.root), Bounds(_MOST_ERROR, seconds)
        for again in (here, False):
            value = self._authorizing.header(self._scope(PUSH)) if here else ""
            given = headers | _authorization(value)
            answer = await self._outbound.upload(method, url, begin(), size, bounds=bounds, headers=given)
            if not (again and answer.status == _UNAUTHORIZED):
                break
            if not await self._authorizing.challenged(challenge(answer.headers), self._scope(PUSH), value):
                break
        return answer

    def joined(self, base: str, location: str) -> str:
        """Where a Location of this registry is: AnswerUnusable for none, and over another protocol than its own."""
        if not location:
            raise AnswerUnusable(f"{self.host} does not say where an upload goes on")
        at = URL(base, encoded=True).join(parsed(location, encoded=True))
        if at.scheme != parsed(self.root).scheme:
            raise AnswerUnusable(f"{self.host} names an upload over another protocol than its own")
        return str(at)

    def require(self, answer: Response, *statuses: int) -> None:
        """RegistryRefused unless the answer has one of these."""
        if answer.status not in statuses:
            raise refusal(self.host, answer.status, answer.body, answer.headers)

    def _scope(self, actions: str) -> str:
        return f"repository:{self._name}:{actions}"


def _authorization(value: str) -> dict[str, str]:
    return {"Authorization": value} if value else {}


async def _shown(answer: Download) -> bytes:
    """What an error says, as far as it can be read."""
    shown = b""
    try:
        async for piece in answer.pieces():
            shown += piece
            if len(shown) > _MOST_ERROR:
                break
    except OutboundFault:
        return shown
    return shown
