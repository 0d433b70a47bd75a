"""Which images a repository hands out: none with a finding that counts and is worse than it allows; only those that a
key or a signing profile has signed, and none by tag, where it says so.

What is asked at each pull stands in rows that are read again whenever anything has changed (core/hot.py): the
repository's setting, how the image stands (core/scanning/standings.py), whether a key has signed it
(core/scanning/admission_signatures.py), or a signing profile (db/profile_signatures.py). Where nothing is set, nothing
is asked. An index is handed out whatever is found in its images; what a client runs is one of them, and that is decided
by itself. What is no image (signatures, SBOMs) is handed out unsigned: it is what clients verify images by.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVar

import msgspec

from entrepot.core import lookup
from entrepot.core.access import Caller
from entrepot.core.changes import Change
from entrepot.core.scanning import public_keys, standings
from entrepot.core.scanning.analysis import COMPLETE, SEVERITIES
from entrepot.core.signing import places as signing_places
from entrepot.db import image_signatures, image_standings, profile_signatures, registry_scanning
from entrepot.db import repository_admissions as rows
from entrepot.db.database import Transaction
from entrepot.db.exception_records import Admission, AdmissionMode, Standing, Unscanned
from entrepot.db.profile_signatures import Vouched
from entrepot.db.records import Repository, StoredManifest
from entrepot.db.scan_records import ScanKey
from entrepot.db.signing_records import profile_arn
from entrepot.errors import ImageNotAdmitted, ParameterInvalid
from entrepot.spec.platforms import can_be_scanned
from entrepot.spec.repository import RegistryKey, RepositoryKey

__all__ = ["Admission", "Draft", "Refused", "Seen", "Standing"]

T = TypeVar("T", bound=str)
NONE = "NONE"
ANY = "CRITICAL"
LIMITS = (NONE, "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", ANY)  # what may be handed out at most
MODES: Sequence[AdmissionMode] = ("audit", "enforce")
UNSCANNED: Sequence[Unscanned] = ("allow", "deny")
MOST_GRACE = timedelta(days=30)
_KNOWN = frozenset({COMPLETE, "ACTIVE"})  # states of a scan of which the findings are what there is
_RANKS = {severity: rank for rank, severity in enumerate(("UNTRIAGED", *reversed(SEVERITIES)))}
_SEE = "aws ecr describe-image-scan-findings --repository-name {name} --image-id imageDigest={digest}"
_MOST_NAMED = 3
_BY_TAG = "it is handed out by digest only, not by tag: pull {name}@{digest}"
_MOST_PROFILES = 10
_BY_KEY = "no signature of it by a key of the repository is known: sign it with one of them, and push the signature"
_BY_PROFILE = (
    "no signature of it counts that a signing profile of the repository ({profiles}) has made: have one sign it"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to hold for a repository."""

    mode: str
    max_severity: str
    unscanned: str = "allow"
    grace_seconds: int = 0
    digest_only: bool = False
    keys: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()


class Seen(NamedTuple):
    """How an image stands, and whether it counts as signed, where that is asked for."""

    standing: Standing | None
    is_signed: bool = False


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
    made = _checked(tx, key.registry, new, caller)
    before = rows.find(tx, repository.id)
    rows.put(tx, repository.id, made)
    if not made.keys:
        image_signatures.remove_all(tx, repository.id)
    elif before is None or tuple(before.keys) != tuple(made.keys):
        image_signatures.await_all(tx, repository.id, caller.at)
    parameters = {
        "repositoryName": key.name,
        "mode": made.mode,
        "maxSeverity": made.max_severity,
        "unscanned": made.unscanned,
        "graceSeconds": made.grace_seconds,
        "digestOnly": made.digest_only,
        "publicKeys": list(made.keys),
        "signingProfiles": list(made.profiles),
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
    image_signatures.remove_all(tx, repository.id)
    Change(tx, caller, repository).finish("DeleteRepositoryAdmission", {"repositoryName": key.name})
    return gone


def decide(
    setting: Admission, key: RepositoryKey, image: StoredManifest, seen: Seen, at: datetime, *, by_tag: bool
) -> Refused | None:
    """Whether an image is refused, by how it stands now and how it was asked for; None for one that is handed out."""
    if setting.digest_only and by_tag:
        why = _BY_TAG.format(name=key.name, digest=image.digest)
        return Refused(image.digest, setting.mode == "enforce", why, {})
    found = None
    if (setting.keys or setting.profiles) and not seen.is_signed and not _is_index_of_another(image):
        found = Refused(image.digest, setting.mode == "enforce", _unsigned(setting), {})
    elif image.kind != "index":
        found = _refusal(setting, image, seen.standing, at)
    is_image = found is None or image.kind == "index" or can_be_scanned(image.body)  # few are refused: these are read
    return found if is_image else None


def is_signed(setting: Admission, by_key: str, by_profile: Sequence[Vouched], at: datetime) -> bool:
    """Whether one of the keys, or one of the profiles, has signed an image, and that holds: `by_key` is the digest for
    which it counts as signed by a key, '' for none.
    """
    return bool(by_key) or any(each.until > at and each.profile in setting.profiles for each in by_profile)


def _is_index_of_another(image: StoredManifest) -> bool:
    """Whether an index only says something of another manifest; whatever it names is decided by itself."""
    return image.kind == "index" and image.subject is not None


def _unsigned(setting: Admission) -> str:
    by_profile = _BY_PROFILE.format(profiles=", ".join(setting.profiles)) if setting.profiles else ""
    return "; ".join(each for each in (_BY_KEY if setting.keys else "", by_profile) if each)


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


def look(
    tx: Transaction, repository: Repository, image: StoredManifest, at: datetime, *, by_tag: bool = False
) -> Refused | None:
    """`decide`, from the rows as they are."""
    setting = rows.find(tx, repository.id)
    if setting is None:
        return None
    standing = image_standings.find(tx, scan_key(tx, repository, image.digest))
    present = None if standing is None else standings.present(tx, repository, standing, at)
    signed = image_signatures.signed(tx, repository.id, image.digest) if setting.keys else ""
    vouched = profile_signatures.list_of(tx, repository.id, image.digest) if setting.profiles else ()
    seen = Seen(present, is_signed=is_signed(setting, signed, vouched, at))
    return decide(setting, repository.key, image, seen, at, by_tag=by_tag)


def scan_key(tx: Transaction, repository: Repository, digest: str) -> ScanKey:
    """The scan of an image that counts: of the type by which its registry scans."""
    return ScanKey(repository.id, digest, registry_scanning.find(tx, repository.key.registry).scan_type)


def _why(setting: Admission, standing: Standing, above: Mapping[str, int]) -> str:
    counts = ", ".join(f"{severity} {number}" for severity, number in above.items())
    named = [each for each in standing.worst if each.severity in above][:_MOST_NAMED]
    examples = ", ".join(f"{each.name} ({each.package})" if each.package else each.name for each in named)
    allowed = "none are allowed" if setting.max_severity == NONE else f"at most {setting.max_severity} is allowed"
    return f"it has findings that count: {counts}; {allowed}" + (f"; the worst: {examples}" if examples else "")


def _checked(tx: Transaction, key: RegistryKey, new: Draft, caller: Caller) -> Admission:
    mode = _one_of("mode", new.mode, MODES)
    unscanned = _one_of("unscanned", new.unscanned, UNSCANNED)
    limit = _one_of("max_severity", new.max_severity, LIMITS)
    most = int(MOST_GRACE.total_seconds())
    if not 0 <= new.grace_seconds <= most:
        raise ParameterInvalid(parameter="grace_seconds", reason=f"{new.grace_seconds} is not between 0 and {most}")
    keys = public_keys.checked(new.keys)
    profiles = tuple(dict.fromkeys(_profile(tx, key, each) for each in new.profiles))
    if len(profiles) > _MOST_PROFILES:
        reason = f"there are {len(profiles)} signing profiles, and {_MOST_PROFILES} at most are asked for"
        raise ParameterInvalid(parameter="profiles", reason=reason)
    who = caller.principal.arn
    return Admission(mode, limit, unscanned, new.grace_seconds, who, caller.at, new.digest_only, keys, profiles)


def _profile(tx: Transaction, key: RegistryKey, given: str) -> str:
    """The ARN of a profile that is named by it, or, being the account's own, by its name alone."""
    name = signing_places.parse(given if ":" in given else profile_arn(key.account, key.region, given))
    why = ""
    if name is None or name.version:
        why = "is not the ARN of a signing profile"
    elif name.region != key.region:
        why = f"is in {name.region}, and must be in the registry's region, {key.region}"
    elif name.account == key.account and signing_places.find(tx, name) is None:
        why = "is not there: see `aws signer list-signing-profiles`"
    if name is None or why:
        raise ParameterInvalid(parameter="profiles", reason=f"'{given[:200]}' {why}")
    return name.arn


def _one_of(parameter: str, given: str, known: Sequence[T]) -> T:
    found = next((each for each in known if each == given), None)
    if found is None:
        raise ParameterInvalid(parameter=parameter, reason=f"'{given[:100]}' is none of {', '.join(known)}")
    return found
