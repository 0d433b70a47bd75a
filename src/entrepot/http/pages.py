"""Pages for operators: alive, ready, and metrics for those who may read them."""

import asyncio
import base64
import binascii
import ipaddress
from collections.abc import Sequence

import msgspec
from aiohttp import web

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.metrics.standing import Standing
from entrepot.core.parts import Core
from entrepot.core.resources import Resource
from entrepot.errors import Fact
from entrepot.http.answer import JSON, Answer
from entrepot.http.exchange import Exchange
from entrepot.http.metrics import exposition

_TEXT = {"Content-Type": "text/plain; charset=utf-8"}
_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Pages:
    """`/healthz`, `/readyz` and `/metrics`."""

    def __init__(
        self,
        core: Core,
        metrics_allow: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network],
        standing: Standing,
    ) -> None:
        self._core = core
        self._standing = standing
        self._allow = tuple(metrics_allow)

    async def healthz(self, _: web.BaseRequest, __: Exchange) -> Answer:
        """Alive: the event loop turns."""
        return Answer(headers=dict(_TEXT), body=b"ok\n")

    async def readyz(self, _: web.BaseRequest, __: Exchange) -> Answer:
        """Ready: database and blob store answer."""
        faults = await self._core.faults()
        if faults:
            return Answer(503, dict(JSON), msgspec.json.encode({"ready": False, "faults": faults}))
        return Answer(headers=dict(JSON), body=msgspec.json.encode({"ready": True}))

    async def metrics(self, request: web.BaseRequest, exchange: Exchange) -> Answer:
        """The node's metrics, for loopback, `metrics_allow`, or a principal with cloudwatch:GetMetricData."""
        if not self._near(exchange.source_ip) and not await self._may_read(request, exchange):
            headers = _TEXT | {"WWW-Authenticate": f'Basic realm="{exchange.base_url}/metrics"'}
            return Answer(401, headers, b"metrics need a token: user AWS, password a registry token\n")
        samples = await self._standing.samples(exchange.at)
        body = await asyncio.get_running_loop().run_in_executor(None, exposition, samples)
        return Answer(headers={"Content-Type": _TYPE}, body=body)

    def _near(self, source_ip: str) -> bool:
        try:
            address = ipaddress.ip_address(source_ip)
        except ValueError:
            return False
        return address.is_loopback or any(address in network for network in self._allow)

    async def _may_read(self, request: web.BaseRequest, exchange: Exchange) -> bool:
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        try:
            token = value.strip()
            if scheme.lower() == "basic":
                token = base64.b64decode(token, validate=True).decode("ascii").partition(":")[2]
            principal = await self._core.credentials.by_token(token)
            caller = Caller(
                principal,
                self._core.credentials.rights(principal),
                self._core.regions[0],
                exchange.source_ip,
                exchange.user_agent,
                exchange.request_id,
                exchange.secure,
                "aws",
                exchange.at,
            )
            account = self._core.default_account
            access.require(caller, "GetMetricData", Resource(account, "*", "cloudwatch"))
        except (Fact, binascii.Error, UnicodeError, ValueError):
            return False
        return True
