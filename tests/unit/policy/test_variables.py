"""Policy variables: what they are, where they stand, and what a value from outside cannot do."""

import pytest

from entrepot.policy.evaluation import Policies, evaluate
from entrepot.policy.matching import wild
from entrepot.policy.variables import template
from tests.factories.policies import ACCOUNT, ALICE, ROOT, SESSION, policy, request, statement

KEYS = {"aws:username": ("alice",), "aws:principaltag/team": ("a*b",), "many": ("x", "y"), "marked": ("\0",)}


def filled(text: str, *, pattern: bool = False) -> str | None:
    return template(text, variables=True, pattern=pattern).fill(lambda key: KEYS.get(key, ()))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("", ""),
        ("home/${aws:username}/x", "home/alice/x"),
        ("${AWS:UserName}${aws:username}", "alicealice"),
        ("${absent}", None),
        ("${absent, 'nobody'}", "nobody"),
        ("${absent,''}", ""),
        ("${aws:username, 'nobody'}", "alice"),
        ("${many}", None),
        ("${many, 'one'}", None),
        ("${marked}", None),
        ("${*}${?}${$}", "*?$"),
        ("$aws:username", "$aws:username"),
        ("${aws:username", "${aws:username"),
        ("${}", "${}"),
        ("${aws:username, nobody}", "${aws:username, nobody}"),
        ("${a b}", "${a b}"),
        ("${${aws:username}}", "${alice}"),
    ],
)
def test_a_variable_becomes_the_single_value_of_its_key(text: str, expected: str | None):
    assert filled(text) == expected


def test_a_wildcard_in_a_value_stands_for_itself():
    assert filled("*${aws:PrincipalTag/team}?", pattern=True) == wild("*") + "a*b" + wild("?")
    assert filled("${*}*", pattern=True) == "*" + wild("*")


def test_a_version_without_variables_takes_the_text_as_it_is():
    assert template("${aws:username}", variables=False, pattern=False).text == "${aws:username}"


def home(version: str, **elements: str) -> Policies:
    arn = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/home/${{aws:username}}/*"
    return Policies(identity=(policy(statement(**({"resource": arn} | elements)), version=version),))


def own(name: str) -> str:
    return f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/home/{name}/app"


def test_a_resource_may_name_the_caller():
    assert evaluate(request(resource=own("alice")), home("2012-10-17")).allowed
    assert not evaluate(request(resource=own("bob")), home("2012-10-17")).allowed


def test_the_older_version_has_no_variables():
    assert not evaluate(request(resource=own("alice")), home("2008-10-17")).allowed
    assert evaluate(request(resource=own("${aws:username}")), home("2008-10-17")).allowed


def test_a_statement_whose_variable_has_no_value_does_not_match():
    assert not evaluate(request(SESSION, resource=own("alice")), home("2012-10-17")).allowed
    arn = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/home/${{aws:username}}/*"
    inverse = Policies(
        identity=(policy({"Effect": "Allow", "Action": "*", "NotResource": arn}),),
    )
    assert not evaluate(request(SESSION, resource=own("alice")), inverse).allowed
    assert evaluate(request(ALICE, resource=own("bob")), inverse).allowed
    assert not evaluate(request(ALICE, resource=own("alice")), inverse).allowed


def test_a_variable_without_a_value_does_not_void_the_other_resources():
    listed = policy(statement("Deny", resource=["arn:aws:ecr:*:*:repository/${absent}", own("x")]))
    assert not evaluate(request(ROOT, resource=own("x")), Policies(identity=(listed,))).allowed


def test_a_variable_that_is_read_is_told():
    decision = evaluate(request(resource=own("alice")), home("2012-10-17"))
    assert decision.read == {"aws:username"}
