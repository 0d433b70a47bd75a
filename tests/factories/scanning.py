"""Scans in tests of core: an analyst that finds what it is told, and a scanner over a database. Owns no assertions."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from entrepot.core.claiming import Pace
from entrepot.core.events.measures import Point
from entrepot.core.pulse import Pulse
from entrepot.core.scanning import requests, results
from entrepot.core.scanning.analysis import FAILED, NO_DATABASE, Analysis, Analyst, Content, EnhancedAnalyst, Finding
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.results import Report
from entrepot.core.scanning.scanner import Scanner
from entrepot.core.units import Units
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import EPOCH, caller
from tests.factories.core_database import CoreDatabase

SOURCE_AT = datetime(2025, 12, 31, tzinfo=UTC)
OPENSSL = Finding(
    "CVE-2024-0001", "HIGH", "A bad thing.", "https://tracker.test/1", (("package_name", "openssl"), ("v", "1"))
)
ZLIB = Finding("CVE-2024-0002", "LOW", "", "", (("package_name", "zlib"),))
FOUND = Analysis(findings=(ZLIB, OPENSSL), source_updated_at=SOURCE_AT)
Answer = Callable[[Content], Awaitable[Analysis]]


class Literal:
    """Answers for each image by its digest what it was told, or else for all the same; faults are raised."""

    def __init__(self, otherwise: Analysis | Exception = FOUND, answers: Mapping[Any, Any] | None = None) -> None:
        self.otherwise = otherwise
        self.answers = dict(answers or {})
        self.generation = "1"
        self.seen: list[Content] = []

    async def analyse(self, content: Content) -> Analysis:
        """What was told."""
        self.seen.append(content)
        answer = self.answers.get(content.digest, self.otherwise)
        if isinstance(answer, list):
            answer = answer.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Analysis)
        return answer

    async def texts(self, advisories: Sequence[str]) -> Mapping[str, Texts]:
        """That each says its name."""
        return {each: Texts(f"About {each}.") for each in advisories}


class NoDatabase:
    """Knows nothing."""

    @property
    def generation(self) -> str:
        """Of nothing."""
        return ""

    async def analyse(self, content: Content) -> Analysis:
        """That nothing is known."""
        return Analysis(FAILED, NO_DATABASE, lacking=True)

    async def texts(self, advisories: Sequence[str]) -> Mapping[str, Texts]:
        """Nothing."""
        assert not advisories
        return {}


class Meter:
    """Keeps the points that it is told."""

    def __init__(self) -> None:
        self.points: list[Point] = []

    def tell(self, points: Sequence[Point]) -> None:
        """Keep them."""
        self.points += points


class Scanning:
    """A scanner over a database whose clock stands until it is moved."""

    def __init__(
        self,
        core: CoreDatabase,
        analyst: Analyst | None = None,
        pace: Pace | None = None,
        enhanced: EnhancedAnalyst | None = None,
    ) -> None:
        self.core = core
        self.analyst = analyst or Literal()
        self.enhanced = enhanced or NoDatabase()
        self.meter = Meter()
        self.now = EPOCH
        self.pool = ThreadPoolExecutor(1)
        units = Units(core.database, self.pool)
        self.pulse = Pulse()
        self.scanner = Scanner(
            units,
            self.analyst,
            self.enhanced,
            self.meter,
            self.pulse.of(core.database),
            lambda: self.now,
            pace,
        )

    def later(self, **time: float) -> None:
        """Move the clock."""
        self.now += timedelta(**time)

    def step(self) -> int:
        """Scan what is due."""
        return asyncio.run(self.scanner.step())

    def start(self, key: RepositoryKey, tag: str | None = "v1", **keywords: Any) -> Any:
        """Have an image scanned."""
        digest = keywords.pop("digest", None)
        return self.core.write(requests.start, key, digest, tag, who=caller(at=self.now), **keywords)

    def report(self, key: RepositoryKey, tag: str | None = "v1", *, limit: int = 100, **keywords: Any) -> Report:
        """What the image's scan has found."""
        digest, after = keywords.pop("digest", None), keywords.pop("after", results.START)
        found = self.core.read(results.describe, key, digest, tag, limit, after, who=caller(at=self.now))
        assert isinstance(found, Report)
        return found

    def close(self) -> None:
        """Stop the thread."""
        self.pulse.close()
        self.pool.shutdown()


def pushed(scanning: Scanning, *tags: str, layers: tuple[bytes, ...] = (b"layer",)) -> RepositoryKey:
    """A repository that is scanned on push, with an image under these tags (`v1`)."""
    key = scanning.core.repository(scan_on_push=True)
    scanning.core.image(key, *(tags or ("v1",)), layers=layers)
    return key
