"""How the Principal of a resource policy names those who ask."""

from typing import Any

import pytest

from entrepot.policy.principals import Names, Naming, Principal
from entrepot.policy.reading import read
from tests.factories.policies import (
    ACCOUNT,
    ALICE,
    ANONYMOUS,
    FEDERATED,
    OTHER,
    PROVIDER,
    ROLE,
    ROOT,
    SERVICE,
    SESSION,
    WEB_IDENTITY,
    in_account,
    statement,
    text,
)

ALL = (ROOT, ALICE, SESSION, FEDERATED, SERVICE, WEB_IDENTITY, ANONYMOUS)
NOBODY, BY_ACCOUNT, BY_ROLE, DIRECT = Naming.NOBODY, Naming.ACCOUNT, Naming.ROLE, Naming.DIRECT
FROM_WEB = Principal(ACCOUNT, "role session", SESSION.arn, SESSION.id, ROLE, "run-7", PROVIDER)
OF_ROOT = Principal(ACCOUNT, "federated user", FEDERATED.arn, ACCOUNT, ROOT.arn, "fred")


def naming(element: Any, principal: Principal, name: str = "Principal") -> Naming:
    principals = read(text(statement("Deny", **{name: element}))).statements[0].principals
    assert principals is not None
    return Names(principals).naming(principal)


@pytest.mark.parametrize("element", ["*", {"AWS": "*"}, {"AWS": ["*", OTHER]}])
def test_everyone_is_everyone(element: Any):
    assert {naming(element, principal) for principal in ALL} == {DIRECT}


@pytest.mark.parametrize(
    ("element", "principal", "expected"),
    [
        ({"AWS": ACCOUNT}, ROOT, BY_ACCOUNT),
        ({"AWS": ACCOUNT}, ALICE, BY_ACCOUNT),
        ({"AWS": ROOT.arn}, ALICE, BY_ACCOUNT),
        ({"AWS": ROOT.arn}, SESSION, BY_ACCOUNT),
        ({"AWS": ROOT.arn}, FEDERATED, BY_ACCOUNT),
        ({"AWS": ROOT.arn}, OF_ROOT, BY_ACCOUNT),
        ({"AWS": ROOT.arn}, SERVICE, NOBODY),
        ({"AWS": ROOT.arn}, ANONYMOUS, NOBODY),
        ({"AWS": ROOT.arn}, WEB_IDENTITY, NOBODY),
        ({"AWS": OTHER}, ALICE, NOBODY),
        ({"AWS": ALICE.arn}, ALICE, DIRECT),
        ({"AWS": ALICE.id}, ALICE, DIRECT),
        ({"AWS": ALICE.arn}, ROOT, NOBODY),
        ({"AWS": ALICE.arn}, in_account(ALICE, OTHER), NOBODY),
        ({"AWS": ALICE.arn}, FEDERATED, BY_ROLE),
        ({"AWS": [ACCOUNT, ALICE.arn]}, ALICE, DIRECT),
        ({"AWS": FEDERATED.arn}, FEDERATED, DIRECT),
        ({"AWS": ROLE}, SESSION, BY_ROLE),
        ({"AWS": SESSION.id}, SESSION, BY_ROLE),
        ({"AWS": SESSION.arn}, SESSION, DIRECT),
        ({"AWS": [ROLE, SESSION.arn]}, SESSION, DIRECT),
        ({"AWS": f"{SESSION.arn}x"}, SESSION, NOBODY),
        ({"Service": SERVICE.arn}, SERVICE, DIRECT),
        ({"Service": "ecs.amazonaws.com"}, SERVICE, NOBODY),
        ({"Service": SERVICE.arn}, ALICE, NOBODY),
        ({"Federated": PROVIDER}, WEB_IDENTITY, DIRECT),
        ({"Federated": PROVIDER}, SESSION, NOBODY),
        ({"Federated": PROVIDER}, FROM_WEB, BY_ROLE),
        ({"AWS": ROLE}, FROM_WEB, BY_ROLE),
        ({"CanonicalUser": "a" * 64}, ALICE, NOBODY),
    ],
)
def test_a_principal_is_named_by_account_by_role_or_directly(element: Any, principal: Principal, expected: Naming):
    assert naming(element, principal) is expected


@pytest.mark.parametrize(
    ("element", "principal", "spared"),
    [
        ("*", ALICE, True),
        ({"AWS": [ACCOUNT, ALICE.arn]}, ALICE, True),
        ({"AWS": [ROOT.arn, ALICE.id]}, ALICE, True),
        ({"AWS": ALICE.arn}, ALICE, False),
        ({"AWS": ACCOUNT}, ALICE, False),
        ({"AWS": ACCOUNT}, ROOT, True),
        ({"AWS": [ACCOUNT, ROLE, SESSION.arn]}, SESSION, True),
        ({"AWS": [ACCOUNT, SESSION.id, SESSION.arn]}, SESSION, True),
        ({"AWS": [ACCOUNT, ROLE]}, SESSION, False),
        ({"AWS": [ROLE, SESSION.arn]}, SESSION, False),
        ({"AWS": [ACCOUNT, ALICE.arn, FEDERATED.arn]}, FEDERATED, True),
        ({"AWS": [ACCOUNT, FEDERATED.arn]}, FEDERATED, False),
        ({"AWS": [ACCOUNT, FEDERATED.arn]}, OF_ROOT, True),
        ({"AWS": ACCOUNT}, SERVICE, False),
        ({"Service": SERVICE.arn}, SERVICE, True),
        ({"Service": SERVICE.arn}, ANONYMOUS, False),
        ({"Federated": PROVIDER}, WEB_IDENTITY, True),
    ],
)
def test_all_but_some_spares_who_is_listed_with_account_and_role(element: Any, principal: Principal, spared: bool):
    assert naming(element, principal, "NotPrincipal") is (NOBODY if spared else DIRECT)


def test_the_keys_of_who_asks():
    assert ALICE.context() == {
        "aws:principaltype": ("User",),
        "aws:principalaccount": (ACCOUNT,),
        "aws:principalarn": (ALICE.arn,),
        "aws:userid": (ALICE.id,),
        "aws:username": ("alice",),
    }
    assert SESSION.context()["aws:principalarn"] == (ROLE,)
    assert SESSION.context()["aws:userid"] == (f"{SESSION.id}:run-7",)
    assert FEDERATED.context()["aws:userid"] == (f"{ACCOUNT}:fred",)
    assert "aws:username" not in SESSION.context() | FEDERATED.context() | ROOT.context()
    assert ANONYMOUS.context() == {"aws:principaltype": ("Anonymous",)}
    assert SERVICE.context() == {}
