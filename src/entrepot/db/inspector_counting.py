"""Findings of a registry as they are counted: without records, and those that no body is needed for by image."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, bindparam, func, select

from entrepot.db.database import Reader, Row
from entrepot.db.inspector_listing import NARROWED
from entrepot.db.inspector_records import ImageKey
from entrepot.db.inspector_schema import inspector_finding as finding
from entrepot.spec.repository import RegistryKey

_PAGE: Final = 2000
_ANY_BODY: Final = (
    select(finding.c.body)
    .where(finding.c.repository_id == bindparam("of"), finding.c.digest == bindparam("image"))
    .limit(1)
)
_OF_IMAGE: Final = (
    finding.c.repository_id,
    finding.c.digest,
    finding.c.repository_name,
    finding.c.severity,
    finding.c.fix_available,
    finding.c.exploit_available,
)


class Counted(NamedTuple):
    """Findings of one image that are alike; `vulnerability` and what follows are of one alone."""

    image: ImageKey
    repository_name: str
    severity: str
    fix_available: str
    exploit_available: str
    number: int = 1
    vulnerability: str = ""
    title: str = ""
    body: bytes = b""


def by_image(tx: Reader, registry: RegistryKey, narrowed: Mapping[str, str]) -> Iterator[Counted]:
    """How many findings of each kind the images have, of those with the values of `narrowed`."""
    statement = _by_image(tuple(sorted(narrowed)))
    for row in tx.all(statement, **_given(registry, narrowed)):
        yield _counted(row, int(row.findings))


def one_by_one(tx: Reader, registry: RegistryKey, narrowed: Mapping[str, str], *, bodies: bool) -> Iterator[Counted]:
    """Each finding that has the values of `narrowed`, by id."""
    statement, after = _one_by_one(tuple(sorted(narrowed)), bodies), ""
    while rows := tx.all(statement, **_given(registry, narrowed), after=after, limit=_PAGE):
        for row in rows:
            one = _counted(row, 1)._replace(vulnerability=row.vulnerability, title=row.title)
            yield one._replace(body=bytes(row.body)) if bodies else one
        after = rows[-1].id


def any_body(tx: Reader, image: ImageKey) -> bytes | None:
    """The body of one of an image's findings, for what all of them say of the image."""
    row = tx.one(_ANY_BODY, of=image.repository_id, image=image.digest)
    return None if row is None else bytes(row.body)


def _counted(row: Row, number: int) -> Counted:
    image = ImageKey(row.repository_id, row.digest)
    return Counted(image, row.repository_name, row.severity, row.fix_available, row.exploit_available, number)


def _given(registry: RegistryKey, narrowed: Mapping[str, str]) -> dict[str, object]:
    named = {f"n_{name}": value for name, value in narrowed.items()}
    return {"account": registry.account, "in_region": registry.region, **named}


def _wanted(narrowed: Sequence[str]) -> Sequence[Any]:
    return (
        finding.c.account_id == bindparam("account"),
        finding.c.region == bindparam("in_region"),
        *(NARROWED[name] == bindparam(f"n_{name}") for name in narrowed),
    )


@cache  # there are so many sets of columns
def _by_image(narrowed: tuple[str, ...]) -> Select[Any]:
    return select(*_OF_IMAGE, func.count().label("findings")).where(*_wanted(narrowed)).group_by(*_OF_IMAGE)


@cache
def _one_by_one(narrowed: tuple[str, ...], bodies: bool) -> Select[Any]:  # noqa: FBT001 - a key of the cache
    more = (finding.c.body,) if bodies else ()
    return (
        select(*_OF_IMAGE, finding.c.id, finding.c.vulnerability, finding.c.title, *more)
        .where(*_wanted(narrowed), finding.c.id > bindparam("after"))
        .order_by(finding.c.id)
        .limit(bindparam("limit"))
    )
