"""Which images are scanned, and which not and why (Inspector user guide, "Assessing coverage")."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from entrepot.core.access import Caller
from entrepot.core.inspector import places
from entrepot.core.inspector.criteria import Filters, range_matcher, text_matcher
from entrepot.core.page import Page
from entrepot.core.scanning import coverage_statuses
from entrepot.db import inspector_images as rows
from entrepot.db.database import Reader, Transaction
from entrepot.db.inspector_images import CoveredImage, Use
from entrepot.spec.repository import RegistryKey, RepositoryKey

IMAGE: Final = "AWS_ECR_CONTAINER_IMAGE"
MOST_EXAMINED: Final = 5000  # images for a page
BATCH: Final = 500
START: Final[tuple[str, str]] = ("", "")


@dataclass(frozen=True, slots=True)
class Covered:
    """An image, how it is scanned, and what is told of it now."""

    account: str
    resource_id: str
    repository: str
    code: str
    reason: str
    scanned_at: datetime | None
    pulled_at: datetime | None
    tags: Sequence[str]
    use: Use


def list_of(
    tx: Transaction,
    caller: Caller,
    given: Mapping[str, Filters],
    limit: int,
    after: tuple[str, str] = START,
    most: int = MOST_EXAMINED,
) -> Page[Covered]:
    """Images that the criteria mean, by repository and digest. A page that would cost more than it may ends early."""
    registry = places.require(caller, "ListCoverage")
    test = _compiled(given)
    found: list[tuple[Covered, tuple[str, str]]] = []
    for examined, (covered, place) in enumerate(_all(tx, registry, after), start=1):
        if test(covered):
            if len(found) == limit:
                return Page(tuple(each for each, _ in found), found[-1][1])
            found.append((covered, place))
        if examined == most:
            return Page(tuple(each for each, _ in found), place)
    return Page(tuple(each for each, _ in found), None)


def statistics(
    tx: Transaction, caller: Caller, given: Mapping[str, Filters], group: str | None
) -> tuple[int, Mapping[str, int]]:
    """How many images the criteria mean, and of each value of Inspector's GroupKey so many."""
    registry = places.require(caller, "ListCoverageStatistics")
    test, value = _compiled(given), _GROUPS.get(group or "", _no_group)
    counts = Counter(value(covered) for covered, _ in _all(tx, registry, START) if test(covered))
    return sum(counts.values()), {word: count for word, count in sorted(counts.items()) if word}


def some(
    tx: Reader, registry: RegistryKey, given: Mapping[str, Filters], after: tuple[str, str], limit: int
) -> tuple[Sequence[tuple[CoveredImage, Covered]], tuple[str, str] | None]:
    """Of so many images those that the criteria mean, each with its key, and where the next ones begin."""
    test = _compiled(given)
    batch = rows.covered(tx, registry, after, limit)
    known = [(image, _covered(tx, registry, image)) for image in batch]
    following = (batch[-1].repository_name, batch[-1].image.digest) if len(batch) == limit else None
    return [(image, covered) for image, covered in known if test(covered)], following


def _all(tx: Reader, registry: RegistryKey, after: tuple[str, str]) -> Iterator[tuple[Covered, tuple[str, str]]]:
    for image in _covered_images(tx, registry, after):
        yield _covered(tx, registry, image), (image.repository_name, image.image.digest)


def _covered_images(tx: Reader, registry: RegistryKey, after: tuple[str, str]) -> Iterator[CoveredImage]:
    while batch := rows.covered(tx, registry, after, BATCH):
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1].repository_name, batch[-1].image.digest


def _covered(tx: Reader, registry: RegistryKey, image: CoveredImage) -> Covered:
    code, reason = coverage_statuses.coverage(image.status, image.description)
    return Covered(
        account=registry.account,
        resource_id=f"{RepositoryKey(registry, image.repository_name).arn}/{image.image.digest}",
        repository=image.repository_name,
        code=code,
        reason=reason,
        scanned_at=image.completed_at,
        pulled_at=image.pulled_at,
        tags=rows.tags(tx, image.image),
        use=rows.use(tx, image.image),
    )


# ---------------------------------------------------------------- criteria
def _compiled(given: Mapping[str, Filters]) -> Callable[[Covered], bool]:
    """Between fields all must hold; a field that no image has is that of none."""
    tests = [_test(field, filters) for field, filters in given.items()]
    return lambda covered: all(test(covered) for test in tests)


def _test(field: str, filters: Filters) -> Callable[[Covered], bool]:
    if field in _TEXTS:
        texts, matches = _TEXTS[field], text_matcher(filters)
        return lambda covered: matches(texts(covered))
    if field in _RANGES:
        values, lower, upper = _RANGES[field]
        within = range_matcher(filters, lower, upper)
        return lambda covered: within([value for value in values(covered) if value is not None])
    return lambda _: False


_TEXTS: Final[Mapping[str, Callable[[Covered], Sequence[str]]]] = {
    "accountId": lambda covered: [covered.account],
    "ecrImageTags": lambda covered: covered.tags,
    "ecrRepositoryName": lambda covered: [covered.repository],
    "resourceId": lambda covered: [covered.resource_id],
    "resourceType": lambda _: [IMAGE],
    "scanStatusCode": lambda covered: [covered.code],
    "scanStatusReason": lambda covered: [covered.reason],
    "scanType": lambda _: ["PACKAGE"],
}
_DATES: Final = ("startInclusive", "endInclusive")
_RANGES: Final[Mapping[str, tuple[Callable[[Covered], Sequence[Any]], str, str]]] = {
    "ecrImageInUseCount": (lambda covered: [covered.use.total], "lowerInclusive", "upperInclusive"),
    "ecrImageLastInUseAt": (lambda covered: [covered.use.last_at], *_DATES),
    "imagePulledAt": (lambda covered: [covered.pulled_at], *_DATES),
    "lastScannedAt": (lambda covered: [covered.scanned_at], *_DATES),
}
_GROUPS: Final[Mapping[str, Callable[[Covered], str]]] = {
    "ACCOUNT_ID": lambda covered: covered.account,
    "ECR_REPOSITORY_NAME": lambda covered: covered.repository,
    "RESOURCE_TYPE": lambda _: IMAGE,
    "SCAN_STATUS_CODE": lambda covered: covered.code,
    "SCAN_STATUS_REASON": lambda covered: covered.reason,
}


def _no_group(_: Covered) -> str:
    return ""
