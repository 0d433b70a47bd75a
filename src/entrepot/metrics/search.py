"""Search expressions, such as `{AWS/ECR,RepositoryName} MetricName="RepositoryPullCount"`, and the metrics they find
("CloudWatch search expression syntax").
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, NoReturn

import msgspec

from entrepot.errors import ExpressionInvalid

LONGEST: Final = 1024
DEEPEST: Final = 20
_PIECE: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]+")
_DELIMITER: Final = re.compile(r"[\W_]+")
_TOKEN: Final = re.compile(
    r"""\s*+(?:
    (?P<schema>\{[^{}]*+\}\s*+,?)
    | (?P<exact>"(?:[^"\\]++|\\.)*+")
    | (?P<sign>[()=])
    | (?P<word>[^\s"(){}=]++)
    )""",
    re.VERBOSE | re.DOTALL,
)
_SCHEMA_PART: Final = re.compile(r'\s*+(?:"((?:[^"\\]++|\\.)*+)"|([^",]*+))\s*+(?:,|$)', re.DOTALL)


class Metric(msgspec.Struct, frozen=True):
    """What a search looks at."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]


Wanted = Callable[[Metric], bool]


class _Token(NamedTuple):
    kind: str
    text: str


def parse(text: str) -> Wanted:
    """Whether a metric is found: ExpressionInvalid."""
    if len(text) > LONGEST:
        _refuse(f"has at most {LONGEST} characters")
    found = _tokens(text)
    schema = _schema(found.pop(0).text) if found and found[0].kind == "schema" else None
    if any(token.kind == "schema" for token in found):
        _refuse("has its metric schema first, and only one")
    if not found:
        return schema or _refuse("needs a metric schema or a search term")
    reader = _Reader(found)
    term = reader.either()
    if reader.next is not None:
        _refuse(f"does not go on with {reader.next.text!r}")
    return term if schema is None else lambda metric: schema(metric) and term(metric)


def pieces(text: str) -> list[str]:
    """The tokens of a name in their own case: `CustomCount1` -> Custom, Count, 1."""
    return _PIECE.findall(text)


def _refuse(reason: str) -> NoReturn:
    raise ExpressionInvalid(reason=f"A search expression {reason}")


def _tokens(text: str) -> list[_Token]:
    found: list[_Token] = []
    position, length = 0, len(text.rstrip())
    while position < length:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            _refuse(f"does not go on with {text[position:].strip()[:20]!r}")
        found.append(_Token(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return found


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _schema(text: str) -> Wanted:
    inner = text[1 : text.rindex("}")]
    parts: list[str] = []
    position = 0
    while position < len(inner):
        match = _SCHEMA_PART.match(inner, position)
        if match is None or not (match[1] or match[2] or "").strip():
            _refuse("has a metric schema of a namespace and names of dimensions, {Namespace,Dimension}")
        parts.append(_unescaped(match[1]) if match[1] is not None else match[2].strip())
        position = match.end()
    if not parts:
        _refuse("has a namespace in its metric schema")
    namespace, names = parts[0], frozenset(parts[1:])
    return lambda metric: metric.namespace == namespace and (not names or metric.dimensions.keys() == names)


def _texts(metric: Metric, within: str) -> list[str]:
    """The texts of a metric that a term is compared with: those of one property, or all."""
    match within:
        case "":
            return [metric.namespace, metric.name, *metric.dimensions.keys(), *metric.dimensions.values()]
        case "MetricName":
            return [metric.name]
        case "Namespace":
            return [metric.namespace]
    value = metric.dimensions.get(within)
    return [] if value is None else [value]


def _exact(text: str, within: str) -> Wanted:
    return lambda metric: text in _texts(metric, within)


def _partial(text: str, within: str) -> Wanted:
    """A single token is found whatever its case; tokens that follow each other, in their own case, unless they are
    separated by what is neither letter nor digit.
    """
    wanted = pieces(text)
    if not wanted:
        _refuse(f"cannot look for {text!r}")
    if len(wanted) == 1:
        return lambda metric: any(wanted[0].lower() in _single(each) for each in _texts(metric, within))
    folded = bool(_DELIMITER.search(text))
    sought = [each.lower() for each in wanted] if folded else wanted

    def matches(metric: Metric) -> bool:
        return any(_follows(sought, pieces(each), folded=folded) for each in _texts(metric, within))

    return matches


def _single(text: str) -> set[str]:
    return {_DELIMITER.sub("", text).lower(), *(piece.lower() for piece in pieces(text))}


def _follows(sought: list[str], among: list[str], *, folded: bool) -> bool:
    have = [piece.lower() for piece in among] if folded else among
    return any(have[start : start + len(sought)] == sought for start in range(len(have) - len(sought) + 1))


class _Reader:
    """AND binds tighter than OR, and stands between terms where nothing does."""

    def __init__(self, found: list[_Token]) -> None:
        self._tokens = found
        self._position = 0
        self._depth = 0

    @property
    def next(self) -> _Token | None:
        return self._tokens[self._position] if self._position < len(self._tokens) else None

    def either(self) -> Wanted:
        terms = [self._all()]
        while self._skip("word", "OR"):
            terms.append(self._all())
        return lambda metric: any(term(metric) for term in terms)

    def _all(self) -> Wanted:
        terms = [self._term()]
        while self._skip("word", "AND") or self._goes_on():
            terms.append(self._term())
        return lambda metric: all(term(metric) for term in terms)

    def _goes_on(self) -> bool:
        token = self.next
        return token is not None and token.text != "OR" and token != _Token("sign", ")")

    def _term(self) -> Wanted:
        self._depth += 1
        if self._depth > DEEPEST:
            _refuse(f"is nested at most {DEEPEST} levels deep")
        term = self._inner()
        self._depth -= 1
        return term

    def _inner(self) -> Wanted:
        if self._skip("word", "NOT"):
            negated = self._term()
            return lambda metric: not negated(metric)
        if self._skip("sign", "("):
            inside = self.either()
            if not self._skip("sign", ")"):
                _refuse("lacks a closing parenthesis")
            return inside
        first = self._text()
        if not self._skip("sign", "="):
            return _matching(first, "")
        return _matching(self._text(), _plain(first))

    def _text(self) -> _Token:
        token = self.next
        if token is None or token.kind == "sign" or token.text in {"AND", "OR", "NOT"}:
            _refuse(f"has a term before {'its end' if token is None else repr(token.text)}")
        self._position += 1
        return token

    def _skip(self, kind: str, text: str) -> bool:
        here = self.next == _Token(kind, text)
        if here:
            self._position += 1
        return here


def _plain(token: _Token) -> str:
    return _unescaped(token.text[1:-1]) if token.kind == "exact" else token.text


def _matching(token: _Token, within: str) -> Wanted:
    return _exact(_plain(token), within) if token.kind == "exact" else _partial(token.text, within)
