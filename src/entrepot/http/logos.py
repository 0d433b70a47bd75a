"""Logos of public repositories, for anybody. They are strangers' bytes: shown as pictures and as nothing else."""

import re

from aiohttp import web

from entrepot.core import catalog_data
from entrepot.core.parts import Core
from entrepot.errors import NameInvalid, RepositoryNameReserved
from entrepot.http.addressing import LOGOS
from entrepot.http.answer import Answer
from entrepot.http.exchange import Exchange
from entrepot.spec.repository import RepositoryKey, parse_name, public_registry

_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
}
_ACCOUNT = re.compile(r"[0-9]{12}")
_READS = ("GET", "HEAD")


class Logos:
    """The pages below LOGOS: `<account>/<repository>`."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def handle(self, request: web.BaseRequest, _: Exchange) -> Answer:
        """A logo, if the repository has one."""
        if request.method not in _READS:
            return Answer(405, {"Allow": ", ".join(_READS)})
        account, _slash, name = request.path.removeprefix(LOGOS).partition("/")
        if not _ACCOUNT.fullmatch(account):
            return Answer(404)
        try:
            key = RepositoryKey(public_registry(account), parse_name(name))
        except (NameInvalid, RepositoryNameReserved):
            return Answer(404)
        logo = await self._core.units.read(catalog_data.logo, key)
        if logo is None:
            return Answer(404)
        return Answer(headers=_HEADERS | {"Content-Type": catalog_data.logo_type(logo) or ""}, body=logo)
