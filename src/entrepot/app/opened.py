"""Data opened by a command, beside a running server or without one."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from entrepot.app import directory, parts
from entrepot.app.trail_parts import trail_destinations
from entrepot.core import identities, narrow_tokens, operators
from entrepot.core.access import Caller
from entrepot.core.audit.verifying import Report, Verifying, Wanted
from entrepot.core.collection import Collector
from entrepot.core.credentials import Credentials
from entrepot.core.hot import Hot
from entrepot.core.integrity import Integrity
from entrepot.core.narrow_tokens import Narrowing
from entrepot.core.principals import Principal
from entrepot.core.units import Units
from entrepot.db import migrate
from entrepot.db.database import DatabaseUnavailable, Transaction
from entrepot.db.sqlite import SqliteDatabase
from entrepot.errors.start import DatabaseUnreadable
from entrepot.seal import Seal
from entrepot.settings import Settings
from entrepot.spec.repository import RegistryKey

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Keeper:
    """What gc and fsck work with."""

    collector: Collector
    integrity: Integrity


@contextmanager
def database(settings: Settings, name: str = parts.METADATA) -> Iterator[SqliteDatabase]:
    """A database, of this version's schema: DataMissing, SchemaNewer, SchemaOlder, DatabaseUnreadable."""
    directory.require(settings.data)
    path = parts.database_path(settings, name)
    migrate.require_current(path, parts.CHAINS[name])
    opened = parts.database(settings, name)
    try:
        yield opened
    except DatabaseUnavailable as fault:
        raise DatabaseUnreadable(path=path, reason=fault) from None
    finally:
        opened.close()


@contextmanager
def events(settings: Settings) -> Iterator[SqliteDatabase]:
    """The events on their way to targets."""
    with database(settings, "events") as opened:
        yield opened


@contextmanager
def data(settings: Settings) -> Iterator[tuple[SqliteDatabase, Seal]]:
    """The database and the seal of its secrets."""
    with database(settings) as opened:
        yield opened, parts.seal(settings, create=False)


def write_as_root(
    settings: Settings,
    key: RegistryKey,
    work: Callable[Concatenate[Transaction, Caller, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run a use case as the root of a registry's account; returns after a durable commit: AccountNotFound."""
    with database(settings) as opened:
        return opened.submit(_as_root(key, work, *args, **kwargs)).result()


def read_as_root(
    settings: Settings,
    key: RegistryKey,
    work: Callable[Concatenate[Transaction, Caller, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """The same of one that changes nothing."""
    with database(settings) as opened:
        return opened.read(_as_root(key, work, *args, **kwargs))


def _as_root(
    key: RegistryKey, work: Callable[Concatenate[Transaction, Caller, P], T], *args: P.args, **kwargs: P.kwargs
) -> Callable[[Transaction], T]:
    at, request_id = parts.clock(), str(uuid.uuid4())
    return lambda tx: work(tx, operators.root(tx, key.account, key.region, request_id, at), *args, **kwargs)


@contextmanager
def keeper(settings: Settings) -> Iterator[Keeper]:
    """Collection and checks."""
    with database(settings) as opened:
        yield Keeper(parts.collector(settings, opened), parts.integrity(settings, opened))


async def verified_trails(settings: Settings, wanted: Wanted, progress: Callable[[int], None]) -> Report:
    """What becomes of trails' files: AwsCredentialsUnusable."""
    with database(settings) as metadata, ThreadPoolExecutor(1, "reader") as readers:
        destinations = trail_destinations(settings, parts.outbound(settings), parts.clock)
        return await Verifying(Units(metadata, readers), destinations, wanted, progress).run()


def upgrade(settings: Settings) -> Mapping[str, tuple[str, str]]:
    """Bring the schema of every database to this version's; (before, after) by name."""
    directory.require(settings.data)
    with directory.preparing(settings.data):
        return parts.upgrade(settings)


def root_token(settings: Settings, account: str) -> tuple[str, datetime]:
    """A registry token of an account's root, and when it expires: AccountNotFound."""
    return _token(settings, lambda tx: identities.root_of(tx, account))


def narrow_token(settings: Settings, account: str, user: str | None, narrowing: Narrowing) -> tuple[str, datetime]:
    """A registry token that may do so much only, and when it expires: AccountNotFound, EntityNotFound,
    ParameterInvalid.
    """
    return _token(settings, lambda tx: narrow_tokens.principal(tx, account, user, narrowing, parts.clock()))


def _token(settings: Settings, whose: Callable[[Transaction], Principal]) -> tuple[str, datetime]:
    with data(settings) as (opened, seal):
        principal = opened.read(whose)
        snapshot = opened.snapshot()
        try:
            return Credentials(Hot(snapshot), snapshot, seal, parts.clock).issue_token(principal, settings.regions[0])
        finally:
            snapshot.close()
