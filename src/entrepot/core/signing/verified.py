"""Signatures that the registry made of an image and that count: what may be asked before an image is handed out.

That they are there is known from rows, which nobody but the registry writes: nothing is verified anew, and no more
than the profiles of the registry's rules are looked at.
"""

from collections.abc import Sequence
from datetime import datetime

from entrepot.core.signing import jobs
from entrepot.db import image_signings as rows
from entrepot.db import images, signing_jobs
from entrepot.db.database import Transaction


def profiles(tx: Transaction, repository_id: str, digest: str, at: datetime) -> Sequence[str]:
    """The ARNs of the profiles whose signatures of an image are there, hold still and are not revoked."""
    found = []
    for each in rows.list_of(tx, repository_id, digest):
        job = signing_jobs.find(tx, each.job) if each.signature else None
        if job is None or job.expires_at <= at or jobs.is_revoked(tx, job):
            continue
        if images.known(tx, repository_id, each.signature):
            found.append(each.profile)
    return found
