"""Rows of `rematch_pass` and `image_rematch`: which images are to be matched anew, and how far whoever says so is.

A claim is a compare-and-set on the holder: an image that is queued again while somebody matches it is matched again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, bindparam, delete, func, select, text, tuple_, update

from entrepot.db.database import Reader, Transaction, number_of
from entrepot.db.scan_schema import image_rematch, image_scan, rematch_pass
from entrepot.db.schema import manifest_reference
from entrepot.spec.moments import micros

NOBODY = ""
_NAME = "images"
_PASS = select(rematch_pass.c.matched, rematch_pass.c.target, rematch_pass.c.place).where(rematch_pass.c.name == _NAME)
_SHARE_PASS = _PASS.with_for_update(read=True)  # who begins a pass waits, and then sees the image
_FIRST_PASS = text(
    "INSERT INTO rematch_pass (name, matched, target, place) VALUES ('images', 0, 0, '') ON CONFLICT DO NOTHING"
)
_MOVE_PASS = (
    update(rematch_pass)
    .where(
        rematch_pass.c.name == _NAME,
        rematch_pass.c.matched == bindparam("old_matched"),
        rematch_pass.c.target == bindparam("old_target"),
    )
    .values(matched=bindparam("new_matched"), target=bindparam("new_target"), place=bindparam("new_place"))
)
_some = (
    select(image_scan.c.repository_id, image_scan.c.digest)
    .where(
        tuple_(image_scan.c.repository_id, image_scan.c.digest)  # a page reads no row of the pages before it
        > tuple_(bindparam("after_repository"), bindparam("after_digest")),
        image_scan.c.type == "ENHANCED",
        image_scan.c.status == "ACTIVE",
    )
    .order_by(image_scan.c.repository_id, image_scan.c.digest)
    .limit(bindparam("limit"))
    .subquery()
)
_LAYERS = (
    select(_some.c.repository_id, _some.c.digest, manifest_reference.c.digest.label("layer"))
    .join(
        manifest_reference,
        and_(
            manifest_reference.c.repository_id == _some.c.repository_id,
            manifest_reference.c.manifest_digest == _some.c.digest,
            manifest_reference.c.kind == "layer",
        ),
        isouter=True,
    )
    .order_by(_some.c.repository_id, _some.c.digest)
)
_QUEUE = text(
    "INSERT INTO image_rematch (repository_id, digest, pushed_at, due_at, holder, tries, queued_at, since) "
    "SELECT repository_id, digest, pushed_at, 0, '', 0, :at, :since FROM manifest "
    "WHERE repository_id = :of AND digest = :image "
    "ON CONFLICT (repository_id, digest) DO UPDATE SET due_at = 0, holder = '', tries = 0, "
    "since = CASE WHEN excluded.since < image_rematch.since THEN excluded.since ELSE image_rematch.since END"
)
_DUE = (
    select(image_rematch.c.repository_id, image_rematch.c.digest, image_rematch.c.tries, image_rematch.c.since)
    .where(image_rematch.c.due_at <= bindparam("now"))
    .order_by(image_rematch.c.pushed_at.desc())
    .limit(bindparam("limit"))
)
_IS_IT = (image_rematch.c.repository_id == bindparam("of")) & (image_rematch.c.digest == bindparam("image"))
_CLAIM = (
    update(image_rematch)
    .where(_IS_IT, image_rematch.c.due_at <= bindparam("now"))
    .values(due_at=bindparam("until"), holder=bindparam("mine"), tries=image_rematch.c.tries + 1)
)
_IS_MINE = _IS_IT & (image_rematch.c.holder == bindparam("mine"))
_DONE = delete(image_rematch).where(_IS_MINE)
_PUT_BACK = update(image_rematch).where(_IS_MINE).values(due_at=bindparam("next"), holder=NOBODY)
_FREE = update(image_rematch).where(image_rematch.c.holder != NOBODY).values(due_at=0, holder=NOBODY)
_NEXT_DUE = select(func.min(image_rematch.c.due_at).label("at"))
_WAITING = select(func.count()).select_from(image_rematch)
_REMOVE = delete(image_rematch).where(_IS_IT)


class Pass(NamedTuple):
    """How far matching anew has come: all that changed up to generation `matched` is matched or queued; `target` is the
    generation of a pass under way, 0 while there is none, and `place` where that is.
    """

    matched: int = 0
    target: int = 0
    place: str = ""


class Watched(NamedTuple):
    """An image that is scanned continuously, and the digests of its layers."""

    repository_id: str
    digest: str
    layers: Sequence[str]


class Held(NamedTuple):
    """An image that is being matched anew: with all that changed after generation `since`."""

    repository_id: str
    digest: str
    holder: str
    tries: int
    since: int


def find_pass(tx: Transaction) -> Pass:
    """How far it is."""
    row = tx.one(_PASS)
    return Pass() if row is None else Pass(*row)


def move_pass(tx: Transaction, old: Pass, new: Pass) -> bool:
    """Write how far it is; False when somebody else has written since that it is elsewhere than at `old`."""
    if old == Pass():
        tx.run(_FIRST_PASS)
    told = {"new_matched": new.matched, "new_target": new.target, "new_place": new.place}
    return tx.run(_MOVE_PASS, old_matched=old.matched, old_target=old.target, **told) == 1


def watched(tx: Transaction, after: tuple[str, str], limit: int) -> Sequence[Watched]:
    """Images that are scanned continuously, above `after` in the order of repository and digest."""
    found: dict[tuple[str, str], list[str]] = {}
    for repository_id, digest, layer in tx.all(_LAYERS, after_repository=after[0], after_digest=after[1], limit=limit):
        layers = found.setdefault((repository_id, digest), [])
        if layer is not None:
            layers.append(layer)
    return [Watched(*key, layers) for key, layers in found.items()]


def queue(tx: Transaction, images: Sequence[tuple[str, str]], since: int, at: datetime) -> None:
    """Have images, by repository and digest, matched anew with what changed after that generation; whoever is at one
    of them has done it in vain.
    """
    given = [
        {"of": repository_id, "image": digest, "since": since, "at": micros(at)} for repository_id, digest in images
    ]
    tx.run_many(_QUEUE, given)


def queue_if_overtaken(tx: Transaction, repository_id: str, digest: str, generation: int, at: datetime) -> bool:
    """Have an image matched anew whose scan ends in this unit, if a pass that did not see it has begun since the scan
    asked what is known; whether it is.
    """
    row = tx.one(_SHARE_PASS)
    if row is None or max(row.matched, row.target) <= generation:
        return False
    queue(tx, [(repository_id, digest)], generation, at)
    return True


def claim(tx: Transaction, holder: str, now: datetime, until: datetime, limit: int) -> Sequence[Held]:
    """Take up images that are to be matched anew, the newest first."""
    return [
        Held(row.repository_id, row.digest, holder, row.tries + 1, row.since)
        for row in tx.all(_DUE, now=micros(now), limit=limit)
        if tx.run(_CLAIM, of=row.repository_id, image=row.digest, now=micros(now), until=micros(until), mine=holder)
    ]


def are_due(tx: Transaction, now: datetime) -> bool:
    """Whether there is anything to take up."""
    return bool(tx.all(_DUE, now=micros(now), limit=1))


def done(tx: Transaction, held: Held) -> bool:
    """The image has been matched; False when it was lost, or is to be matched once more."""
    return tx.run(_DONE, **_mine(held)) == 1


def put_back(tx: Transaction, held: Held, due_at: datetime) -> bool:
    """Let go of an image, which somebody may take up again at `due_at`."""
    return tx.run(_PUT_BACK, **_mine(held), next=micros(due_at)) == 1


def free(tx: Transaction) -> None:
    """Let go of every image, when nobody is left who could hold one."""
    tx.run(_FREE)


def next_due(tx: Reader) -> int | None:
    """When the next image may be taken up, in microseconds; None when none waits."""
    row = tx.one(_NEXT_DUE)
    return None if row is None or row.at is None else int(row.at)


def waiting(tx: Transaction) -> int:
    """How many images wait to be matched, or are being matched."""
    return number_of(tx, _WAITING)


def remove(tx: Transaction, repository_id: str, digest: str) -> None:
    """The image goes."""
    tx.run(_REMOVE, of=repository_id, image=digest)


def _mine(held: Held) -> dict[str, str]:
    return {"of": held.repository_id, "image": held.digest, "mine": held.holder}
