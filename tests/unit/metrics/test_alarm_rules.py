"""Rules of composite alarms: documented examples, and what is refused."""

import pytest

from entrepot.errors import AlarmInvalid
from entrepot.metrics import alarm_rules

STATES = {"cpu": "ALARM", "disk": "OK", "net work": "INSUFFICIENT_DATA", 'a "b" (c)': "ALARM", "AND": "OK"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ALARM(cpu) AND ALARM(disk)", False),
        ("ALARM(cpu) AND NOT ALARM(disk)", True),
        ("(ALARM(cpu) OR ALARM(disk)) AND OK(disk)", True),
        ('INSUFFICIENT_DATA("net work")', True),
        ("INSUFFICIENT_DATA(net work) AND TRUE", True),
        ("TRUE", True),
        ("false", False),
        ("NOT NOT FALSE OR ALARM( cpu )", True),
        (r'ALARM("a \"b\" (c)")', True),
        ("OK(AND)", True),
        ("ALARM(cpu)\nOR\nALARM(disk)", True),
        ("FALSE AND FALSE OR TRUE", True),
        ("AT_LEAST(1, ALARM, (cpu, disk))", True),
        ("AT_LEAST(2, ALARM, (cpu, disk))", False),
        ("AT_LEAST(50%, OK, (cpu, disk))", True),
        ("AT_LEAST(60%, OK, (cpu, disk))", False),
        ('AT_LEAST(2, NOT OK, (cpu, disk, "net work"))', True),
        ("ALARM(gone) OR OK(gone)", False),
    ],
)
def test_rules_hold_as_documented(text: str, expected: bool):
    assert alarm_rules.parse(text).holds(STATES) is expected


def test_a_rule_names_its_alarms():
    text = 'ALARM("arn:aws:cloudwatch:r:a:alarm:one") OR AT_LEAST(1, OK, (two, three))'
    assert alarm_rules.parse(text, lambda name: name.rpartition(":")[2]).names == {"one", "two", "three"}


@pytest.mark.parametrize(
    "text",
    [
        *("", "   ", "ALARM", "ALARM()", "ALARM(a", "ALARM(a) ALARM(b)", "AND", "ALARM(a) AND", "a", "(TRUE", "TRUE)"),
        *("NOT", 'ALARM("a)', "ALARM(a, b)", "AT_LEAST(0, OK, (a))", "AT_LEAST(3, OK, (a, b))", "AT_LEAST(1, ON, (a))"),
        *("AT_LEAST(1, OK, ())", "AT_LEAST(101%, OK, (a))", "AT_LEAST(x, OK, (a))", "AT_LEAST(1, OK, a)"),
        *("(" * 60 + "TRUE" + ")" * 60, "NOT " * 60 + "TRUE", "TRUE OR " * 501 + "TRUE", "TRUE" + " " * 10_240),
        " OR ".join(f"OK(a{number})" for number in range(101)),
    ],
)
def test_what_is_no_rule_is_refused(text: str):
    with pytest.raises(AlarmInvalid):
        alarm_rules.parse(text)
