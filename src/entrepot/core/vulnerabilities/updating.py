"""Update: everyone who tells is asked for what is new, all of that becomes one generation, and what was taken is noted.

Who fails is told of, and hinders nobody else. Where nothing is new, nothing is written but that.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from entrepot.core.vulnerabilities import upstreams
from entrepot.core.vulnerabilities.asking import Asking, Got, Rules
from entrepot.core.vulnerabilities.downloads import Costs, Downloads
from entrepot.core.vulnerabilities.importing import Brought, Imported, Importing
from entrepot.core.vulnerabilities.upstreams import Noted, Upstream
from entrepot.db.vulnerability_generations import Generations
from entrepot.errors.scanning import (
    AdvisoryMalformed,
    VulnerabilityArtifactUnusable,
    VulnerabilityFileUnknown,
    VulnerabilityRollback,
    VulnerabilitySignatureInvalid,
    VulnerabilitySourceShrunk,
)
from entrepot.outbound import Outbound, OutboundFault
from entrepot.outbound.registries import Place, Repository
from entrepot.outbound.registry_logins import ANONYMOUS, Login
from entrepot.spec.moments import micros

_REFUSED = (
    VulnerabilityFileUnknown,
    VulnerabilityRollback,
    VulnerabilitySignatureInvalid,
    VulnerabilitySourceShrunk,
)


def nobody(_: Place) -> Login:
    """Registries are asked without credentials."""
    return ANONYMOUS


@dataclass(frozen=True, slots=True)
class Told:
    """What came of one upstream: `taken`, `same` as before, or `failed` for a reason; bytes that were fetched."""

    upstream: Upstream
    outcome: Literal["taken", "same", "failed"]
    reason: str = ""
    size: int = 0
    brought: Sequence[Brought] = ()


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update came to; `generation` is 0 where nothing was new."""

    generation: int
    changed: int
    told: Sequence[Told]


@dataclass(frozen=True, slots=True)
class Updating:
    """One update of the database in `directory`; `trusted` are public keys of who may sign exports."""

    generations: Generations
    directory: Path
    outbound: Outbound
    upstreams: Sequence[Upstream]
    trusted: Sequence[str]
    clock: Callable[[], datetime]
    progress: Callable[[int], None]
    force: bool = False
    login: Callable[[Place], Login] = nobody
    costs: Costs = field(default_factory=Costs)
    rules: Rules = field(default_factory=Rules)

    async def run(self) -> Updated:
        """Fetch and import what is new: VulnerabilityUpdateBusy, VulnerabilityImportBusy, VulnerabilityFileUnusable."""
        with upstreams.room(self.directory) as folder:
            before = await asyncio.to_thread(self._before)
            asked = await self._ask(before, folder)
            got = [each for each in asked.values() if isinstance(each, Got)]
            refused: dict[str, str] = {}
            imported = await asyncio.to_thread(self._import, got, refused) if got else None
            told = [self._told(each, asked[each.name], refused, imported) for each in self.upstreams]
            self._note(before, asked, told, imported)
        return Updated(imported.generation if imported else 0, imported.changed if imported else 0, told)

    def _before(self) -> Mapping[str, Noted]:
        """What is known of each upstream, as far as it still holds."""
        state = upstreams.noted(self.directory)
        with self.generations.reading() as file:
            sources = {each.name for each in file.sources()} if file is not None else set()
            generation = file.generation if file is not None else 0
        return {
            name: each if each.holds(generation, sources) and not self.force else each.forgotten()
            for name, each in state.items()
        }

    def _records(self) -> Mapping[str, int]:
        with self.generations.reading() as file:
            return {} if file is None else {each.name: each.records for each in file.sources()}

    async def _ask(self, before: Mapping[str, Noted], folder: Path) -> dict[str, Got | str | None]:
        downloads = Downloads(self.outbound, self.costs, self.progress)
        now, most = micros(self.clock()), self.costs.file.most_bytes
        asking = Asking(downloads, self._repository, now, await asyncio.to_thread(self._records), self.rules, most)
        free = asyncio.Semaphore(self.costs.upstreams)

        async def ask(number: int, upstream: Upstream) -> Got | str | None:
            place = folder / str(number)
            place.mkdir()
            async with free:
                try:
                    return await asking.ask(upstream, before.get(upstream.name, Noted()), place)
                except (
                    OutboundFault,
                    AdvisoryMalformed,
                    VulnerabilityFileUnknown,
                    VulnerabilityArtifactUnusable,
                ) as why:
                    return str(why)

        answers = await asyncio.gather(*(ask(*each) for each in enumerate(self.upstreams)))
        return {upstream.name: answer for upstream, answer in zip(self.upstreams, answers, strict=True)}

    def _repository(self, place: Place) -> Repository:
        return Repository(self.outbound, place, self.login(place), self.costs.file.seconds)

    def _import(self, got: Sequence[Got], refused: dict[str, str]) -> Imported | None:
        """One generation of all that can be imported; who is refused is left out, and the others begin again."""
        at: list[Path] = []
        now = self.clock()
        while feeds := [feed for each in got if each.upstream.name not in refused for feed in each.feeds]:
            importing = Importing(self.generations, now, self.force, self.trusted, self.progress, at.append)
            try:
                return importing.take(feeds)
            except _REFUSED as fault:
                whose = next(each for each in got if each.folder in at[-1].parents or each.folder == at[-1])
                refused[whose.upstream.name] = str(fault)
        return None

    def _told(
        self, upstream: Upstream, answer: Got | str | None, refused: Mapping[str, str], imported: Imported | None
    ) -> Told:
        if answer is None:
            return Told(upstream, "same")
        if isinstance(answer, str):
            return Told(upstream, "failed", answer)
        if upstream.name in refused:
            return Told(upstream, "failed", refused[upstream.name], answer.size)
        of_it = (
            [each for each in imported.brought if answer.folder in (each.path, *each.path.parents)] if imported else []
        )
        return Told(upstream, "taken", size=answer.size, brought=of_it)

    def _note(
        self,
        before: Mapping[str, Noted],
        asked: Mapping[str, Got | str | None],
        told: Sequence[Told],
        imported: Imported | None,
    ) -> None:
        """Of upstreams that are asked no more, nothing is kept."""
        now, state = micros(self.clock()), {}
        for each in told:
            name, got = each.upstream.name, asked[each.upstream.name]
            known = msgspec.structs.replace(before.get(name, Noted()), tried_at=now, fault=each.reason)
            if each.outcome == "taken" and isinstance(got, Got):
                sources = [one.source for one in each.brought] or known.told
                generation = imported.generation if imported is not None else known.generation
                known = msgspec.structs.replace(
                    got.noted, tried_at=now, taken_at=now, told=sources, generation=generation, fault=""
                )
            state[name] = known
        upstreams.note(self.directory, state)
