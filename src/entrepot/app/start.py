"""What happens once before a server's processes are forked: checks, locks, schema, keys, the first account, sockets.

In this order, so that a refusal leaves nothing behind that the next start would stumble over. Nothing of it survives
the fork but plain values, open sockets, the lock, and memory that is meant to be shared: no thread, no database.
"""

import itertools
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from entrepot import tracing
from entrepot.app import certificates, directory, first_account, listening, parts
from entrepot.app.adapter_secrets import harbor_secret, scanner_header
from entrepot.app.directory import ServerLock
from entrepot.app.event_jobs import endpoints
from entrepot.core import identities, leases
from entrepot.core.scanning import work
from entrepot.errors import StorageFull
from entrepot.errors.start import AuthoritiesInvalid, TracingUnavailable, VolumeFull
from entrepot.http.allowance import Allowance
from entrepot.http.rates import Rates
from entrepot.outbound import trusting
from entrepot.seal import Seal
from entrepot.settings import Settings
from entrepot.store.filesystem import Filesystem
from entrepot.store.spool import is_full
from entrepot.telemetry import share_metrics


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the processes inherit. `first`: this start made the default account."""

    seal: Seal
    lock: ServerLock
    sockets: list[list[socket.socket]]
    address: str
    first: bool
    anonymous: Allowance
    rates: Rates

    def close_sockets(self, *, keep: Sequence[socket.socket]) -> None:
        """Let go of listening sockets: a port is free, and refuses, when no process holds its socket any more."""
        for each in itertools.chain.from_iterable(self.sockets):
            if each not in keep:
                each.close()


def prepare(settings: Settings) -> Prepared:
    """Everything before the first fork; raises facts of errors/start.py."""
    try:
        return _prepare(settings)
    except StorageFull:
        raise VolumeFull(data=settings.data) from None
    except OSError as error:
        if is_full(error):
            raise VolumeFull(data=settings.data) from None
        raise


def _prepare(settings: Settings) -> Prepared:
    if settings.otel_endpoint and not tracing.is_installed():
        raise TracingUnavailable
    directory.prepare(settings.data)
    with directory.preparing(settings.data):
        sockets = [] if settings.role == "worker" else listening.bind(settings.host, settings.port, settings.workers)
        lock = ServerLock.acquire(settings.data, settings.agreed())
        share_metrics(settings.data / "metrics", fresh=lock.alone)
        (settings.data / parts.JOURNALS).mkdir(mode=0o700, exist_ok=True)
        Filesystem(settings.data).prepare()
        parts.tend_ballast(settings)
        parts.upgrade(settings)
        seal, first = _first_account(settings, lock)
        _certificate(settings)
    port = sockets[0][0].getsockname()[1] if sockets else settings.port
    anonymous = Allowance(settings.anonymous_rate, settings.anonymous_burst)
    principal = (settings.principal_rate, settings.principal_burst)
    rates = Rates(settings.rates, principal, patience=settings.rate_wait_seconds)
    return Prepared(seal, lock, sockets, address(settings, port), first, anonymous, rates)


def address(settings: Settings, port: int) -> str:
    """The server's URL as a person on this machine would type it."""
    if settings.public_url:
        return settings.public_url
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return f"{settings.scheme}://{host}:{port}"


def _first_account(settings: Settings, lock: ServerLock) -> tuple[Seal, bool]:
    """The seal, and whether the default account was made now. A key is made for empty data only: what is sealed with a
    lost one stays so under any other.
    """
    database = parts.database(settings)
    try:
        if lock.alone:
            database.submit(leases.free).result()
            database.submit(work.free).result()
        seal = parts.seal(settings, create=not database.read(identities.list_accounts))
        return seal, first_account.ensure(database, seal, settings, parts.clock())
    finally:
        database.close()


def _certificate(settings: Settings) -> None:
    """Make the own certificate, or find out now whether the operator's can be used; and the authorities, and the keys
    for AWS services, and the secrets between Harbor, scanners and this server.
    """
    if settings.tls_self_signed:
        names = certificates.host_names(
            settings.host, settings.domain, settings.regions, [host for host, _ in settings.aliases]
        )
        certificates.context(*certificates.self_signed(settings.data, names))
    elif settings.tls_cert and settings.tls_key:
        certificates.context(settings.tls_cert, settings.tls_key)
    endpoints(settings)
    harbor_secret(settings)
    scanner_header(settings)
    try:
        trusting(settings.outbound_ca)
    except OSError as fault:
        raise AuthoritiesInvalid(path=settings.outbound_ca, reason=fault.strerror or fault) from None
