"""One API process, from the fork to its end: an event loop with its core, its doors and its sockets."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Sequence

import aiofastnet
import structlog

from entrepot.app import addresses, certificates, parts
from entrepot.app.adapter_parts import harbor_pages
from entrepot.app.peer_parts import peer_pages
from entrepot.app.services import SERVICES
from entrepot.app.start import Prepared
from entrepot.aws.protocol.dispatch import AwsDoor
from entrepot.aws.protocol.errors import CODES
from entrepot.core.parts import Core
from entrepot.core.signing.authority import LISTS, RevocationLists
from entrepot.http.access_log import AccessLog
from entrepot.http.addressing import LOGOS
from entrepot.http.exchange import Exchanges
from entrepot.http.logos import Logos
from entrepot.http.metrics import RequestMetrics
from entrepot.http.pages import Pages
from entrepot.http.pull_through_metrics import PullThroughMetrics
from entrepot.http.server import HttpServer
from entrepot.http.server import Pages as Trees
from entrepot.http.signing_lists import SigningLists
from entrepot.http.spans import RequestSpans
from entrepot.http.telling import Teller
from entrepot.oci.authentication import TOKENS
from entrepot.oci.door import OciDoor
from entrepot.oci.token import TokenPage
from entrepot.seal import Seal
from entrepot.settings import Settings
from entrepot.telemetry import wants_json

_FLUSH_SECONDS = 0.5
log = structlog.get_logger()


def run(settings: Settings, prepared: Prepared, sockets: Sequence[socket.socket], name: str) -> int:
    """Serve until SIGTERM or SIGINT, then drain; the exit status."""
    with asyncio.Runner(loop_factory=aiofastnet.loop_factory()) as runner:
        runner.run(_serve(settings, prepared, sockets, name))
    return 0


async def _serve(settings: Settings, prepared: Prepared, sockets: Sequence[socket.socket], name: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    metrics = RequestMetrics()  # first: it is what lets this process count
    process = f"{name}.{os.getpid()}.{secrets.token_hex(4)}"
    worker = parts.worker(settings, prepared.seal, process, PullThroughMetrics())
    addressing = addresses.addressing(settings, worker.hot)
    pages = Pages(worker.core, settings.metrics_allow, parts.standing(settings, worker.databases))
    tracing = parts.tracing(settings, name)
    tokens = TokenPage(worker.core, prepared.anonymous)
    teller = Teller(worker.journal)
    server = HttpServer(
        oci=OciDoor(worker.core, addressing, prepared.anonymous, prepared.rates, CODES),
        aws=AwsDoor(worker.core, addressing, SERVICES, prepared.rates),
        pages={
            "/healthz": pages.healthz,
            "/readyz": pages.readyz,
            "/metrics": pages.metrics,
            f"/{TOKENS}": tokens.handle,
            "/token/": tokens.handle,  # where it is at AWS
        },
        trees=_trees(settings, worker.core, prepared.seal),
        exchanges=_exchanges(settings, prepared.address),
        access_log=AccessLog(enabled=settings.access_log, as_json=wants_json(settings.log_format)),
        metrics=metrics,
        teller=teller,
        spans=None if tracing is None else RequestSpans(tracing),
    )
    await server.start(sockets, _tls(settings))
    async with _telling(teller, stop):
        await stop.wait()
        await server.drain(settings.drain_seconds)
        await worker.core.pull_through.pulls.close()
    worker.journal.close()
    worker.databases.close()
    if tracing is not None:
        tracing.close()


def _trees(settings: Settings, core: Core, seal: Seal) -> Trees:
    """Pages below a path."""
    lists = RevocationLists(core.units, core.vault, core.signing_lists, parts.clock)
    return {
        LOGOS: Logos(core).handle,
        LISTS: SigningLists(lists).handle,
        **harbor_pages(settings, seal, core.units),
        **peer_pages(core, seal),
    }


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if settings.tls_self_signed:
        return certificates.context(settings.data / "tls" / "leaf.pem", settings.data / "tls" / "leaf.key")
    if settings.tls_cert and settings.tls_key:
        return certificates.context(settings.tls_cert, settings.tls_key)
    return None


def _exchanges(settings: Settings, address: str) -> Exchanges:
    return Exchanges(
        public_url=settings.public_url,
        trusted_proxies=settings.trusted_proxies,
        bound=address.partition("://")[2],
        clock=parts.clock,
    )


@contextlib.asynccontextmanager
async def _telling(teller: Teller, stop: asyncio.Event) -> AsyncIterator[None]:
    """Calls are told of as they come; a process that cannot do so any more stops, and is started again."""
    flushing = asyncio.create_task(teller.flush_often(_FLUSH_SECONDS))
    flushing.add_done_callback(lambda _: stop.set())
    try:
        yield
    finally:
        flushing.cancel()
        teller.flush()
    with contextlib.suppress(asyncio.CancelledError):
        await flushing
