"""Series as the documentation writes them: `[30, -, 20]`, one value a minute."""

from collections.abc import Mapping, Sequence

from entrepot.metrics.program import Program, Query, shown
from entrepot.metrics.scope import Find
from entrepot.metrics.series import Series, Value

PERIOD = 60
Row = Sequence[float | None]


def series(row: Row, label: str = "") -> Series:
    points = {index * PERIOD: float(value) for index, value in enumerate(row) if value is not None}
    return Series(PERIOD, points, label)


def row(found: Series, length: int) -> list[float | None]:
    return [found.points.get(index * PERIOD) for index in range(length)]


def evaluated(expression: str, rows: Mapping[str, Row], length: int = 5, find: Find = lambda _: ()) -> Value:
    program = Program([*(Query(name) for name in rows), Query("result", expression)])
    given = {name: series(values, name) for name, values in rows.items()}
    return program.compute(0, length * PERIOD, PERIOD, given, find)["result"]


def computed(expression: str, **rows: Row) -> list[float | None]:
    """The one series that an expression gives, as a row."""
    length = max((len(values) for values in rows.values()), default=5)
    value = evaluated(expression, rows, length)
    (found,) = shown({"result": value}, "result")
    return row(found, length)


def arrayed(expression: str, **rows: Row) -> list[list[float | None]]:
    length = max(len(values) for values in rows.values())
    value = evaluated(expression, rows, length)
    assert isinstance(value, tuple)
    return [row(each, length) for each in value]
