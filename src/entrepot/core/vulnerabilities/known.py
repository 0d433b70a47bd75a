"""What is known, asked: by package, by advisory, by vulnerability; over one generation at a time."""

from collections.abc import Mapping, Sequence

import msgspec

from entrepot.core.vulnerabilities import packing
from entrepot.core.vulnerabilities.packing import Row
from entrepot.db.vulnerabilities import Source, VulnerabilityFile
from entrepot.scan.advisories import Advisory
from entrepot.scan.end_of_life import Supported
from entrepot.scan.exploitation import Exploited, Score
from entrepot.scan.names import normalised

_EXPLOITED = msgspec.msgpack.Decoder(Exploited)
_SUPPORTED = msgspec.msgpack.Decoder(Supported)


class Known:
    """What one generation knows."""

    def __init__(self, file: VulnerabilityFile) -> None:
        self._file = file
        self.generation = file.generation
        self.history = file.history

    def candidates(self, packages: Sequence[tuple[str, str]]) -> Sequence[Sequence[Row]]:
        """What is told of each (ecosystem, name), in the order of the question, whichever versions it is about."""
        keys = [(ecosystem, normalised(ecosystem, name)) for ecosystem, name in packages]
        return [packing.rows(found) for found in self._file.rows(keys)]

    def tells_of(self, ecosystem: str) -> bool:
        """Whether anything is known of any package of an ecosystem: `Debian:12`, `npm`."""
        return self._file.tells_of(ecosystem)

    def advisories(self, numbers: Sequence[int]) -> Mapping[int, Advisory]:
        """Advisories of rows, without packages and texts."""
        return {number: packing.head(packed) for number, packed in self._file.heads(numbers).items()}

    def whole(self, number: int) -> Advisory | None:
        """An advisory with its texts and packages."""
        told = self.told(number)
        if told is None:
            return None
        affected = [
            row[2] for _, _, rows in self._file.packages(number) for row in packing.rows(rows) if row[0] == number
        ]
        return msgspec.structs.replace(told, affected=affected)

    def told(self, number: int) -> Advisory | None:
        """An advisory with its texts, without its packages."""
        packed, texts = self._file.heads([number]).get(number), self._file.texts(number)
        return None if packed is None or texts is None else packing.with_texts(packing.head(packed), texts)

    def search(self, name: str) -> Sequence[int]:
        """The advisories of this id, or about the vulnerability of this name."""
        number = self._file.number(name)
        return list(dict.fromkeys([*([] if number is None else [number]), *self._file.about(name)]))

    def exploited(self, name: str) -> Exploited | None:
        """What CISA's catalogue says of a vulnerability."""
        packed = self._file.exploited(name)
        return None if packed is None else _EXPLOITED.decode(packed)

    def score(self, name: str) -> Score | None:
        """EPSS of a vulnerability."""
        found = self._file.exploitation(name)
        return None if found is None else Score(name, *found)

    def releases(self, product: str) -> Mapping[str, Supported]:
        """Until when the releases of a product are supported, by release (`debian`, `alpine-linux`, `ubuntu`)."""
        return {name: _SUPPORTED.decode(packed) for name, packed in self._file.releases(product)}

    def changed_since(self, generation: int) -> Sequence[tuple[str, str]]:
        """The packages of which something else is known than in that generation, which is none before `history`."""
        return self._file.changed_since(generation)

    def sources(self) -> Sequence[Source]:
        """Who tells, until when, how much."""
        return self._file.sources()
