"""AWS's order of evaluation, and the reason that an answer carries."""

from typing import Any

import pytest

from entrepot.policy.decision import Decision
from entrepot.policy.evaluation import Policies, evaluate
from entrepot.policy.principals import Principal
from entrepot.policy.structure import Kind
from tests.factories.policies import (
    ACCOUNT,
    ALICE,
    ANONYMOUS,
    FEDERATED,
    OTHER,
    PROVIDER,
    PULL,
    REPOSITORY,
    ROLE,
    ROOT,
    SERVICE,
    SESSION,
    WEB_IDENTITY,
    policy,
    repository_policy,
    request,
    statement,
)

ALLOW, DENY = policy(statement()), policy(statement("Deny", Sid="No"), name="guard")
NOTHING = policy(statement(action="s3:*"))
IDENTITY, RESOURCE = "identity-based policy", "resource-based policy"
BOUNDARY, SESSION_POLICY, CONTROL = "permissions boundary", "session policy", "service control policy"


def grants(principal: Any, effect: str = "Allow", action: str = "ecr:*") -> Any:
    """A repository policy that names a principal."""
    return repository_policy(statement(effect, action, None, Principal=principal))


def ask(principal: Principal = ALICE, account: str = ACCOUNT, **policies: Any) -> Decision:
    resource = REPOSITORY.replace(ACCOUNT, account)
    return evaluate(request(principal, resource=resource, account=account), Policies(**policies))


def missing(decision: Decision) -> str:
    assert not decision.allowed
    assert decision.reason.cause == "not allowed"
    return decision.reason.kind


# ---------------------------------------------------------------- the account's own
def test_nothing_is_allowed_by_default():
    decision = ask()
    assert missing(decision) == IDENTITY
    assert decision.sentence() == (
        f"User: {ALICE.arn} is not authorized to perform: {PULL} on resource: {REPOSITORY} "
        f"because no identity-based policy allows the {PULL} action"
    )


@pytest.mark.parametrize("action", ["*", "ecr:*", "ecr:BatchGetImage", "ECR:batchgetimage", "ecr:*Get?mage", "ecr:B*e"])
def test_an_identity_policy_allows_what_it_names(action: str):
    assert ask(identity=(NOTHING, policy(statement(action=action)))).allowed


def test_not_action_and_not_resource_are_all_the_others():
    inverse = policy({"Effect": "Allow", "NotAction": "iam:*", "NotResource": f"{REPOSITORY}-secret"})
    assert ask(identity=(inverse,)).allowed
    assert not evaluate(request(resource=f"{REPOSITORY}-secret"), Policies(identity=(inverse,))).allowed
    assert not evaluate(request(action="IAM:CreateUser"), Policies(identity=(inverse,))).allowed


def test_a_resource_is_matched_whole_and_by_case():
    allowed = policy(statement(resource=f"arn:aws:ecr:*:{ACCOUNT}:repository/team/*"))
    assert ask(identity=(allowed,)).allowed
    assert not evaluate(request(resource=REPOSITORY.replace("team", "Team")), Policies(identity=(allowed,))).allowed
    assert not evaluate(request(resource="*"), Policies(identity=(allowed,))).allowed


def test_an_explicit_deny_wins():
    decision = ask(identity=(ALLOW, DENY))
    assert not decision.allowed
    assert (decision.reason.policy, decision.reason.statement, decision.reason.sid) == ("guard", 0, "No")
    assert decision.sentence().endswith(f"on resource: {REPOSITORY} with an explicit deny in an identity-based policy")


def test_an_allowed_request_names_the_statement():
    mixed = policy(
        statement(action="s3:*"), statement(action="ecr:*", Sid="Pull"), name="arn:aws:iam::aws:policy/Mixed"
    )
    reason = ask(identity=(NOTHING, mixed)).reason
    assert (reason.cause, reason.kind, reason.policy) == ("allowed", IDENTITY, "arn:aws:iam::aws:policy/Mixed")
    assert (reason.statement, reason.sid) == (1, "Pull")


@pytest.mark.parametrize(
    ("policies", "kind", "clause"),
    [
        ({"service_control": ((ALLOW,), (ALLOW, DENY))}, CONTROL, "a service control policy"),
        ({"resource": (grants("*", "Deny"),)}, RESOURCE, "a resource-based policy"),
        ({"identity": (ALLOW, DENY)}, IDENTITY, "an identity-based policy"),
        ({"boundary": DENY}, BOUNDARY, "a permissions boundary"),
        ({"session": (ALLOW, DENY)}, SESSION_POLICY, "a session policy"),
    ],
)
@pytest.mark.parametrize("principal", [ROOT, ALICE, SESSION, FEDERATED])
def test_a_deny_anywhere_wins_over_every_allow(principal: Principal, policies: Any, kind: str, clause: str):
    open_to_all = {"identity": (ALLOW,), "resource": (grants("*"),)}
    decision = ask(principal, **(open_to_all | policies))
    assert (decision.allowed, decision.reason.cause, decision.reason.kind) == (False, "denied", kind)
    assert decision.sentence().endswith(f" with an explicit deny in {clause}")


@pytest.mark.parametrize(
    ("policies", "kind"),
    [
        ({"service_control": ((ALLOW,), (NOTHING,))}, CONTROL),
        ({"service_control": ((ALLOW,), ())}, CONTROL),
        ({"identity": (NOTHING,)}, IDENTITY),
        ({"boundary": NOTHING}, BOUNDARY),
        ({"session": (NOTHING,)}, SESSION_POLICY),
        ({"session": ()}, SESSION_POLICY),
    ],
)
def test_each_kind_of_policy_must_allow(policies: Any, kind: str):
    decision = ask(**({"identity": (ALLOW,), "boundary": ALLOW, "session": (ALLOW,)} | policies))
    assert missing(decision) == kind
    assert decision.sentence().endswith(f" because no {kind} allows the {PULL} action")


def test_all_kinds_together_allow():
    assert ask(
        identity=(ALLOW,), boundary=ALLOW, session=(NOTHING, ALLOW), service_control=((NOTHING, ALLOW), (ALLOW,))
    ).allowed


def test_a_boundary_allows_nothing_by_itself():
    assert missing(ask(boundary=ALLOW, session=(ALLOW,), service_control=((ALLOW,),))) == IDENTITY


# ---------------------------------------------------------------- resource policies within the account
@pytest.mark.parametrize(
    ("principal", "named", "identity", "allowed"),
    [
        (ALICE, ALICE.arn, False, True),
        (ALICE, ALICE.id, False, True),
        (ALICE, "*", False, True),
        (ALICE, ACCOUNT, False, False),
        (ALICE, ACCOUNT, True, True),
        (ALICE, ROOT.arn, False, False),
        (ALICE, OTHER, False, False),
        (SESSION, ROLE, False, True),
        (SESSION, SESSION.arn, False, True),
        (SESSION, ROOT.arn, False, False),
        (FEDERATED, FEDERATED.arn, False, True),
        (FEDERATED, ALICE.arn, False, True),
        (ROOT, OTHER, False, True),
    ],
)
def test_within_the_account_either_side_suffices(principal: Principal, named: str, identity: bool, allowed: bool):
    decision = ask(principal, identity=(ALLOW,) if identity else (), resource=(grants({"AWS": named}),))
    assert decision.allowed is allowed


@pytest.mark.parametrize(
    ("principal", "named", "limited"),
    [
        (ALICE, ALICE.arn, False),
        (ALICE, "*", False),
        (SESSION, SESSION.arn, False),
        (SESSION, ROLE, True),
        (FEDERATED, FEDERATED.arn, False),
        (FEDERATED, ALICE.arn, True),
        (SESSION, ROOT.arn, True),
    ],
)
@pytest.mark.parametrize("limit", [{"boundary": NOTHING}, {"session": (NOTHING,)}, {"session": ()}])
def test_naming_the_user_or_session_itself_is_not_limited(principal: Principal, named: str, limited: bool, limit: Any):
    resource = (grants({"AWS": named}),)
    decision = ask(principal, identity=(ALLOW,), resource=resource, **limit)
    assert decision.allowed is not limited
    if limited:
        assert missing(decision) in {BOUNDARY, SESSION_POLICY}
    else:
        assert decision.reason.kind == RESOURCE


def test_naming_does_not_lift_a_service_control_policy():
    resource = (grants({"AWS": ALICE.arn}),)
    assert missing(ask(resource=resource, service_control=((NOTHING,),))) == CONTROL


def test_two_resource_policies_are_one():
    assert ask(resource=(grants({"AWS": OTHER}), grants({"AWS": ALICE.arn}))).allowed
    assert ask(resource=(grants({"AWS": ACCOUNT}), grants({"AWS": ALICE.arn}))).allowed
    assert ask(resource=(grants({"AWS": ALICE.arn}), grants({"AWS": ACCOUNT}))).allowed
    assert not ask(resource=(grants({"AWS": ALICE.arn}), grants({"AWS": ACCOUNT}, "Deny"))).allowed


# ---------------------------------------------------------------- the root
def test_the_root_may_do_everything_in_its_account():
    decision = ask(ROOT)
    assert (decision.allowed, decision.reason.kind, decision.reason.policy) == (True, IDENTITY, "")


def test_the_root_is_bound_by_service_control_and_by_explicit_denies():
    assert missing(ask(ROOT, service_control=((NOTHING,),))) == CONTROL
    assert not ask(ROOT, resource=(grants({"AWS": ROOT.arn}, "Deny"),)).allowed


def test_a_session_of_the_root_may_be_limited():
    assert missing(ask(ROOT, session=(NOTHING,))) == SESSION_POLICY
    assert ask(ROOT, session=(ALLOW,)).allowed


def test_the_root_of_another_account_is_a_stranger():
    assert missing(ask(ROOT, OTHER)) == RESOURCE
    assert ask(ROOT, OTHER, resource=(grants({"AWS": ACCOUNT}),)).allowed


# ---------------------------------------------------------------- across accounts
@pytest.mark.parametrize("principal", [ALICE, SESSION, FEDERATED])
@pytest.mark.parametrize("named", ["account", "self", "behind", "everyone"])
def test_across_accounts_both_sides_must_allow(principal: Principal, named: str):
    names = {"account": ACCOUNT, "self": principal.arn, "behind": principal.behind or principal.id, "everyone": "*"}
    resource = (grants({"AWS": names[named]}),)
    assert missing(ask(principal, OTHER)) == RESOURCE
    assert missing(ask(principal, OTHER, identity=(ALLOW,))) == RESOURCE
    assert missing(ask(principal, OTHER, resource=resource)) == IDENTITY
    assert ask(principal, OTHER, identity=(ALLOW,), resource=resource).allowed
    assert missing(ask(principal, OTHER, identity=(ALLOW,), resource=resource, session=())) == SESSION_POLICY
    assert missing(ask(principal, OTHER, identity=(ALLOW,), resource=resource, boundary=NOTHING)) == BOUNDARY
    assert missing(ask(principal, OTHER, identity=(ALLOW,), resource=resource, service_control=((),))) == CONTROL


def test_a_denial_across_accounts_speaks_of_the_resource_policy():
    assert ask(ALICE, OTHER, identity=(ALLOW,)).sentence() == (
        f"User: {ALICE.arn} is not authorized to perform: {PULL} on resource: {REPOSITORY.replace(ACCOUNT, OTHER)} "
        f"because no resource-based policy allows the {PULL} action"
    )


# ---------------------------------------------------------------- those without identity policies
@pytest.mark.parametrize(
    ("principal", "element", "allowed"),
    [
        (SERVICE, {"Service": SERVICE.arn}, True),
        (SERVICE, {"Service": "ecs.amazonaws.com"}, False),
        (SERVICE, {"AWS": ACCOUNT}, False),
        (ANONYMOUS, "*", True),
        (ANONYMOUS, {"AWS": ACCOUNT}, False),
    ],
)
def test_services_and_strangers_need_the_resource_policy_alone(principal: Principal, element: Any, allowed: bool):
    assert ask(principal, resource=(grants(element),)).allowed is allowed
    assert missing(ask(principal, identity=(ALLOW,))) == RESOURCE


# ---------------------------------------------------------------- policies that must themselves allow
def assume(principal: Principal, element: Any, action: str = "sts:AssumeRole", **policies: Any) -> Decision:
    trust = repository_policy(statement(action=action, resource=None, Principal=element), kind=Kind.TRUST)
    asked = request(principal, action, ROLE)
    return evaluate(asked, Policies(resource=(trust,), must_be_named=True, **policies))


@pytest.mark.parametrize(
    ("principal", "element", "identity", "allowed"),
    [
        (ALICE, {"AWS": ALICE.arn}, (), True),
        (ALICE, {"AWS": ROOT.arn}, (), False),
        (ALICE, {"AWS": ROOT.arn}, (ALLOW,), True),
        (ALICE, {"AWS": OTHER}, (ALLOW,), False),
        (ALICE, {"Service": SERVICE.arn}, (ALLOW,), False),
        (SESSION, {"AWS": ROLE}, (), True),
        (ROOT, {"AWS": OTHER}, (ALLOW,), False),
        (ROOT, {"AWS": ACCOUNT}, (), True),
        (SERVICE, {"Service": SERVICE.arn}, (), True),
    ],
)
def test_a_trust_policy_must_itself_allow(principal: Principal, element: Any, identity: Any, allowed: bool):
    assert assume(principal, element, identity=identity).allowed is allowed


def test_a_trust_policy_that_names_nobody_is_what_is_missing():
    assert missing(assume(ALICE, {"AWS": OTHER}, identity=(ALLOW,))) == RESOURCE
    assert missing(assume(ALICE, {"AWS": ACCOUNT})) == IDENTITY


def test_a_web_identity_assumes_by_its_provider_and_its_subject():
    action = "sts:AssumeRoleWithWebIdentity"
    subject = {"StringLike": {"token.actions.example.com:sub": "repo:team/*"}}
    trust = repository_policy(
        statement(action=action, resource=None, Principal={"Federated": PROVIDER}, Condition=subject), kind=Kind.TRUST
    )
    policies = Policies(resource=(trust,), must_be_named=True)

    def allowed(name: str) -> bool:
        keys = {"token.actions.example.com:sub": name}
        return evaluate(request(WEB_IDENTITY, action, ROLE, keys=keys), policies).allowed

    assert allowed("repo:team/app:ref:refs/heads/main")
    assert not allowed("repo:other/app:ref:refs/heads/main")


def test_a_trust_policy_across_accounts_needs_both_sides():
    trust = repository_policy(
        statement(action="sts:AssumeRole", resource=None, Principal={"AWS": ACCOUNT}), kind=Kind.TRUST
    )
    asked = request(ALICE, "sts:AssumeRole", f"arn:aws:iam::{OTHER}:role/deploy", OTHER)
    assert not evaluate(asked, Policies(resource=(trust,), must_be_named=True)).allowed
    assert evaluate(asked, Policies(identity=(ALLOW,), resource=(trust,), must_be_named=True)).allowed


# ---------------------------------------------------------------- what was read
def test_only_the_keys_that_were_looked_at_are_told():
    office = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    conditional = policy(
        statement(action="ecr:*", Condition=office), statement(action="s3:*", Condition={"Null": {"x": "true"}})
    )
    decision = evaluate(request(keys={"aws:SourceIp": "10.1.1.1"}), Policies(identity=(conditional,)))
    assert (decision.allowed, set(decision.read)) == (True, {"aws:sourceip"})
    assert ask(identity=(ALLOW,)).read == frozenset()


def test_a_key_that_was_looked_for_in_vain_is_told_too():
    late = policy(statement("Deny", Condition={"DateGreaterThan": {"aws:CurrentTime": "2026-01-01"}}))
    assert ask(identity=(ALLOW, late)).read == {"aws:currenttime"}


def test_conditions_are_all_required_and_their_keys_have_no_case():
    both = {
        "StringEquals": {"aws:RequestTag/Team": "a", "AWS:PRINCIPALTYPE": "User"},
        "Bool": {"aws:SecureTransport": "true"},
    }
    policies = Policies(identity=(policy(statement(Condition=both)),))
    keys = {"aws:requesttag/team": "a", "aws:SecureTransport": "true"}
    assert evaluate(request(keys=keys), policies).allowed
    assert not evaluate(request(keys=keys | {"aws:SecureTransport": "false"}), policies).allowed
    assert not evaluate(request(keys=keys | {"aws:RequestTag/Team": "b"}), policies).allowed
