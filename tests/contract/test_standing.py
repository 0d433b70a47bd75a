"""What an operator's page asks of each database, over both engines."""

from entrepot.core.metrics import points
from entrepot.core.metrics.series import metric
from entrepot.db import migrate, outbox, standing
from entrepot.db.standing import Waiting
from entrepot.metrics import summaries
from entrepot.spec.moments import micros
from tests.factories.callers import ACCOUNT, EPOCH
from tests.factories.databases import Opening
from tests.factories.rows import Rows, taken_in

NONE = Waiting(0, None)
AT = int(EPOCH.timestamp())


def test_what_waits_in_the_outbox_is_counted_by_kind_from_its_first(rows: Rows):
    assert rows.read(standing.outbox_waiting) == {"event": NONE, "audit": NONE}
    of = {"account": ACCOUNT, "region": "r", "repository_id": "", "revision": 1, "ordinal": 0, "body": "{}"}
    for number, name in enumerate(("a", "b", "c")):
        rows.write(outbox.add, id=name, name=name, kind="event", at=EPOCH.replace(minute=number), **of)
    found = rows.read(standing.outbox_waiting)
    assert found == {"event": Waiting(3, micros(EPOCH.replace(minute=0))), "audit": NONE}


def test_events_are_counted_where_they_wait(opening: Opening):
    rows = Rows(opening(migrate.EVENTS))
    assert rows.read(standing.events_waiting) == {"routing": NONE, "delivery": NONE, "given up": NONE}
    for number in (1, 2):
        taken_in(rows, f"e{number}", 1000 + number)
    assert rows.read(standing.events_waiting)["routing"] == Waiting(2, 1001)


def test_the_last_value_that_holds_is_told_and_summed(opening: Opening):
    rows = Rows(opening(migrate.METRICS))
    for name, value, at, hold in (
        ("a", 3.0, AT, 4000),
        ("a", 5.0, AT + 60, 4000),
        ("b", 7.0, AT + 60, 4000),
        ("old", 11.0, AT - 9000, 4000),
        ("moment", 13.0, AT + 60, 0),
    ):
        rows.write(
            points.put,
            ACCOUNT,
            "r",
            metric("Entrepot", "ImageCount", {"RepositoryName": name}),
            at,
            summaries.of_value(value),
            resolution=1,
            hold=hold,
        )
    told = rows.read(standing.last_told, "Entrepot", AT * points.MICROS, 10)
    assert [(row.dimensions, row.value) for row in told] == [
        ('[["RepositoryName","a"]]', 5.0),
        ('[["RepositoryName","b"]]', 7.0),
    ]
    assert len(rows.read(standing.last_told, "Entrepot", AT * points.MICROS, 1)) == 1
    (total,) = rows.read(standing.sums_told, "Entrepot", AT * points.MICROS)
    assert (total.account_id, total.region, total.name, total.value, total.number) == (
        ACCOUNT,
        "r",
        "ImageCount",
        12.0,
        2,
    )
    assert rows.read(standing.last_told, "Other", AT * points.MICROS, 10) == []
