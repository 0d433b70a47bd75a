"""Rules of composite alarms: `ALARM(a) AND NOT OK("b")`, `AT_LEAST(2, ALARM, (a, b, c))` ("Composite alarms").

Text -> a function of the states of the alarms that it names; bounded in length, depth and elements.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, NoReturn

from entrepot.errors import AlarmInvalid

States = Mapping[str, str]  # name of an alarm -> its state
Holds = Callable[[States], bool]
Resolve = Callable[[str], str]  # a reference as it is written -> the name of an alarm

LONGEST: Final = 10_240
DEEPEST: Final = 50
MOST_ELEMENTS: Final = 500
MOST_ALARMS: Final = 100
STATES: Final = ("ALARM", "OK", "INSUFFICIENT_DATA")
_QUOTED: Final = r'"(?P<quoted>(?:[^"\\]++|\\.)*+)"'
_TOKEN: Final = re.compile(rf'\s*+(?:(?P<sign>[(),])|{_QUOTED}|(?P<bare>[^\s"(),]++))', re.DOTALL)
_NAME: Final = re.compile(rf'\s*+(?:{_QUOTED}|(?P<bare>[^\s"(),][^"(),]*+))', re.DOTALL)
_LEAST: Final = re.compile(r"(\d{1,3})(%?)", re.ASCII)


class Rule(NamedTuple):
    """A rule; `names` are the alarms that decide it."""

    holds: Holds
    names: frozenset[str]


class _Token(NamedTuple):
    kind: str  # sign | quoted | bare | end
    text: str
    at: int


def parse(text: str, resolve: Resolve = str) -> Rule:
    """Read a rule: AlarmInvalid."""
    if len(text) > LONGEST:
        raise AlarmInvalid(reason=f"AlarmRule has at most {LONGEST} characters")
    reader = _Reader(_tokens(text), resolve)
    holds = reader.either()
    if reader.next.kind != "end":
        reader.refuse(f"unexpected {reader.next.text!r}")
    return Rule(holds, frozenset(reader.names))


def _tokens(text: str) -> list[_Token]:
    """The argument of a state is a name whatever it holds, spaces too."""
    found: list[_Token] = []
    position, length = 0, len(text.rstrip())
    while position < length:
        match = (_NAME.match(text, position) if _is_argument(found) else None) or _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise AlarmInvalid(reason=f"AlarmRule: unexpected character at position {position + 1}")
        kind, value = match.lastgroup, match[match.lastgroup]
        found.append(_Token(kind, value if kind == "quoted" else value.strip(), match.span(kind)[0] + 1))
        position = match.end()
    return [*found, _Token("end", "the end", length + 1)]


def _is_argument(found: Sequence[_Token]) -> bool:
    """Whether what follows is the argument of a state."""
    return len(found) > 1 and found[-1].text == "(" and found[-2].text.upper() in STATES


class _Reader:
    """Recursive descent."""

    def __init__(self, found: Sequence[_Token], resolve: Resolve) -> None:
        self._tokens = found
        self._resolve = resolve
        self._position = 0
        self._depth = 0
        self._elements = 0
        self.names: set[str] = set()

    @property
    def next(self) -> _Token:
        return self._tokens[self._position]

    def refuse(self, reason: str) -> NoReturn:
        raise AlarmInvalid(reason=f"AlarmRule: {reason} at position {self.next.at}")

    def either(self) -> Holds:
        terms = [self._all()]
        while self._word("OR"):
            terms.append(self._all())
        return terms[0] if len(terms) == 1 else lambda states: any(term(states) for term in terms)

    def _all(self) -> Holds:
        terms = [self._term()]
        while self._word("AND"):
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else lambda states: all(term(states) for term in terms)

    def _term(self) -> Holds:
        self._depth += 1
        if self._depth > DEEPEST:
            self.refuse(f"nested more than {DEEPEST} levels deep")
        term = self._negated() if self._word("NOT") else self._primary()
        self._depth -= 1
        return term

    def _negated(self) -> Holds:
        term = self._term()
        return lambda states: not term(states)

    def _primary(self) -> Holds:
        self._count()
        if self._sign("("):
            inside = self.either()
            self._expect(")")
            return inside
        token = self.next
        word = token.text.upper() if token.kind == "bare" else ""
        if word in STATES:
            return self._state(word)
        if word == "AT_LEAST":
            return self._at_least()
        if word not in {"TRUE", "FALSE"}:
            self.refuse(f"expected a function, TRUE or FALSE, not {token.text!r},")
        self._position += 1
        return lambda _: word == "TRUE"

    def _state(self, state: str) -> Holds:
        self._position += 1
        self._expect("(")
        name = self._name()
        self._expect(")")
        return lambda states: states.get(name) == state

    def _at_least(self) -> Holds:
        self._position += 1
        self._expect("(")
        least = _LEAST.fullmatch(self._bare("a number or a percentage"))
        self._expect(",")
        negated = self._word("NOT")
        state = self._bare("a state").upper()
        if least is None or state not in STATES:
            self.refuse("AT_LEAST takes a number or a percentage, a state and alarms,")
        self._expect(",")
        names = self._list()
        self._expect(")")
        needed = math.ceil(int(least[1]) * len(names) / 100) if least[2] else int(least[1])
        if not 1 <= needed <= len(names):
            self.refuse(f"AT_LEAST takes 1 to {len(names)} of these alarms,")
        return lambda states: sum((states.get(name) == state) != negated for name in names) >= needed

    def _list(self) -> list[str]:
        self._expect("(")
        names = [self._name()]
        while self._sign(","):
            names.append(self._name())
            self._count()
        self._expect(")")
        return names

    def _name(self) -> str:
        token = self.next
        if token.kind not in {"bare", "quoted"}:
            self.refuse(f"expected the name of an alarm, not {token.text!r},")
        self._position += 1
        text = re.sub(r"\\(.)", r"\1", token.text, flags=re.DOTALL) if token.kind == "quoted" else token.text
        name = self._resolve(text)
        self.names.add(name)
        if len(self.names) > MOST_ALARMS:
            self.refuse(f"more than {MOST_ALARMS} alarms")
        return name

    def _bare(self, what: str) -> str:
        token = self.next
        if token.kind != "bare":
            self.refuse(f"expected {what}, not {token.text!r},")
        self._position += 1
        return token.text

    def _count(self) -> None:
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            self.refuse(f"more than {MOST_ELEMENTS} elements")

    def _word(self, word: str) -> bool:
        here = self.next.kind == "bare" and self.next.text.upper() == word
        self._position += here
        return here

    def _sign(self, sign: str) -> bool:
        here = self.next.kind == "sign" and self.next.text == sign
        self._position += here
        return here

    def _expect(self, sign: str) -> None:
        if not self._sign(sign):
            self.refuse(f"expected {sign!r}, not {self.next.text!r},")
