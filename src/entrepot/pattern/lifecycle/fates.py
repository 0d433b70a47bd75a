"""What hangs together: an image stays while an index that stays names it, and a referrer goes where its subject goes.

A referrer whose subject is not in the repository follows nobody, and is an image like others.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import overload

from entrepot.pattern.lifecycle.policy import Rule
from entrepot.pattern.lifecycle.records import Action, Kept, Kind, Outcome, Record

_NAMED_PARENTS = 10


class Fates:
    """Images by their place in the records, the oldest first; who names whom."""

    def __init__(
        self, records: Sequence[Record], by_digest: Sequence[Record], order: Sequence[int], spared: Collection[str]
    ) -> None:
        """`records` are those of `by_digest` in this order."""
        self._records = records
        related = [i for i, record in enumerate(by_digest) if record[8] or record[7] is not None]
        places: dict[str, int] = {}
        if related or spared:
            place_of = [0] * len(order)
            for place, i in enumerate(order):
                place_of[i] = place
            places = {record[0]: place for record, place in zip(by_digest, place_of, strict=True)}
            related = sorted(place_of[i] for i in related)
        self._spared = {places[digest] for digest in spared if digest in places}
        self._subjects: dict[int, int] = {}
        self._children: dict[int, list[int]] = {}
        self._parents: dict[int, list[int]] = {}
        for i in related:
            record = records[i]
            subject = places.get(record.subject, i) if record.subject is not None else i
            if subject != i:
                self._subjects[i] = subject
            if record.children:
                self._children[i] = sorted({places[each] for each in record.children if each in places} - {i})
                for child in self._children[i]:
                    self._parents.setdefault(child, []).append(i)
        self._chosen: dict[int, Rule] = {}
        self._untagged: Mapping[int, Action] = {}

    @property
    def referrers(self) -> Collection[int]:
        """Images that share another's fate."""
        return self._subjects.keys()

    def choose(self, rule: Rule, images: Sequence[int]) -> None:
        """What a rule has chosen."""
        self._chosen.update(dict.fromkeys(images, rule))
        if self._spared:
            for i in self._spared.intersection(images):
                del self._chosen[i]

    def untag(self, actions: Mapping[int, Action]) -> None:
        """Images that lose tags only."""
        self._untagged = {i: action for i, action in actions.items() if i not in self._spared}

    def outcome(self) -> Outcome:
        """What comes of it, the oldest first as far as that can be."""
        going = dict(self._chosen)
        self._add_children(going)
        kept = self._take_back(going)
        followers = self._followers(going)
        related = self._untagged.keys() | self._parents.keys() | self._children.keys() | followers.keys()
        found: list[Action | int] = []
        for i in sorted({*going, *self._untagged}):
            if i not in related:
                found.append(i)
            elif i in self._untagged:
                found.append(self._untagged[i])
            else:
                found += self._emitted(i, going, followers)
        actions = _Actions(found, lambda i: self._action(i, self._chosen[i]))
        return Outcome(actions, [self._kept(i, kept[i]) for i in sorted(kept)])

    def _add_children(self, going: dict[int, Rule]) -> None:
        """Untagged images that indexes take along, whoever else names them: who does has its say afterwards."""
        waiting = [i for i, rule in going.items() if rule.with_children]
        while waiting:
            index = waiting.pop()
            for child in self._children.get(index, ()):
                if child in going or self._records[child].tags or child in self._subjects or child in self._spared:
                    continue
                going[child] = going[index]
                waiting.append(child)

    def _take_back(self, going: dict[int, Rule]) -> Mapping[int, Rule]:
        """Let stay what an index that stays names; those of it that a rule had chosen."""
        kept: dict[int, Rule] = {}
        waiting = [i for i in going if i in self._parents] if self._parents else []
        while waiting:
            i = waiting.pop()
            if i not in going or not self._is_needed(i, going):
                continue
            rule = going.pop(i)
            if i in self._chosen:
                kept[i] = rule
            waiting += self._children.get(i, ())
        return kept

    def _is_needed(self, i: int, going: Mapping[int, Rule]) -> bool:
        return any(not self._frees(parent, going, going[i]) for parent in self._parents.get(i, ()))

    def _frees(self, parent: int, going: Mapping[int, Rule], rule: Rule) -> bool:
        """Whether an index goes before what it names would: into the archive, that is archived is enough."""
        if rule.archives:
            return parent in going or self._records[parent].is_archived
        return parent in going and not going[parent].archives

    def _followers(self, going: Mapping[int, Rule]) -> Mapping[int, Sequence[int]]:
        """Referrers of images that go, with those of referrers, by the image; what is in use or named stays."""
        found: dict[int, list[int]] = {}
        roots: dict[int, int] = {}
        for i in sorted(self._subjects):
            root = self._root(i, roots)
            if root in going and i not in self._spared and not self._stays(i, going, going[root]):
                found.setdefault(root, []).append(i)
        return found

    def _root(self, i: int, known: dict[int, int]) -> int:
        """The subject at the end of the chain, remembered for all that are on the way."""
        way = []
        while i in self._subjects and i not in known:
            way.append(i)
            i = self._subjects[i]
        root = known.get(i, i)
        known.update(dict.fromkeys(way, root))
        return root

    def _stays(self, i: int, going: Mapping[int, Rule], rule: Rule) -> bool:
        if rule.archives and self._records[i].is_archived:
            return True
        return any(not self._frees(parent, going, rule) for parent in self._parents.get(i, ()))

    def _emitted(self, i: int, going: dict[int, Rule], followers: Mapping[int, Sequence[int]]) -> Iterator[Action]:
        """An image and its referrers, after the indexes that name it; each once."""
        waiting = [i]
        while waiting:
            image = waiting[-1]
            before = [parent for parent in self._parents.get(image, ()) if parent in going]
            if image in going and before:
                waiting += before
                continue
            waiting.pop()
            rule = going.pop(image, None)
            if rule is not None:
                yield self._action(image, rule)
                for each in followers.get(image, ()):
                    yield self._action(each, rule, self._records[image].digest)

    def _action(self, i: int, rule: Rule, subject: str = "") -> Action:
        record = self._records[i]
        kind: Kind = "TRANSITION" if rule.archives else "EXPIRE"
        return Action(record, kind, rule.priority, record.tags, subject)

    def _kept(self, i: int, rule: Rule) -> Kept:
        parents = [self._records[each].digest for each in self._parents.get(i, ())]
        return Kept(self._records[i], rule.priority, tuple(sorted(parents)[:_NAMED_PARENTS]))


class _Actions(Sequence[Action]):
    """Actions, most of which are made when they are looked at: of a million few are, at a time."""

    def __init__(self, found: Sequence[Action | int], make: Callable[[int], Action]) -> None:
        self._found = found
        self._make = make

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, at: int) -> Action: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Action]: ...

    def __getitem__(self, at: int | slice) -> Action | Sequence[Action]:
        if isinstance(at, slice):
            return [self._made(each) for each in self._found[at]]
        return self._made(self._found[at])

    def _made(self, each: Action | int) -> Action:
        return self._make(each) if isinstance(each, int) else each
