"""Many patterns asked at once. An index from values of an event to the branches that may match it yields candidates.

Each branch is found by one of its fields: the one whose values the fewest branches share. What several branches ask of
a field is answered once for each event.
"""

from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from entrepot.pattern import tree
from entrepot.pattern.index import Index, Question
from entrepot.pattern.operators import Key
from entrepot.pattern.pattern import Pattern
from entrepot.pattern.reading import Branch, Path
from entrepot.pattern.tree import Node

Name = TypeVar("Name", bound=Hashable)


class _Entry(msgspec.Struct, Generic[Name], frozen=True, eq=False):
    """A branch, and whose it is."""

    name: Name
    node: Node
    questions: tuple[Question, ...]


class Rules(Generic[Name]):
    """Named patterns: which of them match an event."""

    __slots__ = ("_always", "_index", "_order")

    def __init__(self, patterns: Mapping[Name, Pattern]) -> None:
        self._order = {name: place for place, name in enumerate(patterns)}
        self._always: list[_Entry[Name]] = []  # branches that ask only for absence
        self._index = Index[_Entry[Name]]()
        uses = Counter[tuple[Path, Key]]()
        for pattern in patterns.values():
            for branch in pattern.branches:
                uses.update((path, key) for path, test in branch.items() if test for key in test.keys)
        for name, pattern in patterns.items():
            for branch, node in zip(pattern.branches, pattern.ways, strict=True):
                questions = tuple(self._index.question(path, test) for path, test in branch.items())
                self._add(branch, _Entry(name, node, questions), uses)

    def _add(self, branch: Branch, entry: _Entry[Name], uses: "Counter[tuple[Path, Key]]") -> None:
        costs = {path: sum(uses[path, key] for key in test.keys) for path, test in branch.items() if test}
        if not costs:
            self._always.append(entry)
            return
        path = min(costs, key=lambda each: (costs[each], len(each), each))
        test = branch[path]
        for key in test.keys if test else ():
            self._index.add(path, key, entry)

    def matching(self, event: Mapping[str, Any]) -> list[Name]:
        """The names of the patterns that match an event, a decoded JSON object; in the order of the patterns."""
        seen = self._index.look(event)
        answers: dict[int, bool] = {}
        found: set[Name] = set()
        for entry in [*self._always, *seen.candidates]:
            name = entry.name
            if name in found:
                continue
            for question in entry.questions:
                answer = answers.get(question.number)
                if answer is None:
                    answer = answers[question.number] = question.answer(seen.scalars, chosen=seen.chosen)
                if not answer:
                    break
            else:
                # where no object of an array is chosen, the answers to the questions are all that counts
                if not seen.chosen or tree.matches(entry.node, event):
                    found.add(name)
        return sorted(found, key=self._order.__getitem__)
