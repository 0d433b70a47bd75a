"""AWS's order of evaluation, and the reason that an answer carries."""

import pytest

from entrepot.policy.evaluation import Policies, evaluate
from tests.factories.policies import ALICE, PULL, REPOSITORY, policy, request, statement


def test_nothing_is_allowed_by_default():
    decision = evaluate(request(), Policies())
    assert not decision.allowed
    assert decision.sentence() == (
        f"User: {ALICE.arn} is not authorized to perform: {PULL} on resource: {REPOSITORY} "
        f"because no identity-based policy allows the {PULL} action"
    )


@pytest.mark.parametrize("action", ["*", "ecr:*", "ecr:BatchGetImage", "ECR:batchgetimage", "ecr:*Get?mage", "ecr:B*e"])
def test_an_identity_policy_allows_what_it_names(action: str):
    assert evaluate(request(), Policies(identity=(policy(statement(action=action)),))).allowed


def test_an_explicit_deny_wins():
    allow, deny = policy(statement()), policy(statement("Deny", "ecr:BatchGetImage", Sid="NoPull"), name="guard")
    decision = evaluate(request(), Policies(identity=(allow, deny)))
    assert not decision.allowed
    assert (decision.reason.policy, decision.reason.statement, decision.reason.sid) == ("guard", 0, "NoPull")
    assert decision.sentence().endswith(f"on resource: {REPOSITORY} with an explicit deny in an identity-based policy")
