"""Harbor's scanner API from settings: the door for Harbor and its job; the scanner of others that is asked instead."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from entrepot.app import parts
from entrepot.app.adapter_secrets import harbor_secret, scanner_header
from entrepot.app.vulnerability_parts import generations
from entrepot.core import narrow_tokens
from entrepot.core.adapter.desk import Desk
from entrepot.core.adapter.pulling import Puller, Room
from entrepot.core.adapter.runner import AdapterScans
from entrepot.core.credentials import Credentials
from entrepot.core.hot import Hot
from entrepot.core.narrow_tokens import Narrowing
from entrepot.core.pulse import Watching
from entrepot.core.scanning.adapter_analyst import AdapterAnalyst, Peer
from entrepot.core.scanning.layer_programs import LayerPrograms
from entrepot.core.units import Units
from entrepot.core.vulnerabilities.known import Known
from entrepot.db.sqlite import SqliteDatabase
from entrepot.harbor.door import PREFIX, HarborDoor
from entrepot.http.server import Pages
from entrepot.seal import Seal
from entrepot.settings import Settings
from entrepot.spec.moments import moment
from entrepot.spec.repository import RepositoryKey
from entrepot.spec.scanner_adapter import SBOM_TYPES
from entrepot.store.filesystem import Filesystem

_PULL_LIFETIME = timedelta(hours=1)


def harbor_pages(settings: Settings, seal: Seal, units: Units) -> Pages:
    """The door for Harbor by what its paths begin with; none where it is not served."""
    secret = harbor_secret(settings)
    if secret is None:
        return {}

    async def updated_at() -> datetime | None:
        return await asyncio.to_thread(_updated_at, settings)

    return {PREFIX: HarborDoor(Desk(units, seal, parts.clock, SBOM_TYPES), secret, updated_at).handle}


def adapter_scans(settings: Settings, metadata: SqliteDatabase, seal: Seal, watch: Watching) -> AdapterScans | None:
    """The job that makes Harbor's scans, where they are asked for."""
    if settings.harbor_secret is None:
        return None
    folder = settings.data / "adapter"
    folder.mkdir(mode=0o700, exist_ok=True)
    room = Room(folder, Filesystem(settings.data).free_bytes, settings.disk_reserve)
    puller = Puller(parts.outbound(settings), LayerPrograms(), room)
    units = Units(metadata, ThreadPoolExecutor(1, "adapter"))
    return AdapterScans(units, seal, puller, generations(settings), watch, parts.clock)


def adapter_analyst(settings: Settings, metadata: SqliteDatabase, seal: Seal, units: Units) -> AdapterAnalyst | None:
    """Who asks the scanner of others, where there is one; call it on the event loop that will use it."""
    if settings.scanner_adapter_url is None:
        return None
    snapshot = metadata.snapshot()
    credentials = Credentials(Hot(snapshot), snapshot, seal, parts.clock)

    async def token(key: RepositoryKey) -> str:
        narrowing = Narrowing(("pull",), (key.name,), _PULL_LIFETIME)
        account = key.registry.account
        principal = await units.read(narrow_tokens.principal, account, None, narrowing, parts.clock())
        return credentials.issue_token(principal, key.registry.region)[0]

    peer = Peer(settings.scanner_adapter_url, scanner_header(settings), _own_url(settings))
    return AdapterAnalyst(parts.outbound(settings), peer, token)


def _own_url(settings: Settings) -> str:
    """Where a scanner on another machine, or this one, reaches this server."""
    if settings.public_url:
        return settings.public_url
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{settings.scheme}://{host}:{settings.port}"


def _updated_at(settings: Settings) -> datetime | None:
    opened = generations(settings)
    try:
        with opened.reading() as file:
            told = [] if file is None else [each.updated_at or each.imported_at for each in Known(file).sources()]
    finally:
        opened.close()
    return moment(max(told)) if told else None
