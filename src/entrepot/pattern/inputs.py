"""What a target is given instead of the event: a part of it, or a template filled with parts (docs: "Amazon EventBridge
input transformation").

A variable outside a JSON string becomes the JSON of its value; inside one, the text of it: of an object or array its
JSON without quotation marks, so that a string stays a string whatever is put into it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from entrepot.errors import TargetInputInvalid
from entrepot.pattern.paths import MISSING, Path

LONGEST_TEMPLATE = 8192
MOST_VARIABLES = 100
PREDEFINED = frozenset(
    {
        "aws.events.rule-arn",
        "aws.events.rule-name",
        "aws.events.event",
        "aws.events.event.json",
        "aws.events.event.ingestion-time",
    }
)
_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
_PART = re.compile(
    r"""(?P<escape>\\.) | (?P<quote>") | <(?P<variable>[A-Za-z0-9_.-]+)> | (?P<space>[ \t]+) | (?P<line>\s+)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the predefined variables say; times as ISO 8601."""

    rule_arn: str
    rule_name: str
    received: str


class Template:
    """One template with its variables; immutable."""

    def __init__(self, text: str, paths: Mapping[str, str]) -> None:
        """TargetInputInvalid for a template that no event makes JSON, and for paths that are none."""
        if len(text) > LONGEST_TEMPLATE or len(paths) > MOST_VARIABLES:
            raise TargetInputInvalid(reason=f"At most {LONGEST_TEMPLATE} characters and {MOST_VARIABLES} variables.")
        for name in paths:
            if not _NAME.fullmatch(name) or name.upper().startswith("AWS."):
                raise TargetInputInvalid(reason=f"Invalid InputPathsMap key {name[:256]}.")
        self._paths = {name: Path(path) for name, path in paths.items()}
        self._parts = tuple(_parts(text))
        for part in self._parts:
            if not isinstance(part, str) and part.name not in self._paths and part.name not in PREDEFINED:
                raise TargetInputInvalid(
                    reason=f"InputTemplate names {part.name}, which InputPathsMap does not define."
                )
        _require_json("".join(part if isinstance(part, str) else part.sample() for part in self._parts))

    def fill(self, event: Mapping[str, object], around: Circumstances) -> str:
        """The text that a target is given for an event."""
        return "".join(
            part if isinstance(part, str) else part.told(self._value(part.name, event, around)) for part in self._parts
        )

    def _value(self, name: str, event: Mapping[str, object], around: Circumstances) -> object:
        path = self._paths.get(name)
        if path is not None:
            return path.of(event)
        match name:
            case "aws.events.rule-arn":
                return around.rule_arn
            case "aws.events.rule-name":
                return around.rule_name
            case "aws.events.event.ingestion-time":
                return around.received
            case "aws.events.event":
                return {key: value for key, value in event.items() if key != "detail"}
            case _:
                return event


def part_of(event: Mapping[str, object], path: Path) -> str:
    """What an InputPath makes of an event: JSON; null where the event has nothing there."""
    found = path.of(event)
    return _json(None if found is MISSING else found)


def constant(text: str) -> str:
    """An Input, which is JSON: TargetInputInvalid."""
    if len(text) > LONGEST_TEMPLATE:
        raise TargetInputInvalid(reason=f"At most {LONGEST_TEMPLATE} characters.")
    _require_json(text)
    return text


@dataclass(frozen=True, slots=True)
class _Variable:
    name: str
    quoted: bool

    def told(self, value: object) -> str:
        if not self.quoted:
            return _json("" if value is MISSING else value)
        if value is MISSING:
            return ""
        if isinstance(value, str):
            return _json(value)[1:-1]
        return _json(value).replace("\\", "").replace('"', "")

    def sample(self) -> str:
        return "x" if self.quoted else "0"


def _parts(text: str) -> Iterator[str | _Variable]:
    """The template without spaces between its JSON's words, as targets get it; lines between strings stay."""
    position, quoted = 0, False
    text = text.strip()
    for match in _PART.finditer(text):
        yield text[position : match.start()]
        position = match.end()
        if match["quote"]:
            quoted = not quoted
        if match["variable"]:
            yield _Variable(match["variable"], quoted)
        elif quoted or not (match["space"] or match["line"]):
            yield match[0]
        elif match["line"] and _between_strings(text, match):
            yield "\n"
    yield text[position:]


def _between_strings(text: str, match: re.Match[str]) -> bool:
    return text[: match.start()].rstrip().endswith('"') and text[match.end() :].lstrip().startswith('"')


def _require_json(text: str) -> None:
    """One JSON value, or several strings, each on a line of its own."""
    try:
        for each in text.split("\n") if text.startswith('"') else [text]:
            json.loads(each)
    except (ValueError, RecursionError):
        raise TargetInputInvalid(reason="The input is not valid JSON.") from None


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
