"""Bodies of dashboards: what is wrong with one, each fault with its place ("Dashboard Body Structure and Syntax").
Pure.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from entrepot.core.metrics import widgets
from entrepot.errors import WidgetInvalid
from entrepot.spec import strict_json

LONGEST: Final = 512 * 1024  # characters
MOST_WIDGETS: Final = 500
_DEEPEST: Final = 30
_COLUMNS: Final = 24
_TALLEST: Final = 1000
Message = tuple[str, str]  # data path and message
_Check = Callable[[Mapping[str, Any], str], Iterator[Message]]
_BODY: Final = frozenset({"widgets", "start", "end", "periodOverride", "variables"})
_WIDGET: Final = frozenset({"type", "x", "y", "width", "height", "properties"})


class Read(NamedTuple):
    """Faults that keep a body from being drawn, and what may not look as it is meant."""

    errors: tuple[Message, ...]
    warnings: tuple[Message, ...]


def check(text: str) -> Read:
    """Everything that is wrong with a body."""
    if len(text) > LONGEST:
        return Read((("", f"The body has at most {LONGEST} characters"),), ())
    try:
        body = strict_json.decode(text, _DEEPEST)
    except ValueError:
        return Read((("", "The dashboard body is not valid JSON"),), ())
    if not isinstance(body, dict):
        return Read((("", "The dashboard body must be an object"),), ())
    return Read(tuple(_faults(body)), tuple(_strays(body)))


def _faults(body: Mapping[str, Any]) -> Iterator[Message]:
    found = body.get("widgets")
    if not isinstance(found, list):
        yield "/widgets", "Should be an array"
        return
    if len(found) > MOST_WIDGETS:
        yield "/widgets", f"Should NOT have more than {MOST_WIDGETS} items"
        return
    if body.get("periodOverride") not in {None, "auto", "inherit"}:
        yield "/periodOverride", "Should be one of auto, inherit"
    for index, widget in enumerate(found):
        yield from _widget(widget, f"/widgets/{index}")


def _strays(body: Mapping[str, Any]) -> Iterator[Message]:
    for name in sorted(body.keys() - _BODY):
        yield f"/{name}", "Should NOT have additional properties"
    found = body.get("widgets")
    for index, widget in enumerate(found if isinstance(found, list) else ()):
        for name in sorted(widget.keys() - _WIDGET) if isinstance(widget, dict) else ():
            yield f"/widgets/{index}/{name}", "Should NOT have additional properties"


def _widget(widget: object, where: str) -> Iterator[Message]:
    if not isinstance(widget, dict):
        yield where, "Should be an object"
        return
    yield from _place(widget, where)
    kind, properties = widget.get("type"), widget.get("properties")
    check_properties = _PROPERTIES.get(kind) if isinstance(kind, str) else None
    if check_properties is None:
        yield f"{where}/type", f"Should be one of {', '.join(sorted(_PROPERTIES))}"
    if not isinstance(properties, dict):
        yield f"{where}/properties", "Should be an object"
    elif check_properties is not None:
        yield from check_properties(properties, f"{where}/properties")


def _place(widget: Mapping[str, Any], where: str) -> Iterator[Message]:
    bounds = {"x": (0, _COLUMNS - 1), "y": (0, 100_000), "width": (1, _COLUMNS), "height": (1, _TALLEST)}
    for name, (least, most) in bounds.items():
        value = widget.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            yield f"{where}/{name}", "Should be an integer"
        elif not least <= value <= most:
            yield f"{where}/{name}", f"Should be between {least} and {most}"
    if ("x" in widget) != ("y" in widget):
        yield where, "x and y should be given together"


def _text(properties: Mapping[str, Any], where: str) -> Iterator[Message]:
    yield from _strings(properties, where, ("markdown",))


def _metric(properties: Mapping[str, Any], where: str) -> Iterator[Message]:
    yield from _strings(properties, where, ("region",))
    annotations = properties.get("annotations")
    alarms = annotations.get("alarms") if isinstance(annotations, dict) else None
    if alarms is not None:
        yield from _names(alarms, f"{where}/annotations/alarms", most=1)
        return
    if "metrics" not in properties:
        yield where, "Should have metrics or annotations"
        return
    try:
        widgets.graphed(widgets.read(properties))
    except WidgetInvalid as error:
        yield where, str(error)


def _alarm(properties: Mapping[str, Any], where: str) -> Iterator[Message]:
    yield from _names(properties.get("alarms"), f"{where}/alarms", most=100)


def _log(properties: Mapping[str, Any], where: str) -> Iterator[Message]:
    yield from _strings(properties, where, ("query", "region"))


def _custom(properties: Mapping[str, Any], where: str) -> Iterator[Message]:
    yield from _strings(properties, where, ("endpoint",))


def _explorer(properties: Mapping[str, Any], where: str) -> Iterator[Message]:
    for name in ("metrics", "labels"):
        if not isinstance(properties.get(name), list):
            yield f"{where}/{name}", "Should be an array"


def _strings(properties: Mapping[str, Any], where: str, names: Sequence[str]) -> Iterator[Message]:
    for name in names:
        if not isinstance(properties.get(name), str):
            yield f"{where}/{name}", "Should be a string"


def _names(value: object, where: str, *, most: int) -> Iterator[Message]:
    if not isinstance(value, list) or not 1 <= len(value) <= most or not all(isinstance(each, str) for each in value):
        yield where, f"Should be an array of 1 to {most} ARNs of alarms"


_PROPERTIES: Final[Mapping[str, _Check]] = {
    "alarm": _alarm,
    "custom": _custom,
    "explorer": _explorer,
    "log": _log,
    "metric": _metric,
    "text": _text,
}
