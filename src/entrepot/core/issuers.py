"""The keys of identity providers, fetched from themselves (OpenID Connect Discovery): those of registered ones only.

They are fetched on the event loop, outside of units of work, once for all who wait, at most once a minute for each
provider; and used for at most a day when the provider does not answer any more.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from entrepot.core.recent import Recent
from entrepot.errors import IdentityProviderUnreachable
from entrepot.outbound import Outbound, OutboundFault
from entrepot.policy import signing_keys
from entrepot.policy.id_tokens import Unverified
from entrepot.policy.signing_keys import SigningKeys
from entrepot.spec import strict_json

FRESH = timedelta(minutes=10)
STALE = timedelta(days=1)
PAUSE = timedelta(minutes=1)
_DISCOVERY = "/.well-known/openid-configuration"
_MOST_DISCOVERY_BYTES = 64 * 1024
_MOST_KEYS_BYTES = 256 * 1024
_MOST_ISSUERS = 1024
_DEEPEST = 12


@dataclass(slots=True)
class _Known:
    """What is known of one issuer; `lock` is held by who fetches."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    keys: SigningKeys | None = None
    fetched_at: datetime | None = None
    tried_at: datetime | None = None
    fault: str = ""


class Issuers:
    """The keys of one event loop."""

    def __init__(self, outbound: Outbound, clock: Callable[[], datetime]) -> None:
        self._outbound = outbound
        self._clock = clock
        self._known: Recent[str, _Known] = Recent(_MOST_ISSUERS)

    async def keys(self, token: Unverified) -> SigningKeys:
        """The keys of the token's issuer, which is registered: IdentityProviderUnreachable."""
        known = self._known.get(token.issuer)
        if known is None:
            known = _Known()
            self._known.put(token.issuer, known)
        if self._wants_more(known, token):
            async with known.lock:
                if self._wants_more(known, token):
                    await self._fetch(known, token.issuer)
        if known.keys is None or not self._within(known.fetched_at, STALE):
            raise IdentityProviderUnreachable(provider=token.issuer, reason=known.fault)
        return known.keys

    def _wants_more(self, known: _Known, token: Unverified) -> bool:
        """Whether to ask the provider now: the keys are old, or none of them fits; and it was not asked just now."""
        if self._within(known.tried_at, PAUSE):
            return False
        if known.keys is None or not self._within(known.fetched_at, FRESH):
            return True
        return not known.keys.having(token.key_id, token.algorithm)

    def _within(self, at: datetime | None, period: timedelta) -> bool:
        return at is not None and self._clock() - at < period

    async def _fetch(self, known: _Known, issuer: str) -> None:
        try:
            document = await self._document(issuer.rstrip("/") + _DISCOVERY, _MOST_DISCOVERY_BYTES)
            keys = await self._document(_location(document, issuer), _MOST_KEYS_BYTES)
            known.keys = signing_keys.read(keys)
        except (OutboundFault, ValueError) as fault:
            known.fault = str(fault)
        else:
            known.fetched_at = self._clock()
        known.tried_at = self._clock()  # last: until then whoever comes waits for the answer

    async def _document(self, url: str, most_bytes: int) -> bytes:
        answer = await self._outbound.get(url, most_bytes=most_bytes, headers={"Accept": "application/json"})
        if answer.status != 200:
            raise ValueError(f"it answers with status {answer.status}")
        return answer.body


def _location(document: bytes, issuer: str) -> str:
    """Where the keys are, as the issuer's own document says it: ValueError for that of another."""
    found = strict_json.decode(document.decode(), _DEEPEST)
    if not isinstance(found, dict) or found.get("issuer") != issuer:
        raise ValueError("its discovery document names another issuer")
    location = found.get("jwks_uri")
    if not isinstance(location, str) or not location.startswith("https://"):
        raise ValueError("its discovery document names no https URL of keys")
    return location
