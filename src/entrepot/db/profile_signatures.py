"""Which profiles vouch for an image of a repository, by the rows of signatures that were made, whoever pushed them.

A signature is recognised by its envelope, which nobody else can make: a manifest whose subject is what was signed, and
which has that very envelope as a layer. So it counts wherever it is copied or replicated to, and no longer than it is
there. What is revoked counts no more, and neither does what a canceled profile has signed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import text

from entrepot.db.database import Reader
from entrepot.db.signing_records import profile_arn
from entrepot.spec import notation, sigstore
from entrepot.spec.moments import moment

_MOST = 1000  # signatures that are looked at, of an image and of the indexes that name it
_MOST_PARENTS = 100
_LIST = text(
    "SELECT profile.account_id, profile.region, profile.name, MAX(job.expires_at) AS until FROM ("
    "SELECT repository_id, digest, subject FROM manifest WHERE repository_id = :of "
    "AND artifact_type IN (:notation, :sigstore) AND (subject = :image OR subject IN ("
    "SELECT manifest_digest FROM manifest_reference WHERE repository_id = :of AND digest = :image AND kind = 'child' "
    "LIMIT :parents)) LIMIT :most) AS made "
    "JOIN manifest_reference AS layer ON layer.repository_id = made.repository_id "
    "AND layer.manifest_digest = made.digest AND layer.kind = 'layer' "
    "JOIN signing_job AS job ON job.envelope = layer.digest AND job.image = made.subject "
    "JOIN signing_profile AS profile ON profile.id = job.profile_id "
    "JOIN signing_profile_version AS version ON version.profile_id = job.profile_id AND version.version = job.version "
    "WHERE profile.status != 'Canceled' AND job.revoked_at IS NULL "
    "AND (version.revoked_from IS NULL OR version.revoked_from > job.created_at) "
    "GROUP BY profile.account_id, profile.region, profile.name"
)
_TYPES = {"notation": notation.ARTIFACT, "sigstore": sigstore.BUNDLE}


class Vouched(NamedTuple):
    """A profile, by its ARN, whose signature of an image or of an index that names it counts, and until when."""

    profile: str
    until: datetime


def list_of(tx: Reader, repository_id: str, digest: str) -> Sequence[Vouched]:
    """The profiles that vouch for an image, each once, with the signature that holds the longest."""
    found = tx.all(_LIST, of=repository_id, image=digest, parents=_MOST_PARENTS, most=_MOST, **_TYPES)
    return tuple(Vouched(profile_arn(*named), moment(until)) for *named, until in found)
