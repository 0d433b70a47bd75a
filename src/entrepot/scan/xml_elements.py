"""Elements of XML from strangers, one subtree at a time: no document types, no entities, bounded in depth and size.

Names are told without their namespaces.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NoReturn
from xml.parsers import expat

from entrepot.errors.scanning import AdvisoryMalformed

_DEEPEST: Final = 64
_MOST_NODES: Final = 1_000_000  # of one subtree
_MOST_TEXT: Final = 64 * 1024 * 1024  # characters of one subtree
_PIECE: Final = 1 << 16


@dataclass(slots=True)
class Element:
    """An element with its attributes, its own text, and what is within it."""

    name: str
    attributes: dict[str, str]
    parts: list[str] = field(default_factory=list)
    children: list["Element"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Its own text."""
        return "".join(self.parts)

    def first(self, name: str) -> "Element | None":
        """The first child of a name."""
        return next((each for each in self.children if each.name == name), None)

    def text_of(self, name: str) -> str:
        """The text of the first child of a name, without spaces around it; empty where there is none."""
        found = self.first(name)
        return "" if found is None else found.text.strip()

    def every(self, name: str) -> Iterator["Element"]:
        """All of a name below this one, in the order of the text."""
        waiting = list(reversed(self.children))
        while waiting:
            each = waiting.pop()
            if each.name == name:
                yield each
            waiting.extend(reversed(each.children))


def elements(document: bytes, names: frozenset[str]) -> Iterator[Element]:
    """The subtrees of these names, each as soon as it is complete: AdvisoryMalformed, also while they are read."""
    reader = _Reader(names)
    for start in range(0, len(document) or 1, _PIECE):
        piece = document[start : start + _PIECE]
        reader.feed(piece, last=start + _PIECE >= len(document))
        yield from reader.take()


class _Reader:
    """The parser's callbacks: what is outside of the wanted subtrees is forgotten at once."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._open: list[Element] = []
        self._done: list[Element] = []
        self._depth = self._nodes = self._text = 0
        parser = self._parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = _refuse_doctype
        parser.EntityDeclHandler = _refuse_doctype

    def feed(self, piece: bytes, *, last: bool) -> None:
        """More of the document."""
        try:
            self._parser.Parse(piece, last)
        except (expat.ExpatError, ValueError, LookupError) as fault:
            raise AdvisoryMalformed(reason=fault) from None

    def take(self) -> list[Element]:
        """What is complete."""
        done, self._done = self._done, []
        return done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise AdvisoryMalformed(reason=f"it is nested more than {_DEEPEST} levels deep")
        name = name.rpartition(":")[2]
        if not self._open:
            if name not in self._names:
                return
            self._nodes = self._text = 0
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise AdvisoryMalformed(reason=f"an element of it has more than {_MOST_NODES} elements")
        element = Element(name, attributes)
        if self._open:
            self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._depth -= 1
        if self._open:
            element = self._open.pop()
            if not self._open:
                self._done.append(element)

    def _characters(self, text: str) -> None:
        if self._open:
            self._text += len(text)
            if self._text > _MOST_TEXT:
                raise AdvisoryMalformed(reason=f"an element of it has more than {_MOST_TEXT} characters")
            self._open[-1].parts.append(text)


def _refuse_doctype(*_: object) -> NoReturn:
    raise AdvisoryMalformed(reason="it has a document type, which a feed has no need of")
