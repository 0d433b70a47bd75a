"""What is known of vulnerabilities, remembered from one image to the next: images hold the same packages."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.vulnerabilities.known import Known
from entrepot.core.vulnerabilities.packing import Row
from entrepot.db.vulnerabilities import Source, VulnerabilityFile
from entrepot.scan.advisories import Advisory
from entrepot.scan.end_of_life import Supported
from entrepot.scan.exploitation import Exploited, Score

K = TypeVar("K")
V = TypeVar("V")
MOST = 50_000  # answers of each kind


class Memory:
    """Answers of one generation; of one thread at a time, bounded by their number."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.generation = 0
        self.rows: dict[tuple[str, str], Sequence[Row]] = {}
        self.advisories: dict[int, Advisory] = {}
        self.exploited: dict[str, Exploited | None] = {}
        self.scores: dict[str, Score | None] = {}
        self.told_of: dict[str, bool] = {}
        self.supported: dict[str, Mapping[str, Supported]] = {}
        self.sources: list[Sequence[Source]] = []  # one answer, or none yet
        self.texts: dict[str, Texts] = {}  # whoever adds to them sees to their number

    def of(self, generation: int) -> None:
        """Answers are of this generation from now on."""
        if self.generation != generation:
            self.generation = generation
            for each in (self.rows, self.advisories, self.exploited, self.scores, self.told_of, self.supported):
                each.clear()
            self.sources.clear()
            self.texts.clear()


class Remembering(Known):
    """What one generation knows, asked once for each package, advisory and vulnerability."""

    def __init__(self, file: VulnerabilityFile, memory: Memory) -> None:
        super().__init__(file)
        memory.of(file.generation)
        self._memory = memory

    def candidates(self, packages: Sequence[tuple[str, str]]) -> Sequence[Sequence[Row]]:
        """As Known's, of names that are new."""
        ask = super().candidates
        found = self._ask(self._memory.rows, packages, lambda new: dict(zip(new, ask(new), strict=True)))
        return [found[each] for each in packages]

    def advisories(self, numbers: Sequence[int]) -> Mapping[int, Advisory]:
        """As Known's, of numbers that are new."""
        return self._ask(self._memory.advisories, numbers, super().advisories)

    def exploited(self, name: str) -> Exploited | None:
        """As Known's, once for each vulnerability."""
        ask = super().exploited
        return self._ask(self._memory.exploited, [name], lambda new: {each: ask(each) for each in new})[name]

    def score(self, name: str) -> Score | None:
        """As Known's, once for each vulnerability."""
        ask = super().score
        return self._ask(self._memory.scores, [name], lambda new: {each: ask(each) for each in new})[name]

    def tells_of(self, ecosystem: str) -> bool:
        """As Known's, once for each ecosystem."""
        ask = super().tells_of
        return self._ask(self._memory.told_of, [ecosystem], lambda new: {each: ask(each) for each in new})[ecosystem]

    def releases(self, product: str) -> Mapping[str, Supported]:
        """As Known's, once for each product."""
        ask = super().releases
        return self._ask(self._memory.supported, [product], lambda new: {each: ask(each) for each in new})[product]

    def sources(self) -> Sequence[Source]:
        """As Known's, once."""
        if not self._memory.sources:
            self._memory.sources.append(super().sources())
        return self._memory.sources[0]

    def _ask(self, known: dict[K, V], keys: Sequence[K], ask: Callable[[Sequence[K]], Mapping[K, V]]) -> Mapping[K, V]:
        new = [key for key in keys if key not in known]
        if not new:
            return known
        if len(known) + len(new) > self._memory.most:
            known.clear()
            new = list(keys)
        known.update(ask(new))
        return known
