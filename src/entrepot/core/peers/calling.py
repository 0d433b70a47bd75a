"""Calls to another deployment, each signed for it alone; an answer counts when it is signed by its key.

Whatever is between, or whoever answers in its place, can at most have a call not be done: it is made again.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from entrepot.core.peers.keys import Signer
from entrepot.core.peers.membership import Peer
from entrepot.errors.peers import PeerRefuses, PeerUnavailable
from entrepot.outbound import OutboundFault, Response, Sender
from entrepot.seal.peer_signatures import signed_by
from entrepot.spec import peering
from entrepot.spec.moments import micros
from entrepot.spec.peering import Refusal, Signed

_LARGEST_ANSWER: Final = 2 * 1024 * 1024
_OK, _UNAUTHORIZED, _CONFLICT = 200, 401, 409
_SIGNATURE_DIGITS: Final = 128
T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Line:
    """The calls of this deployment to one other."""

    peer: Peer
    signer: Signer
    sender: Sender
    clock: Callable[[], datetime]

    async def call(self, name: str, told: msgspec.Struct, kind: type[T]) -> T:
        """The answer to a call: PeerUnavailable, PeerRefuses."""
        return await self._answered(f"{peering.PREFIX}{name}", peering.encoded(told), kind)

    async def piece(self, told: peering.Piece, data: bytes) -> peering.Taken:
        """Send bytes of a blob; how far it has come."""
        query = urlencode({"at": peering.encoded(told).decode()})
        return await self._answered(f"{peering.PREFIX}piece?{query}", data, peering.Taken)

    async def _answered(self, target: str, body: bytes, kind: type[T]) -> T:
        nonce, at, digest = secrets.token_hex(16), micros(self.clock()), peering.digest_of(body)
        text = peering.call_text("POST", target, self.peer.public_key, at, nonce, digest)
        signed = Signed(self.signer.public, at, nonce, self.signer.sign(text))
        headers = {"Authorization": signed.header, peering.BODY_DIGEST: digest, "Content-Type": "application/json"}
        try:
            answer = await self.sender.send(
                "POST", f"{self.peer.url}{target}", most_bytes=_LARGEST_ANSWER, body=body, headers=headers
            )
        except OutboundFault as fault:
            raise self._unavailable(str(fault)) from None
        self._require_signed(answer, nonce)
        try:
            if answer.status == _OK:
                return msgspec.json.decode(answer.body, type=kind)
            refusal = msgspec.json.decode(answer.body, type=Refusal)
        except msgspec.MsgspecError:
            raise self._unavailable(f"its answer with status {answer.status} cannot be read") from None
        if answer.status in {_UNAUTHORIZED, _CONFLICT}:
            raise self._unavailable(refusal.reason)
        raise PeerRefuses(name=self.peer.name, code=refusal.code, reason=refusal.reason, final=refusal.final)

    def _require_signed(self, answer: Response, nonce: str) -> None:
        given = answer.headers.get(peering.ANSWER_SIGNATURE, "")
        text = peering.answer_text(nonce, answer.status, answer.body)
        if len(given) == _SIGNATURE_DIGITS and given.isalnum():
            try:
                signature = bytes.fromhex(given)
            except ValueError:
                signature = b""
            if signed_by(self.peer.public_key, text, signature):
                return
        raise self._unavailable(_why(answer))

    def _unavailable(self, reason: str) -> PeerUnavailable:
        return PeerUnavailable(name=self.peer.name, reason=reason)


def _why(answer: Response) -> str:
    """What somebody says who has not shown to be the peer: a deployment that does not know us, or anything else."""
    try:
        said = msgspec.json.decode(answer.body[:4096], type=Refusal).reason[:500]
    except msgspec.MsgspecError:
        said = f"status {answer.status}"
    return f"what answers there does not sign as it ({said})"
