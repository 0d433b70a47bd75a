"""Images as lifecycle policies see them, and what is to become of them. Moments are microseconds since the epoch."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

Kind = Literal["EXPIRE", "TRANSITION", "UNTAG"]


class Record(NamedTuple):
    """One image of a repository; of an index the digests that it names."""

    digest: str
    tags: tuple[str, ...]
    pushed_at: int
    pulled_at: int | None = None
    activated_at: int | None = None  # when it was last restored from the archive
    archived_at: int | None = None  # when it last went there
    is_archived: bool = False
    subject: str | None = None
    children: tuple[str, ...] = ()


class Action(NamedTuple):
    """What becomes of an image, by the rule of this priority; `tags` are those that go, with an image all of them.

    `subject` is the image whose fate a referrer shares, which goes in the same step; '' of what a rule has chosen.
    """

    record: Record
    kind: Kind
    priority: int
    tags: tuple[str, ...]
    subject: str = ""


class Kept(NamedTuple):
    """An image that a rule has chosen, and that stays for as long as these indexes name it."""

    record: Record
    priority: int
    parents: tuple[str, ...]


class Outcome(NamedTuple):
    """Actions in an order in which they can be done: oldest first, an index before what it names, a subject before its
    referrers.
    """

    actions: Sequence[Action]
    kept: Sequence[Kept]
