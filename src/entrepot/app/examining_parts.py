"""Images examined for a command: what is asked for is found, here or elsewhere, and judged by what is known here."""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from entrepot.app import addresses, opened, parts, vulnerability_parts
from entrepot.core.examining import examination, files, pulled, saved, stored
from entrepot.core.examining.examination import Examination
from entrepot.core.examining.sources import Source
from entrepot.core.hot import Hot
from entrepot.core.scanning.layer_programs import LayerPrograms
from entrepot.core.vulnerabilities.known import Known
from entrepot.db.vulnerabilities import VulnerabilityFile
from entrepot.errors import NameInvalid
from entrepot.errors.scanning import ImageUnusable, VulnerabilityDatabaseMissing
from entrepot.outbound import Destinations, Outbound
from entrepot.outbound.registries import Place, Repository
from entrepot.outbound.registry_logins import Login
from entrepot.scan.documents import reading
from entrepot.scan.documents.subject import Subject
from entrepot.scan.merging import Image
from entrepot.settings import Settings
from entrepot.spec.reference import Reference, Tag, parse_reference
from entrepot.spec.repository import RepositoryKey

_LATEST = Tag("latest")
_PUBLIC = "public.ecr"  # stands in paths, and is no host
_LOOPBACK = re.compile(r"localhost|127\.[\d.]+|\[::1\]")
Logins = Callable[[Place], Login]
Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]  # of so many layers


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be examined: a file, an image of this deployment, or one of a registry, as a person names it."""

    target: str
    platform: str | None = None
    database: Path | None = None  # in the place of the deployment's
    needs_known: bool = True


def examined(settings: Settings, asked: Asked, logins: Logins, progress: Progress) -> Examination:
    """What an image holds, and what is known of it: VulnerabilityDatabaseMissing, ImageUnusable, FileMalformed."""
    with _knowledge(settings, asked) as known:
        about, image = _image(settings, asked, logins, progress)
        return examination.judged(about, image, known, parts.clock())


@contextmanager
def _knowledge(settings: Settings, asked: Asked) -> Iterator[Known | None]:
    if asked.database is not None:
        with VulnerabilityFile(asked.database) as file:
            yield Known(file)
        return
    with vulnerability_parts.known(settings) as known:
        if known is None and asked.needs_known:
            raise VulnerabilityDatabaseMissing(data=settings.data)
        yield known


def _image(settings: Settings, asked: Asked, logins: Logins, progress: Progress) -> tuple[Subject, Image]:
    path = Path(asked.target)
    if path.exists():
        return _of_path(path, asked, progress)
    host, slash, name = asked.target.partition("://")[2].partition("/") if "://" in asked.target else _split(asked)
    if slash and not addresses.is_own(settings, _without_port(host)):
        return asyncio.run(_of_registry(settings, asked, logins, progress))
    return _of_deployment(settings, asked, host, name, progress)


def _split(asked: Asked) -> tuple[str, str, str]:
    """The host of a reference as docker tells it from a name, and the rest."""
    first, slash, rest = asked.target.partition("/")
    is_host = bool(slash) and first != _PUBLIC and (first == "localhost" or "." in first or ":" in first)
    return (first, slash, rest) if is_host else ("", "", asked.target)


# ---------------------------------------------------------------- files
def _of_path(path: Path, asked: Asked, progress: Progress) -> tuple[Subject, Image]:
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(512)
            if not files.is_archive(start):
                return _of_sbom(path, start)
    with files.opened(path) as held:
        return asyncio.run(_inventory(saved.source(held, asked.platform), progress))


def _of_sbom(path: Path, start: bytes) -> tuple[Subject, Image]:
    if not start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        raise ImageUnusable(path=path, reason="it is no archive, no folder of an OCI layout and no SBOM as JSON")
    if path.stat().st_size > reading.LARGEST:
        raise ImageUnusable(path=path, reason=f"it has more than {reading.LARGEST} bytes")
    image = reading.image(path.read_bytes().removeprefix(b"\xef\xbb\xbf"), str(path))
    return examination.subject(str(path), "", parts.clock()), image


# ---------------------------------------------------------------- this deployment
def _of_deployment(settings: Settings, asked: Asked, host: str, name: str, progress: Progress) -> tuple[Subject, Image]:
    with opened.database(settings) as database:
        snapshot = database.snapshot()
        try:
            key, reference = _named(settings, Hot(snapshot), host, name)
        except NameInvalid as fault:
            raise ImageUnusable(path=asked.target, reason=f"there is no such file, and {fault}") from None
        finally:
            snapshot.close()
        store = parts.opening(settings, database)
        source = database.read(lambda tx: stored.source(tx, store, key, reference, asked.platform))
        return asyncio.run(_inventory(source, progress))


def _named(settings: Settings, hot: Hot, host: str, name: str) -> tuple[RepositoryKey, Reference]:
    path, at, digest = name.partition("@")
    head, slash, last = path.rpartition("/")
    last, _, tag = last.partition(":")
    reference = parse_reference(digest) if at else Tag.parse(tag) if tag else _LATEST
    return addresses.addressing(settings, hot).repository(host, f"{head}{slash}{last}"), reference


# ---------------------------------------------------------------- somebody's registry
async def _of_registry(settings: Settings, asked: Asked, logins: Logins, progress: Progress) -> tuple[Subject, Image]:
    try:
        host = asked.target.rpartition("://")[2].partition("/")[0]
        place = Place.parse(asked.target, plain=_LOOPBACK.fullmatch(_without_port(host)) is not None)
    except ValueError as fault:
        raise ImageUnusable(path=asked.target, reason=fault) from None
    repository = Repository(_outbound(settings, place), place, logins(place))
    source = await pulled.source(repository, asked.target, place.reference or _LATEST, asked.platform)
    return await _inventory(source, progress)


def _outbound(settings: Settings, place: Place) -> Outbound:
    """Requests to the registry that a person names, wherever it is; elsewhere only where a server would go."""
    listed = settings.outbound_allow
    hosts = [each for each in listed if isinstance(each, str)]
    networks = [each for each in listed if not isinstance(each, str)]
    destinations = Destinations([*hosts, _host(place)], networks, settings.token_services)
    return Outbound(destinations, settings.outbound_ca)


def _host(place: Place) -> str:
    return _without_port(place.url.partition("://")[2]).strip("[]")


def _without_port(host: str) -> str:
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0].lower()


async def _inventory(source: Source, progress: Progress) -> tuple[Subject, Image]:
    with progress(len(source.layers)) as count:
        image = await examination.inventory(source, LayerPrograms(), count)
    return examination.subject(source.name, source.digest, parts.clock()), image
