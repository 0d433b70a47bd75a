"""Which images a repository hands out: none with a finding that counts and is worse than it allows.

What is asked at each pull stands in two rows that are read again whenever anything has changed (core/hot.py): the
repository's setting, and how the image stands (core/scanning/standings.py). Where nothing is set, nothing is asked.
An index is handed out whatever its images are; what a client runs is one of them, and that is decided by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.scanning import standings
from entrepot.core.scanning.analysis import COMPLETE, SEVERITIES
from entrepot.db import image_standings, registry_scanning
from entrepot.db import repository_admissions as rows
from entrepot.db.database import Transaction
from entrepot.db.exception_records import Admission, AdmissionMode, Standing, Unscanned
from entrepot.db.records import Repository, StoredManifest
from entrepot.db.scan_records import ScanKey
from entrepot.errors import ImageNotAdmitted, ParameterInvalid
from entrepot.spec.platforms import can_be_scanned
from entrepot.spec.repository import RepositoryKey

__all__ = ["Admission", "Draft", "Refused", "Standing"]

T = TypeVar("T", bound=str)
NONE = "NONE"
LIMITS = (NONE, "INFORMATIONAL", "LOW", "MEDIUM", "HIGH")  # what may be handed out at most
MODES: Sequence[AdmissionMode] = ("audit", "enforce")
UNSCANNED: Sequence[Unscanned] = ("allow", "deny")
MOST_GRACE = timedelta(days=30)
_KNOWN = frozenset({COMPLETE, "ACTIVE"})  # states of a scan of which the findings are what there is
_RANKS = {severity: rank for rank, severity in enumerate(("UNTRIAGED", *reversed(SEVERITIES)))}
_SEE = "aws ecr describe-image-scan-findings --repository-name {name} --image-id imageDigest={digest}"
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to hold for a repository."""

    mode: str
    max_severity: str
    unscanned: str = "allow"
    grace_seconds: int = 0


class Refused(msgspec.Struct, frozen=True):
    """Why an image is not handed out, or would not be if that were enforced."""

    digest: str
    enforced: bool
    why: str
    counts: Mapping[str, int]

    def fact(self, key: RepositoryKey) -> ImageNotAdmitted:
        """What a client is told."""
        see = _SEE.format(name=key.name, digest=self.digest)
        return ImageNotAdmitted(digest=self.digest, name=key.name, why=self.why, see=see)


def told(refused: Sequence[Refused]) -> Mapping[str, object]:
    """What the audit record of a call says of what it was refused, or would have been."""
    return {
        "admission": [
            {
                "imageDigest": each.digest,
                "decision": "REFUSED" if each.enforced else "WOULD_BE_REFUSED",
                "reason": each.why,
                "effectiveFindingSeverityCounts": each.counts,
            }
            for each in refused
        ]
    }


def put(tx: Transaction, caller: Caller, key: RepositoryKey, new: Draft) -> Admission:
    """Set what a repository hands out; it holds for each pull from then on: ParameterInvalid."""
    repository = lookup.require_locked(tx, caller, key, "PutRepositoryAdmission")
    made = _checked(new, caller)
    rows.put(tx, repository.id, made)
    parameters = {
        "repositoryName": key.name,
        "mode": made.mode,
        "maxSeverity": made.max_severity,
        "unscanned": made.unscanned,
        "graceSeconds": made.grace_seconds,
    }
    Change(tx, caller, repository).finish("PutRepositoryAdmission", parameters)
    return made


def get(tx: Transaction, caller: Caller, key: RepositoryKey) -> Admission | None:
    """What was set, if anything was."""
    return rows.find(tx, lookup.require(tx, caller, key, "GetRepositoryAdmission").id)


def delete(tx: Transaction, caller: Caller, key: RepositoryKey) -> bool:
    """Hand out everything from now on; whether anything was set."""
    repository = lookup.require_locked(tx, caller, key, "DeleteRepositoryAdmission")
    gone = rows.remove(tx, repository.id)
    Change(tx, caller, repository).finish("DeleteRepositoryAdmission", {"repositoryName": key.name})
    return gone


def decide(setting: Admission, image: StoredManifest, standing: Standing | None, at: datetime) -> Refused | None:
    """Whether an image is refused, by how it stands now; None for one that is handed out."""
    if image.kind == "index":
        return None
    found = _refusal(setting, image, standing, at)
    return found if found is not None and can_be_scanned(image.body) else None  # few are refused: only these are read


def _refusal(setting: Admission, image: StoredManifest, standing: Standing | None, at: datetime) -> Refused | None:
    enforced = setting.mode == "enforce"
    if standing is None or standing.status not in _KNOWN:
        if setting.unscanned == "allow" or at < image.pushed_at + timedelta(seconds=setting.grace_seconds):
            return None
        said = "it has not been scanned" if standing is None else f"its scan says: {standing.description[:200]}"
        return Refused(image.digest, enforced, said, {})
    limit = -1 if setting.max_severity == NONE else _RANKS[setting.max_severity]
    above = {severity: number for severity, number in standing.effective.items() if _RANKS.get(severity, 0) > limit}
    if not above:
        return None
    return Refused(image.digest, enforced, _why(setting, standing, above), standing.effective)


def look(tx: Transaction, repository: Repository, image: StoredManifest, at: datetime) -> Refused | None:
    """`decide`, from the rows as they are."""
    setting = rows.find(tx, repository.id)
    if setting is None:
        return None
    standing = image_standings.find(tx, scan_key(tx, repository, image.digest))
    return decide(setting, image, None if standing is None else standings.present(tx, repository, standing, at), at)


def scan_key(tx: Transaction, repository: Repository, digest: str) -> ScanKey:
    """The scan of an image that counts: of the type by which its registry scans."""
    return ScanKey(repository.id, digest, registry_scanning.find(tx, repository.key.registry).scan_type)


def _why(setting: Admission, standing: Standing, above: Mapping[str, int]) -> str:
    counts = ", ".join(f"{severity} {number}" for severity, number in above.items())
    named = [each for each in standing.worst if each.severity in above][:_MOST_NAMED]
    examples = ", ".join(f"{each.name} ({each.package})" if each.package else each.name for each in named)
    allowed = "none are allowed" if setting.max_severity == NONE else f"at most {setting.max_severity} is allowed"
    return f"it has findings that count: {counts}; {allowed}" + (f"; the worst: {examples}" if examples else "")


def _checked(new: Draft, caller: Caller) -> Admission:
    mode = _one_of("mode", new.mode, MODES)
    unscanned = _one_of("unscanned", new.unscanned, UNSCANNED)
    limit = _one_of("max_severity", new.max_severity, LIMITS)
    most = int(MOST_GRACE.total_seconds())
    if not 0 <= new.grace_seconds <= most:
        raise ParameterInvalid(parameter="grace_seconds", reason=f"{new.grace_seconds} is not between 0 and {most}")
    return Admission(mode, limit, unscanned, new.grace_seconds, caller.principal.arn, caller.at)


def _one_of(parameter: str, given: str, known: Sequence[T]) -> T:
    found = next((each for each in known if each == given), None)
    if found is None:
        raise ParameterInvalid(parameter=parameter, reason=f"'{given[:100]}' is none of {', '.join(known)}")
    return found
