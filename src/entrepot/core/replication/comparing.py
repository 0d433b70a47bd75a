"""What a registry has and what a destination has, side by side, a page at a time: what differs, and what is no
difference. It reads, and changes nothing.

A repository is compared image by image and tag by tag, first all that it has (side S), then all that the one of its
name at the destination has (side T). Repositories that the source has not got are the destination's own.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from entrepot.core import tag_patterns
from entrepot.core.following import is_taken
from entrepot.core.replication import settling
from entrepot.db import (
    blobs,
    image_pages,
    images,
    replication_configurations,
    replication_options,
    replication_steps,
    repositories,
    tags,
)
from entrepot.db.database import Transaction
from entrepot.db.records import Repository
from entrepot.db.replication_records import (
    DELETE,
    PUSH,
    SETTINGS,
    Action,
    Destination,
    Difference,
    Repair,
    destinations_of,
    settings_of,
    tags_of,
)
from entrepot.spec.repository import RepositoryKey

MOST: Final = 200  # images and tags of a page
SOURCE, TARGET = "S", "T"
START: Final = ("", "", "", "")
_REPOSITORIES: Final = 100
ACTIONS: Final[Mapping[Difference, Action]] = {
    "MISSING": PUSH,
    "DAMAGED": PUSH,
    "EXTRA": DELETE,
    "SETTINGS": SETTINGS,
}
_After = tuple[str, str, str, str]


class Found(NamedTuple):
    """One difference; of settings `tag` says which differ. `is_kept` where the rules leave alone what is extra."""

    name: str
    difference: Difference
    digest: str
    tag: str
    is_kept: bool = False


class Part(NamedTuple):
    """What one page of a comparison found, how many images and tags it looked at, and how far it has come: None at
    the end.
    """

    found: Sequence[Found]
    compared: int
    after: _After | None


class _Sides(NamedTuple):
    """Both repositories of one name; `filters` are those of tags, `deletes` whether deletions are replicated."""

    source: Repository
    target: Repository | None
    destination: Destination
    filters: Sequence[str]
    deletes: bool


def compare(tx: Transaction, repair: Repair, most: int = MOST) -> Part:
    """The next page behind where the repair has come to: at most so many images and tags."""
    name, side, digest, tag = repair.after
    if not side:
        return _begin(tx, repair, name)
    sides = _sides(tx, repair, name)
    if sides is None:  # deleted meanwhile, or the rules are others
        return Part((), 0, (name, "", "", ""))
    of = sides.source if side == SOURCE else sides.target
    status = "ACTIVE" if side == SOURCE else "ANY"
    page = image_pages.ids_page(tx, of.id, "ANY", status, (digest, tag), most) if of is not None else ()
    pairs = [(each, named or "") for each, named in page]
    if not pairs:
        return Part((), 0, (name, TARGET, "", "") if side == SOURCE else (name, "", "", ""))
    look = _lacking if side == SOURCE else _surplus
    return Part(list(look(tx, sides, pairs)), len(pairs), (name, side, *pairs[-1]))


def _begin(tx: Transaction, repair: Repair, after: str) -> Part:
    """The next repository, and what differs in its settings."""
    names = [repair.name] if repair.name and not after else []
    if not repair.name:
        names = [each.key.name for each in repositories.page(tx, repair.registry, after, _REPOSITORIES)]
    for name in names:
        sides = _sides(tx, repair, name)
        if sides is not None:
            return Part(_settings(tx, repair, sides), 0, (name, SOURCE, "", ""))
    return Part((), 0, (names[-1], "", "", "") if names and not repair.name else None)


def _sides(tx: Transaction, repair: Repair, name: str) -> _Sides | None:
    source = repositories.find(tx, RepositoryKey(repair.registry, name))
    destinations = destinations_of(replication_configurations.find(tx, repair.registry), name)
    if source is None or repair.destination not in destinations:
        return None
    target = repositories.find(tx, RepositoryKey(repair.destination.registry, name))
    filters = tags_of(replication_options.find(tx, repair.registry), repair.destination, name)
    return _Sides(source, target, repair.destination, filters, destinations[repair.destination])


def _settings(tx: Transaction, repair: Repair, sides: _Sides) -> Sequence[Found]:
    name = sides.source.key.name
    kinds = settings_of(replication_options.find(tx, repair.registry), repair.destination, name)
    if sides.target is None:
        return ()
    differ = settling.differing(tx, sides.source, sides.target, kinds)
    return [Found(name, "SETTINGS", "", ", ".join(differ))] if differ else ()


def _lacking(tx: Transaction, sides: _Sides, pairs: Sequence[tuple[str, str]]) -> Iterator[Found]:
    """What the destination lacks, and is not on its way there."""
    name, target = sides.source.key.name, sides.target
    for digest, tag in pairs:
        if not is_taken(tx, sides.source, digest, tag, sides.filters):
            continue
        difference = "MISSING" if target is None else _of_copy(tx, target, digest, tag)
        if difference is not None and not _is_on_its_way(tx, sides, digest, tag, PUSH):
            yield Found(name, difference, digest, tag)


def _of_copy(tx: Transaction, target: Repository, digest: str, tag: str) -> Difference | None:
    is_there = tags.find(tx, target.id, tag) == digest if tag else images.known(tx, target.id, digest)
    if not is_there:
        return "MISSING"
    return "DAMAGED" if blobs.is_damaged(tx, target.id, digest) else None


def _surplus(tx: Transaction, sides: _Sides, pairs: Sequence[tuple[str, str]]) -> Iterator[Found]:
    """What the destination has and the source has not; but what has tags that do not go there is its own."""
    for digest, tag in pairs:
        if tag and sides.filters and not tag_patterns.matches(sides.filters, tag):
            continue
        is_known = images.known(tx, sides.source.id, digest)
        is_extra = not is_known or (bool(tag) and tags.find(tx, sides.source.id, tag) is None)
        if is_extra and not _is_on_its_way(tx, sides, digest, tag, DELETE):
            yield Found(sides.source.key.name, "EXTRA", digest, tag, not sides.deletes)


def _is_on_its_way(tx: Transaction, sides: _Sides, digest: str, tag: str, action: Action) -> bool:
    return replication_steps.waits_for(tx, sides.source.id, digest, tag, sides.destination, action)
