"""Which signatures are revoked, for anybody who verifies them (RFC 5280, "Distribution Points")."""

import re

from aiohttp import web

from entrepot.core.signing.authority import LISTS, RevocationLists
from entrepot.http.answer import Answer
from entrepot.http.exchange import Exchange

_NAME = re.compile(r"([0-9A-Z]{26})/([a-zA-Z0-9]{10})\.crl")
_READS = ("GET", "HEAD")


class SigningLists:
    """The pages below LISTS: `<profile>/<version>.crl`."""

    def __init__(self, lists: RevocationLists) -> None:
        self._lists = lists

    async def handle(self, request: web.BaseRequest, _: Exchange) -> Answer:
        """The list of a profile's version."""
        if request.method not in _READS:
            return Answer(405, {"Allow": ", ".join(_READS)})
        named = _NAME.fullmatch(request.path.removeprefix(LISTS))
        found = None if named is None else await self._lists.get(named[1], named[2])
        if found is None:
            return Answer(404)
        return Answer(headers={"Content-Type": "application/pkix-crl", "Cache-Control": "no-cache"}, body=found)
