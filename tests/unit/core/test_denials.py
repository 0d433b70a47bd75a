"""What of a denial only its account reads: of one length whatever it says, and nothing of another account's things."""

import json
import secrets
from typing import Any

import msgspec
import pytest

from entrepot.core import denials
from entrepot.core.denials import Denial
from entrepot.core.resources import Resource
from entrepot.errors import AuthorizationMessageInvalid
from entrepot.policy.decision import Decision, Reason
from tests.factories.databases import SEAL
from tests.factories.policies import ACCOUNT, ALICE, OTHER, PULL, REPOSITORY

DENIAL = Denial(ACCOUNT, ALICE.id, ALICE.arn, PULL, REPOSITORY, "identity-based policy")


def long(characters: int) -> str:
    return secrets.token_hex(characters // 2)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"explicit": True, "policy": "p", "statement": 3, "sid": "S"},
        {"values": (("aws:sourceip", ("127.0.0.1",)), ("aws:useragent", ("a",)))},
        {"values": tuple((f"aws:principaltag/{n}", (long(256),)) for n in range(50))},
        {"policy": long(600), "sid": long(2000)},
        {"principal": long(700), "resource": long(4000)},
    ],
)
def test_a_message_is_always_of_one_length_and_can_be_read(changed: dict[str, Any]):
    """Else its length would tell a stranger that a policy looked at something, so that the thing is there."""
    message = denials.encode(SEAL, msgspec.structs.replace(DENIAL, **changed))
    assert len(message) == len(denials.encode(SEAL, DENIAL)) < 2000
    told = json.loads(denials.decode(SEAL, ACCOUNT, message))
    assert (told["allowed"], told["context"]["action"]) == (False, PULL)


def test_what_does_not_fit_is_left_out_and_the_rest_is_told():
    long_keys = msgspec.structs.replace(DENIAL, policy="p", values=(("aws:useragent", (long(4000),)),))
    told = json.loads(denials.decode(SEAL, ACCOUNT, denials.encode(SEAL, long_keys)))
    assert told["context"]["conditions"] == {"items": []}
    assert told["context"]["resource"] == REPOSITORY


def test_only_its_own_account_reads_a_message():
    message = denials.encode(SEAL, DENIAL)
    for account, each in ((OTHER, message), (ACCOUNT, message[:-8]), (ACCOUNT, "A" * len(message)), (ACCOUNT, "")):
        with pytest.raises(AuthorizationMessageInvalid):
            denials.decode(SEAL, account, each)


@pytest.mark.parametrize("owner", [ACCOUNT, OTHER])
def test_of_another_account_only_the_kind_of_policy_is_told(owner: str):
    reason = Reason("denied", "resource-based policy", "the repository policy", 2, "TheirSid")
    resource = Resource(owner, REPOSITORY, "ecr")
    read = {"aws:resourcetag/team": ("blue",), "aws:sourceip": ("127.0.0.1",), "sts:externalid": ("secret",)}
    decision = Decision(False, reason, frozenset(read), ALICE.arn, PULL, REPOSITORY)
    denial = denials.of(ALICE, resource, decision, read)
    told = {key for key, _ in denial.values}
    if owner == ACCOUNT:
        assert (denial.policy, denial.statement, denial.sid) == ("the repository policy", 2, "TheirSid")
        assert told == {"aws:resourcetag/team", "aws:sourceip"}
    else:
        assert (denial.policy, denial.statement, denial.sid) == ("", None, "")
        assert told == set()
    assert (denial.kind, denial.explicit) == ("resource-based policy", True)
