"""An analyst that has another scanner look at images, over Harbor's scanner API (spec/scanner_adapter.py): Trivy, Clair
and others have such adapters. It pulls from this registry, with a token that is good for that repository and an hour.

What the scanner says of an image that it cannot scan is how the scan ends; of its own troubles, the image's owner may
start the scan again.
"""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from entrepot.core.scanning.analysis import FAILED, SUCCESS, UNSUPPORTED, Analysis, Attributes, Content, Finding
from entrepot.outbound import OutboundFault, Response, Sender
from entrepot.spec import scanner_adapter as wire
from entrepot.spec.repository import RepositoryKey

_REPORTS = (wire.VULNERABILITIES, wire.VULNERABILITIES_OF_OLD)
_LARGEST_REPORT = 128 * 1024 * 1024
_LARGEST_ANSWER = 1024 * 1024
_LONGEST = 500  # characters of what a scanner says
_LONGEST_DESCRIPTION = 4000
_ACCEPTED = frozenset({200, 201, 202})
_SEVERITIES = {
    "negligible": "INFORMATIONAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "critical": "CRITICAL",
}


@dataclass(frozen=True, slots=True)
class Peer:
    """The scanner's URL and the Authorization header for it; where it reaches this registry."""

    url: str
    header: str = field(repr=False)
    own_url: str


@dataclass(frozen=True, slots=True)
class Patience:
    """In seconds: for one image, for pauses between two looks, for how long what a scanner can do is remembered; and
    how often in a row it may be out of reach.
    """

    image: float = 1800
    least_pause: float = 1
    longest_pause: float = 30
    usual_pause: float = 3
    remembered: float = 60
    faults: int = 4


class _Capability(msgspec.Struct):
    type: str | None = None
    consumes_mime_types: Sequence[str] = ()
    produces_mime_types: Sequence[str] = ()


class _Metadata(msgspec.Struct):
    scanner: wire.Scanner
    capabilities: Sequence[_Capability] = ()
    properties: Mapping[str, str] | None = None


class _Trouble(Exception):
    """Why there is no report; `counted` when that is about the image."""

    def __init__(self, said: str, *, counted: bool) -> None:
        super().__init__(said)
        self.counted = counted


class AdapterAnalyst:
    """Analyses images (core/scanning/analysis.py, `Analyst`)."""

    def __init__(
        self,
        sender: Sender,
        peer: Peer,
        token: Callable[[RepositoryKey], Awaitable[str]],
        patience: Patience | None = None,
    ) -> None:
        """`token` makes one with which a repository can be pulled from."""
        self._sender = sender
        self._peer = peer
        self._token = token
        self._patience = patience or Patience()
        self._known: tuple[float, _Metadata] | None = None

    @property
    def generation(self) -> str:
        """The scanner's own database is its affair: what it knows is never waited for."""
        return "adapter"

    async def analyse(self, content: Content) -> Analysis:
        """What the scanner finds in an image."""
        try:
            async with asyncio.timeout(self._patience.image):
                return await self._analysed(content)
        except TimeoutError:
            said = f"The scanner takes more than {self._patience.image:g} s for the image."
            return Analysis(FAILED, said, counted=False)
        except OutboundFault as fault:
            return Analysis(FAILED, f"The scanner cannot be asked: {fault}.", counted=False)
        except _Trouble as trouble:
            return Analysis(FAILED, str(trouble), counted=trouble.counted)

    async def _analysed(self, content: Content) -> Analysis:
        metadata = await self._metadata()
        capability = _capability(metadata, content.manifest.media_type)
        body = await self._report(content, capability)
        report = await asyncio.to_thread(_read, body)
        told = report.artifact.digest
        if told and told != content.digest:
            raise _Trouble(f"The scanner tells of another image, {told[:128]}.", counted=False)
        found = await asyncio.to_thread(findings, report)
        who = f"{metadata.scanner.name} {metadata.scanner.version}".strip()[:128]
        described = f"{SUCCESS} The scanner was {who}." if who else SUCCESS
        return Analysis(description=described, findings=found, source_updated_at=_updated_at(metadata))

    async def _metadata(self) -> _Metadata:
        now = asyncio.get_running_loop().time()
        if self._known is not None and now - self._known[0] < self._patience.remembered:
            return self._known[1]
        answer = await self._sent("GET", "metadata", headers={"Accept": wire.METADATA})
        if answer.status != 200:
            raise _Trouble(_said(answer), counted=False)
        try:
            known = msgspec.json.decode(answer.body, type=_Metadata)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
            raise _Trouble(
                f"What the scanner says of itself cannot be read: {fault}"[:_LONGEST], counted=False
            ) from None
        self._known = (now, known)
        return known

    async def _report(self, content: Content, capability: _Capability) -> bytes:
        """The report's body; a scanner that has forgotten a request, having been started anew, is asked once more."""
        wanted = next(each for each in _REPORTS if _has(capability.produces_mime_types, each))
        for last in (False, True):
            scan_id = await self._accepted(content, capability, wanted)
            answer = await self._ended(scan_id, wanted)
            if answer.status == 200:
                return answer.body
            if answer.status != 404 or last:
                break
        raise _Trouble(_said(answer), counted=answer.status not in {401, 403, 404, 429, 502, 503})

    async def _accepted(self, content: Content, capability: _Capability, wanted: str) -> str:
        key = content.repository
        token = await self._token(key)
        login = base64.b64encode(f"AWS:{token}".encode()).decode()
        registry = key.registry
        request = wire.ScanRequest(
            wire.Registry(self._peer.own_url, f"Basic {login}"),
            wire.Artifact(
                f"{registry.account}/{registry.region}/{key.name}",
                str(content.digest),
                mime_type=content.manifest.media_type,
            ),
            None if capability.type is None else [wire.Wanted("vulnerability", [wanted])],
        )
        headers = {"Content-Type": wire.SCAN_REQUEST, "Accept": wire.SCAN_RESPONSE}
        answer = await self._sent("POST", "scan", body=msgspec.json.encode(request), headers=headers)
        if answer.status not in _ACCEPTED:
            raise _Trouble(_said(answer), counted=answer.status in {400, 422, 501})
        try:
            scan_id = msgspec.json.decode(answer.body, type=wire.ScanResponse).id
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            scan_id = ""
        if not scan_id or len(scan_id) > _LONGEST or not scan_id.replace("-", "").replace("_", "").isalnum():
            raise _Trouble("The scanner takes the image and says not under which id.", counted=False)
        return scan_id

    async def _ended(self, scan_id: str, wanted: str) -> Response:
        """The first answer about a report but that it is not there yet."""
        path, headers = f"scan/{scan_id}/report", {"Accept": wanted}
        while True:
            answer = await self._sent("GET", path, headers=headers, most=_LARGEST_REPORT)
            if answer.status != 302:
                return answer
            await asyncio.sleep(self._pause(answer))

    async def _sent(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"", most: int = _LARGEST_ANSWER
    ) -> Response:
        """OutboundFault when it is out of reach again and again."""
        given = {**headers, **({"Authorization": self._peer.header} if self._peer.header else {})}
        url = f"{self._peer.url}/api/v1/{path}"
        for left in range(self._patience.faults, -1, -1):
            try:
                return await self._sender.send(method, url, most_bytes=most, body=body, headers=given)
            except OutboundFault:
                if not left:
                    raise
                await asyncio.sleep(self._patience.least_pause)
        raise AssertionError("unreachable")

    def _pause(self, answer: Response) -> float:
        told = answer.headers.get("Refresh-After", "").strip()
        seconds = float(told) if told.isascii() and told.isdigit() and len(told) < 6 else self._patience.usual_pause
        return min(max(seconds, self._patience.least_pause), self._patience.longest_pause)


def findings(report: wire.Report) -> list[Finding]:
    """What a report tells, each vulnerability of a package in a version once."""
    found = {(each.id, each.package, each.version): _finding(each) for each in report.vulnerabilities or ()}
    return list(found.values())


def _finding(told: wire.Vulnerability) -> Finding:
    return Finding(
        told.id,
        _SEVERITIES.get((told.severity or "").lower(), "UNDEFINED"),
        (told.description or "")[:_LONGEST_DESCRIPTION],
        next((link for link in told.links or () if link.startswith(("https://", "http://"))), ""),
        _attributes(told),
    )


def _attributes(told: wire.Vulnerability) -> Attributes:
    cvss = told.preferred_cvss or wire.Cvss()
    named = {
        "package_name": told.package,
        "package_version": told.version,
        "CVSS3_SCORE": _score(cvss.score_v3),
        "CVSS3_VECTOR": cvss.vector_v3,
        "CVSS2_SCORE": _score(cvss.score_v2),
        "CVSS2_VECTOR": cvss.vector_v2,
        "fixed_in_version": told.fix_version,
    }
    return tuple((name, value) for name, value in named.items() if value)


def _score(told: float | None) -> str:
    return f"{told:.1f}" if told is not None and 0 < told <= 10 else ""


def _capability(metadata: _Metadata, media_type: str) -> _Capability:
    """What the scanner does for images of this type."""
    able = [
        each
        for each in metadata.capabilities
        if each.type in {None, "vulnerability"} and any(_has(each.produces_mime_types, one) for one in _REPORTS)
    ]
    if not able:
        raise _Trouble("The scanner makes no report of vulnerabilities that is known here.", counted=False)
    found = next((each for each in able if _has(each.consumes_mime_types, media_type)), None)
    if found is None:
        raise _Trouble(f"{UNSUPPORTED} The scanner takes no {media_type[:128]}.", counted=True)
    return found


def _has(types: Sequence[str], wanted: str) -> bool:
    return any(wire.same_type(each, wanted) for each in types)


def _read(body: bytes) -> wire.Report:
    try:
        return msgspec.json.decode(body, type=wire.Report)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise _Trouble(f"The scanner's report cannot be read: {fault}"[:_LONGEST], counted=False) from None


def _said(answer: Response) -> str:
    """What a refusal says, for people."""
    try:
        said = msgspec.json.decode(answer.body, type=wire.ErrorResponse).error.message
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        said = ""
    return f"The scanner answers with status {answer.status}: {said[:_LONGEST] or 'it does not say why'}"


def _updated_at(metadata: _Metadata) -> datetime | None:
    """Until when the scanner's own database goes, if it says so."""
    try:
        told = datetime.fromisoformat((metadata.properties or {}).get(wire.UPDATED_AT, ""))
    except ValueError:
        return None
    return told if told.tzinfo is not None else None
