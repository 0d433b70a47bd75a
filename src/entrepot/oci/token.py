"""Tokens of the public registry (Distribution, "Token Authentication"): for anybody, or for who has logged in.

A token says who asks, never what may be done: scopes are taken note of by clients only, rights are looked up on each
request.
"""

from http import HTTPStatus

import msgspec
from aiohttp import web

from entrepot.core.credentials import LOGINS
from entrepot.core.parts import Core
from entrepot.core.principals import ANONYMOUS, Principal
from entrepot.errors import (
    Fact,
    OperationUnsupported,
    RateExceeded,
)
from entrepot.http.allowance import Allowance
from entrepot.http.answer import JSON, Answer
from entrepot.http.exchange import Exchange
from entrepot.oci import errors, logins

_PUBLIC_HOST = "public.ecr."
_PUBLIC_SCOPE = "repository:public.ecr/"  # on a host that private registries share
_LOGGED_IN_SECONDS = 300  # a login's token comes back as it is: soon it is looked at again


class TokenPage:
    """The realm that a public registry's challenge names."""

    def __init__(self, core: Core, allowance: Allowance) -> None:
        self._core = core
        self._allowance = allowance

    async def handle(self, request: web.BaseRequest, exchange: Exchange) -> Answer:
        """A token for whoever asks: nobody in particular without credentials."""
        try:
            if request.method != "GET":
                raise OperationUnsupported(operation=f"{request.method} of a token")
            token, seconds = await self._token(request, exchange)
        except Fact as fact:
            answer = errors.show(fact)
            if isinstance(fact, RateExceeded):
                answer.headers["Retry-After"] = str(fact.seconds)
            if answer.status == HTTPStatus.UNAUTHORIZED:
                answer.headers["WWW-Authenticate"] = f'Basic realm="{exchange.base_url}/"'
            return answer
        body = {"token": token, "access_token": token, "expires_in": seconds, "issued_at": exchange.at}
        return Answer(headers=JSON | {"Cache-Control": "no-store"}, body=msgspec.json.encode(body))

    async def _token(self, request: web.BaseRequest, exchange: Exchange) -> tuple[str, int]:
        credentials, region = self._core.credentials, self._core.regions[0]
        login = logins.given(request)
        if login is None:
            self._allowance.require(exchange.source_ip)
            return self._issued(ANONYMOUS, "ecr-public")
        if login.is_token:
            await credentials.by_token(login.password, tuple(LOGINS))
            return login.password, _LOGGED_IN_SECONDS
        public = exchange.host.startswith(_PUBLIC_HOST) or request.query.get("scope", "").startswith(_PUBLIC_SCOPE)
        wanted = ("ecr-public", "ecr") if public else ("ecr", "ecr-public")
        account = self._core.default_account
        caller, service = await logins.without_token(self._core, login, exchange, region, wanted, account)
        return self._issued(caller.principal, service)

    def _issued(self, principal: Principal, service: str) -> tuple[str, int]:
        token, expires_at = self._core.credentials.issue_token(principal, self._core.regions[0], service)
        return token, int((expires_at - self._core.clock()).total_seconds())
