"""What is here and what is on its way, as one answer: referrers, layers that may be downloaded."""

from collections.abc import Sequence

from entrepot.core import blobs, referrers
from entrepot.core.access import Caller
from entrepot.core.page import Page
from entrepot.core.pull_through.seam import Lists, Pulls
from entrepot.core.referrers import Referrer, ReferrerFilter
from entrepot.core.units import Units
from entrepot.errors import BlobNotFound, BlobUnreferenced, RepositoryNotFound
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey


async def require_downloadable(
    units: Units, pulls: Pulls, caller: Caller, key: RepositoryKey, digest: Digest
) -> Digest:
    """A layer that a download URL may be given of, as core/blobs.py has it; one that is on its way is waited for, for a
    while: UpstreamLayerUnavailable.
    """
    try:
        return (await units.read(blobs.require_downloadable, caller, key, digest)).digest
    except (BlobNotFound, BlobUnreferenced):
        if not await pulls.comes(key, digest):
            raise
        return digest


async def list_referrers(
    units: Units,
    lists: Lists,
    caller: Caller,
    key: RepositoryKey,
    subject: Digest,
    wanted: ReferrerFilter,
    limit: int,
    after: str,
) -> Page[Referrer]:
    """A page of what is here and of what the upstream lists, by digest: RepositoryNotFound,
    UpstreamReferrersUnavailable where that cannot be asked and was not known before.
    """
    page: Page[Referrer] = Page((), None)
    try:
        page = await units.read(referrers.list_of, caller, key, subject, wanted, limit, after)
    except RepositoryNotFound:
        if not lists.has_upstream(key):
            raise
    if wanted.status not in ("ACTIVE", "ANY"):
        return page
    there = await lists.upstream_referrers(caller, key, subject)
    return _merged(page, [each for each in there if each.digest > after and _is_wanted(each, wanted)], limit)


def _is_wanted(referrer: Referrer, wanted: ReferrerFilter) -> bool:
    return not wanted.artifact_types or referrer.artifact_type in wanted.artifact_types


def _merged(page: Page[Referrer], there: Sequence[Referrer], limit: int) -> Page[Referrer]:
    """A page of both, by digest; what is here stands for itself."""
    here = {each.digest for each in page.items}
    last = page.after[0] if page.after is not None else None
    more = [each for each in there if each.digest not in here and (last is None or each.digest <= last)]
    found = sorted((*page.items, *more), key=lambda each: each.digest)
    if len(found) > limit:
        return Page(tuple(found[:limit]), (found[limit - 1].digest,))
    return Page(tuple(found), page.after)
