"""Calls of peers (spec/peering.py): each is signed, judged by its head before its body is read, and done at most once.

Answers to whom the caller has shown to be are signed; to anybody else they say only why they are refused.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final, TypeVar
from urllib.parse import parse_qs

import msgspec
from aiohttp import web

from entrepot.core.peers import admitting
from entrepot.core.peers.admitting import Asked
from entrepot.core.peers.intake import Intake
from entrepot.core.peers.keys import Signer
from entrepot.core.peers.membership import Peer
from entrepot.core.replication import outcomes
from entrepot.core.units import Units
from entrepot.errors import Fact, RequestTooLarge
from entrepot.errors.peers import PeerCallInvalid, PeerCallStale, PeerNotGranted, PeerUnauthentic
from entrepot.http.answer import JSON, Answer
from entrepot.http.body import read
from entrepot.http.exchange import Exchange, target
from entrepot.spec import peering
from entrepot.spec.peering import Piece, Prepare, PutImage, Refusal, Remove, Signed

PREFIX: Final = peering.PREFIX
_LONGEST_TARGET: Final = 8192
_STATUSES: Final[Mapping[type[Fact], int]] = {
    PeerUnauthentic: 401,
    PeerNotGranted: 403,
    PeerCallInvalid: 400,
    PeerCallStale: 409,
    RequestTooLarge: 413,
}
_REFUSED: Final = 422
_FINAL: Final = (PeerNotGranted, PeerCallInvalid)
_CODES: Final[Mapping[type[Fact], str]] = {PeerNotGranted: "AccessDenied", PeerCallInvalid: "InvalidParameter"}
Identity = Callable[[], Awaitable[Signer | None]]
T = TypeVar("T", bound=msgspec.Struct)


class PeerDoor:
    """Answers other deployments."""

    def __init__(self, units: Units, intake: Intake, identity: Identity, clock: Callable[[], datetime]) -> None:
        """`identity` is the key of this deployment, None where it has no peers yet."""
        self._units = units
        self._intake = intake
        self._identity = identity
        self._clock = clock

    async def handle(self, request: web.BaseRequest, exchange: Exchange) -> Answer:
        """One response, whatever is wrong with the call."""
        signer = await self._identity()
        page = request.path.removeprefix(PREFIX)
        if signer is None:
            return _shown(404, Refusal("NoPeers", "this deployment has no peers"))
        if request.method == "GET" and page == peering.KEY_PAGE:
            return _shown(200, peering.KeyPage(signer.public))
        asked: Asked | None = None
        try:
            asked = _head(request)
            peer = await self._units.read(admitting.verify, signer, asked, self._clock())
        except Fact as fact:
            return _refused(fact)
        try:
            answer = await self._answer(request, exchange, page, peer, asked)
        except Fact as fact:
            answer = _refused(fact)
        text = peering.answer_text(asked.signed.nonce, answer.status, answer.body)
        answer.headers[peering.ANSWER_SIGNATURE] = signer.sign(text).hex()
        return answer

    async def _answer(
        self, request: web.BaseRequest, exchange: Exchange, page: str, peer: Peer, asked: Asked
    ) -> Answer:
        limit = peering.LARGEST_PIECE if page == "piece" else peering.LARGEST_CALL
        body = await read(request, limit, "the body of a call")
        admitting.require_body(asked, body)
        await self._units.write(admitting.require_first, peer, asked.signed)
        source = exchange.source_ip
        match page:
            case "hello":
                done: msgspec.Struct = await self._intake.greet(peer)
            case "prepare":
                done = await self._intake.prepare(peer, _parsed(body, Prepare), source)
            case "piece":
                done = await self._intake.take(peer, _query(asked.target), body, source)
            case "image":
                done = await self._intake.put(peer, _parsed(body, PutImage), source)
            case "remove":
                done = await self._intake.remove(peer, _parsed(body, Remove), source)
            case _:
                raise PeerCallInvalid(reason=f"there is no call '{page[:64]}'")
        return _shown(200, done)


def _head(request: web.BaseRequest) -> Asked:
    """PeerUnauthentic for a call that is not signed at all."""
    signed = Signed.parse(request.headers.get("Authorization", ""))
    if request.method != "POST" or signed is None:
        raise PeerUnauthentic(reason="it is not signed")
    sent = target(request)
    if len(sent) > _LONGEST_TARGET:
        raise PeerUnauthentic(reason="its path is too long")
    return Asked(request.method, sent, signed, request.headers.get(peering.BODY_DIGEST, ""))


def _parsed(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as fault:
        raise PeerCallInvalid(reason=str(fault)) from None


def _query(sent: str) -> Piece:
    """Where the bytes belong: the call's query."""
    given = parse_qs(sent.partition("?")[2]).get("at", [""])[0]
    return _parsed(given.encode(), Piece)


def _refused(fact: Fact) -> Answer:
    kind = type(fact)
    code = _CODES.get(kind) or outcomes.of_fact(fact).code
    final = outcomes.is_decided(fact) or kind in _FINAL
    return _shown(_STATUSES.get(kind, _REFUSED), Refusal(code, str(fact), final))


def _shown(status: int, told: msgspec.Struct) -> Answer:
    return Answer(status, dict(JSON), peering.encoded(told))
