"""What is new at one upstream: nothing, its newest records, or all of it.

OSV's bucket lists what was modified, newest first (https://google.github.io/osv.dev/data/); a repository of packages
names its updateinfo with a checksum (createrepo's repomd.xml); all else is a file that is asked for conditionally.
"""

import asyncio
import dataclasses
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote, urljoin

import msgspec

from entrepot.core.vulnerabilities import artifacts
from entrepot.core.vulnerabilities.archives import Archive
from entrepot.core.vulnerabilities.downloads import Downloads, FileAbsent
from entrepot.core.vulnerabilities.feeds import Feed, feeds, part
from entrepot.core.vulnerabilities.upstreams import Noted, Upstream
from entrepot.outbound import AnswerUnusable
from entrepot.outbound.registries import Place, Repository
from entrepot.scan.osv import MOST_BYTES, moment
from entrepot.scan.xml_elements import elements

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+~-]{0,127}")
_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")
_URL: Final = re.compile(r"https?://\S+")
_ALL: Final = "all.zip"
_NO_FINDING: Final = "MAL-"  # malicious packages, which an import leaves out
_MOST_LIST: Final = 1 << 20
_MOST_REPOMD: Final = 4 << 20
_DAY: Final = 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Rules:
    """When OSV's records are fetched one by one: so many at most, and no more than that part of what is known unless
    they are few; and after how many days all of it is, for what is gone from there is told by nothing else.
    """

    most_records: int = 5000
    few_records: int = 50
    part: float = 0.1
    whole_days: int = 7


@dataclass(frozen=True, slots=True)
class Got:
    """What is to be imported of an upstream, and what is noted of it when that is done."""

    upstream: Upstream
    folder: Path
    feeds: Sequence[Feed]
    noted: Noted
    size: int = 0


@dataclass(slots=True)
class _Listed:
    """The newest moment of a list, the ids at just that, and those that are newer than what is known."""

    until: int = 0
    at_until: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    ended: bool = False  # whether all that is newer was read


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks upstreams at one moment; `records` are how many of each source are known."""

    downloads: Downloads
    repository: Callable[[Place], Repository]
    now: int
    records: Mapping[str, int]
    rules: Rules
    most_bytes: int

    async def ask(self, upstream: Upstream, noted: Noted, folder: Path) -> Got | None:
        """What is new there; None for nothing: OutboundFault, VulnerabilityFileUnknown, AdvisoryMalformed,
        VulnerabilityArtifactUnusable.
        """
        match upstream.kind:
            case "file":
                return await self._file(upstream, upstream.url, noted, folder)
            case "osv":
                return await self._osv(upstream, noted, folder)
            case "yum":
                return await self._yum(upstream, noted, folder)
            case "oci":
                return await self._oci(upstream, noted, folder)

    async def _file(self, upstream: Upstream, url: str, noted: Noted, folder: Path) -> Got | None:
        path = folder / (_NAME.sub("-", url.rpartition("/")[2])[:100].lstrip(".") or "file")
        fetched = await self.downloads.fetch(url, path, noted.etag, noted.last_modified)
        if fetched is None or fetched.sha256 == noted.sha256:
            return None
        now = Noted(
            whole_at=self.now, etag=fetched.etag, last_modified=fetched.last_modified, sha256=fetched.sha256
        )  # fmt: skip
        return Got(upstream, folder, await asyncio.to_thread(feeds, [path]), now, fetched.size)

    async def _osv(self, upstream: Upstream, noted: Noted, folder: Path) -> Got | None:
        listed = await self._list(upstream, noted)
        due = self.now - noted.whole_at > self.rules.whole_days * _DAY
        if listed is None or not noted.until or due or not self._are_few(listed, noted):
            return await self._whole(upstream, noted, listed, folder)
        if not listed.fresh:
            return None
        base = upstream.url.rstrip("/")
        wanted = [(f"{base}/{quote(name)}.json", folder / f"{name}.json") for name in listed.fresh]
        await self.downloads.many(wanted, MOST_BYTES)
        now = msgspec.structs.replace(noted, until=listed.until, at_until=listed.at_until)
        found, size = await asyncio.to_thread(_parts, folder, noted.told[0])
        return Got(upstream, folder, found, now, size)

    async def _whole(self, upstream: Upstream, noted: Noted, listed: _Listed | None, folder: Path) -> Got | None:
        """All of it; the list holds where the archive has its newest records, else it is read anew the next time."""
        got = await self._file(upstream, f"{upstream.url.rstrip('/')}/{_ALL}", noted, folder)
        if got is None or listed is None:
            return got
        if await asyncio.to_thread(_has, folder / _ALL, listed.at_until):
            now = msgspec.structs.replace(got.noted, until=listed.until, at_until=listed.at_until)
            return dataclasses.replace(got, noted=now)
        return got

    async def _list(self, upstream: Upstream, noted: Noted) -> _Listed | None:
        """What is newer than what is known; None where there is no list."""
        listed, last, known = _Listed(), 0, frozenset(noted.at_until)
        try:
            async with self.downloads.lines(f"{upstream.url.rstrip('/')}/modified_id.csv") as lines:
                async for line in lines:
                    at, name = _entry(line, last or None)
                    if at < noted.until or (len(listed.fresh) > self.rules.most_records and at < listed.until):
                        break
                    _add(listed, at, name, known if at == noted.until else frozenset())
                    last = at
        except FileAbsent:
            return None
        listed.ended = len(listed.fresh) <= self.rules.most_records
        return listed

    def _are_few(self, listed: _Listed, noted: Noted) -> bool:
        known = sum(self.records.get(name, 0) for name in noted.told)
        return listed.ended and len(listed.fresh) <= max(self.rules.few_records, self.rules.part * known)

    async def _yum(self, upstream: Upstream, noted: Noted, folder: Path) -> Got | None:
        base = upstream.url
        if base.endswith("mirror.list"):
            text = (await self.downloads.small(base, _MOST_LIST)).decode("utf-8", "replace")
            mirrors = _URL.findall(text)
            if not mirrors:
                raise AnswerUnusable("its list of mirrors names none")
            base = mirrors[0]
        base = f"{base.rstrip('/')}/"
        location, checksum = _updateinfo(await self.downloads.small(urljoin(base, "repodata/repomd.xml"), _MOST_REPOMD))
        if checksum and checksum == noted.sha256:
            return None
        got = await self._file(upstream, urljoin(base, location), noted, folder)
        if got is not None and checksum and got.noted.sha256 != checksum:
            raise AnswerUnusable("its updateinfo has another checksum than repomd.xml tells")
        return got

    async def _oci(self, upstream: Upstream, noted: Noted, folder: Path) -> Got | None:
        try:
            place = Place.parse(upstream.url)
        except ValueError as fault:
            raise AnswerUnusable(str(fault)) from None
        if place.reference is None:
            raise AnswerUnusable("it names neither a tag nor a digest")
        repository = self.repository(place)
        found = await artifacts.find(repository, place.reference, upstream.url, self.most_bytes)
        if found.digest == noted.sha256:
            return None
        path = folder / "vulnerabilities.tar.zst"
        await artifacts.pull(repository, found, path, lambda _: None)
        now = Noted(whole_at=self.now, sha256=str(found.digest))
        return Got(upstream, folder, await asyncio.to_thread(feeds, [path]), now, found.layer.size)


def _entry(line: str, before: int | None) -> tuple[int, str]:
    """A line of OSV's list: when, which; AnswerUnusable for what is none or stands behind an older one."""
    text, _, name = line.partition(",")
    at = moment(text)
    if not at or not _ID.fullmatch(name):
        raise AnswerUnusable(f"its list of what was modified has a line that is none: {line[:80]!r}")
    if before is not None and at > before:
        raise AnswerUnusable("its list of what was modified is not sorted by time")
    return at, name


def _add(listed: _Listed, at: int, name: str, known: frozenset[str]) -> None:
    listed.until = listed.until or at
    if at == listed.until:
        listed.at_until.append(name)
    if name not in known and not name.startswith(_NO_FINDING):
        listed.fresh.append(name)


def _parts(folder: Path, source: str) -> tuple[Sequence[Feed], int]:
    """The records of a folder as what a source tells anew, and their bytes."""
    size = sum(each.stat().st_size for each in folder.glob("*.json"))
    return ([part(folder, source)] if size else []), size


def _has(path: Path, names: Sequence[str]) -> bool:
    archive = Archive(path)
    try:
        return archive.names().issuperset(names)
    finally:
        archive.close()


def _updateinfo(document: bytes) -> tuple[str, str]:
    """Where a repository's updateinfo is, and its SHA-256 where that is told."""
    for data in elements(document, frozenset({"data"})):
        place, checksum = data.first("location"), data.first("checksum")
        if data.attributes.get("type") == "updateinfo" and place is not None and place.attributes.get("href"):
            sha256 = checksum is not None and checksum.attributes.get("type") == "sha256"
            return place.attributes["href"], checksum.text.strip() if sha256 and checksum is not None else ""
    raise AnswerUnusable("it has no updateinfo")
