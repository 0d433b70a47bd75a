"""Documents: what each kind may contain, AWS's sentences for what it may not, sizes, and hostile text."""

import json
from typing import Any

import pytest

from entrepot.errors import (
    Fact,
    InlinePoliciesTooLarge,
    PolicyMalformed,
    PolicyTooLarge,
    RegistryPolicyInvalid,
    RepositoryPolicyInvalid,
    SessionPoliciesTooLarge,
)
from entrepot.policy import document
from entrepot.policy.document import parse, printed, render
from entrepot.policy.rules import LIMITS, WITH_PRINCIPALS
from entrepot.policy.structure import Condition, Kind, Listed, Principals
from tests.factories.policies import ACCOUNT, REPOSITORY, ROLE, statement, text

ALICE = f"arn:aws:iam::{ACCOUNT}:user/alice"
TRUST = statement(action="sts:AssumeRole", resource=None, Principal={"AWS": ALICE})
KINDS = {
    Kind.IDENTITY: statement(),
    Kind.MANAGED: statement(),
    Kind.BOUNDARY: statement(),
    Kind.SESSION: statement(),
    Kind.SERVICE_CONTROL: statement(),
    Kind.REPOSITORY: statement(action="ecr:*", resource=None, Principal="*"),
    Kind.REGISTRY: statement(action="ecr:ReplicateImage", resource=REPOSITORY, Principal={"AWS": ACCOUNT}),
    Kind.TRUST: TRUST,
    Kind.KEY: statement(action="kms:*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
    Kind.EVENT_BUS: statement(action="events:PutEvents", Principal={"AWS": ACCOUNT}),
    Kind.RESOURCE: statement(action="s3:*", resource=None, Principal="*"),
}
FACTS: dict[Kind, type[Fact]] = {Kind.REPOSITORY: RepositoryPolicyInvalid, Kind.REGISTRY: RegistryPolicyInvalid}


def refusal(given: str, kind: Kind = Kind.IDENTITY) -> str:
    """Why a text is refused; the fact is the kind's."""
    with pytest.raises(FACTS.get(kind, PolicyMalformed)) as caught:
        parse(given, kind)
    return str(caught.value)


def test_a_document_becomes_a_structure():
    given = text(
        {
            "Sid": "S1",
            "Effect": "Deny",
            "NotAction": ["ecr:Get*", "sts:*"],
            "NotResource": REPOSITORY,
            "Condition": {"StringLike": {"aws:x": ["a", "b"], "aws:y": "c"}, "NumericEquals": {"n": [1, 2.5]}},
        },
        statement(Condition={"Bool": {"b": True}}),
        Id="doc",
    )
    parsed = parse(given, Kind.MANAGED)
    first, second = parsed.statements
    assert (parsed.version, parsed.id, first.sid, first.effect) == ("2012-10-17", "doc", "S1", "Deny")
    assert first.action == Listed(("ecr:Get*", "sts:*"), negated=True)
    assert first.resource == Listed((REPOSITORY,), negated=True)
    assert first.conditions == (
        Condition("StringLike", "aws:x", ("a", "b")),
        Condition("StringLike", "aws:y", ("c",)),
        Condition("NumericEquals", "n", ("1", "2.5")),
    )
    assert second.conditions == (Condition("Bool", "b", ("true",)),)
    assert first.principals is None


def test_the_older_version_is_what_a_document_without_one_has():
    assert parse(text(statement(), version=None), Kind.IDENTITY).version == "2008-10-17"


def test_one_statement_needs_no_list():
    assert len(parse(json.dumps({"Statement": statement()}), Kind.IDENTITY).statements) == 1


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("*", Principals((), everyone=True)),
        ({"AWS": "*"}, Principals((), everyone=True)),
        ({"AWS": [ACCOUNT, ALICE]}, Principals((("AWS", ACCOUNT), ("AWS", ALICE)))),
        (
            {"Service": "lambda.amazonaws.com", "AWS": ["*", ROLE]},
            Principals((("AWS", ROLE), ("Service", "lambda.amazonaws.com")), everyone=True),
        ),
        ({"AWS": "AIDAALICEALICEALICE12"}, Principals((("AWS", "AIDAALICEALICEALICE12"),))),
        ({"CanonicalUser": "a" * 64}, Principals((("CanonicalUser", "a" * 64),))),
    ],
)
def test_principals_are_read_in_all_their_forms(given: Any, expected: Principals):
    parsed = parse(text(statement(action="ecr:*", resource=None, Principal=given)), Kind.REPOSITORY)
    assert parsed.statements[0].principals == expected
    assert parse(render(parsed), Kind.REPOSITORY) == parsed


def test_the_named_identities_are_told():
    principals = {"AWS": [ACCOUNT, ALICE], "Service": "lambda.amazonaws.com"}
    parsed = parse(text(statement(action="ecr:*", resource=None, Principal=principals)), Kind.REPOSITORY)
    assert parsed.named == {ACCOUNT, ALICE}


@pytest.mark.parametrize("kind", list(Kind))
def test_each_kind_has_its_document_and_round_trips(kind: Kind):
    parsed = parse(text(KINDS[kind]), kind)
    assert parse(render(parsed), kind) == parsed


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("given", ["", "{", "[]", "null", '"x"', "{}", '{"Statement": []}', '{"Statement": [1]}'])
def test_what_is_no_document_is_refused_in_every_kind(kind: Kind, given: str):
    assert refusal(given, kind)


@pytest.mark.parametrize(
    "broken",
    [
        {"Effect": None},
        {"Effect": "allow"},
        {"Effect": "Audit"},
        {"Effect": ["Allow"]},
        {"Action": 7},
        {"Action": {"ecr": "*"}},
        {"Action": [["ecr:*"]]},
        {"NotAction": "ecr:*"},
        {"NotResource": "*"},
        {"Resource": True},
        {"Sid": 5},
        {"Sid": None},
        {"Condition": []},
        {"Condition": {"StringEquals": "x"}},
        {"Condition": {"StringEquals": {"k": {"x": "y"}}}},
        {"Condition": {"StringEquals": {"k": None}}},
        {"Unknown": "x"},
        {"resource": "*"},
        {"Resource": "arn:aws:ecr:\x01"},
        {"Resource": "\ud800"},
        {"Action": "ecr:Get Image"},
        {"Action": "ecr:${aws:username}"},
        {"Principal": "*", "NotPrincipal": "*"},
        {"Principal": {}},
        {"Principal": {"AWS": []}},
        {"Principal": "everyone"},
        {"Principal": {"Group": "x"}},
    ],
)
def test_a_broken_element_is_an_error_of_syntax(broken: dict[str, Any]):
    assert refusal(text(statement() | broken)).startswith(("Syntax errors in policy.", "Actions/Condition"))


@pytest.mark.parametrize(
    ("kind", "changed", "sentence"),
    [
        (Kind.IDENTITY, {"Action": []}, "Policy statement must contain actions."),
        (Kind.IDENTITY, {"Resource": []}, "Policy statement must contain resources."),
        (Kind.IDENTITY, {"Principal": "*"}, "Policy document should not specify a principal."),
        (Kind.SESSION, {"Principal": "*"}, "Policy document should not specify a principal."),
        (Kind.SERVICE_CONTROL, {"NotPrincipal": "*"}, "Policy document should not specify a principal."),
        (Kind.IDENTITY, {"Sid": "not alnum"}, "Statement IDs (SID) must be alpha-numeric."),
        (Kind.IDENTITY, {"Sid": "٣"}, "Statement IDs (SID) must be alpha-numeric."),
        (Kind.IDENTITY, {"Action": "GetImage"}, "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb,"),
        (Kind.IDENTITY, {"Action": "a:b:c"}, "Actions/Condition can contain only one colon."),
        (Kind.IDENTITY, {"Action": "e*:GetImage"}, "Vendor e* is not valid"),
        (Kind.IDENTITY, {"Action": ":GetImage"}, "Vendor  is not valid"),
        (Kind.IDENTITY, {"NotAction": "e?r:X"}, "Vendor e?r is not valid"),
        (Kind.IDENTITY, {"Resource": "team/app"}, 'Resource team/app must be in ARN format or "*".'),
        (Kind.IDENTITY, {"Resource": "arn"}, 'Resource arn must be in ARN format or "*".'),
        (Kind.IDENTITY, {"Resource": "arn:x:ecr:::r"}, 'Partition "x" is not valid for resource "arn:x:ecr:::r".'),
        (Kind.IDENTITY, {"Resource": "arn:aws:*:::r"}, "Resource vendor must be fully qualified and cannot contain"),
        (Kind.IDENTITY, {"Resource": "arn:aws"}, "Resource vendor must be fully qualified and cannot contain"),
        (Kind.IDENTITY, {"Resource": "arn:aws:ecr"}, "The policy failed legacy parsing"),
        (Kind.KEY, {"Resource": []}, "Policy statement must contain resources."),
        (Kind.TRUST, {"Resource": "*"}, "Has prohibited field Resource"),
        (Kind.TRUST, {"NotResource": "*"}, "Has prohibited field Resource"),
        (Kind.TRUST, {"Action": "ecr:*"}, "AssumeRole policy may only specify STS AssumeRole actions."),
        (Kind.TRUST, {"Action": "*"}, "AssumeRole policy may only specify STS AssumeRole actions."),
        (Kind.TRUST, {"NotAction": "sts:TagSession"}, "Has prohibited field NotAction"),
        (Kind.TRUST, {"Principal": {"AWS": "arn:aws:iam::1:user/x"}}, 'Invalid principal in policy: "AWS":"arn:aws:'),
    ],
)
def test_a_kind_refuses_with_the_sentence_of_aws(kind: Kind, changed: dict[str, Any], sentence: str):
    tree = KINDS[kind] | changed
    for name in ("Action", "Resource"):
        if f"Not{name}" in changed:
            tree.pop(name, None)
    assert refusal(text(tree), kind).startswith(sentence)


@pytest.mark.parametrize("kind", sorted(WITH_PRINCIPALS))
def test_a_resource_policy_names_principals(kind: Kind):
    tree = {name: value for name, value in KINDS[kind].items() if name != "Principal"}
    assert "Missing required field Principal" in refusal(text(tree), kind)


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": f"arn:aws:iam::{ACCOUNT}:user/a*"},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"},
        {"AWS": "arn:aws:iam::*:root"},
        {"AWS": "1111222233*"},
        {"AWS": "12345"},
        {"AWS": "alice"},
        {"AWS": f"arn:aws:iam::{ACCOUNT}:group/staff"},
        {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/build"},
        {"Service": "*"},
        {"Service": "lambda*.amazonaws.com"},
        {"Service": "lambda"},
        {"Federated": "*"},
        {"CanonicalUser": "me"},
    ],
)
def test_a_principal_is_named_whole(principal: dict[str, str]):
    assert "Invalid principal in policy" in refusal(text(TRUST | {"Principal": principal}), Kind.TRUST)
    given = text(statement(action="ecr:*", resource=None, Principal=principal))
    assert "'Invalid repository policy provided'" in refusal(given, Kind.REPOSITORY)


def test_all_but_some_principals_may_only_be_denied():
    allow = statement(action="ecr:*", resource=None, NotPrincipal={"AWS": ALICE})
    assert "Allow with NotPrincipal" in refusal(text(allow), Kind.REPOSITORY)
    assert parse(text(allow | {"Effect": "Deny"}), Kind.REPOSITORY).statements


@pytest.mark.parametrize("action", ["s3:GetObject", "sts:AssumeRole", ["ecr:*", "iam:*"]])
def test_a_repository_policy_is_about_the_registry(action: Any):
    given = text(statement(action=action, resource=None, Principal="*"))
    assert refusal(given, Kind.REPOSITORY).startswith(
        "Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'"
    )


def test_a_registry_policy_names_its_repositories():
    given = text(statement(action="ecr:*", resource=None, Principal="*"))
    assert "'Invalid registry policy provided'" in refusal(given, Kind.REGISTRY)


def test_sids_of_repository_policies_are_free():
    twice = statement(action="ecr:*", resource=None, Principal="*", Sid="new statement")
    assert parse(text(twice, twice), Kind.REPOSITORY).statements


def test_sids_are_unique():
    twice = statement(Sid="Same")
    assert refusal(text(twice, twice)) == "Statement IDs (SID) in a single policy must be unique."
    assert parse(text(statement(), statement()), Kind.IDENTITY).statements


def test_a_managed_policy_is_of_the_newer_version():
    for version in ("2008-10-17", None):
        given = text(statement(), version=version)
        assert refusal(given, Kind.MANAGED) == "Policy document must be version 2012-10-17 or greater."
        assert parse(given, Kind.IDENTITY).statements
    assert refusal(text(statement(), version="2030-01-01")).startswith("Syntax errors in policy.")


@pytest.mark.parametrize(
    "given",
    [
        '{"Statement": {"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}}',
        '{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": {}}',
        '{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"Bool": {"a": 1, "a": 2}}}}',
        "[" * 100_000,
        '{"Statement":' * 20 + "1" + "}" * 20,
        '{"Statement": [' + '{"Effect": "Allow", "Action": "*", "Resource": "*"},' * 3000 + "{}]}",
        '{"Id": ' + "9" * 5000 + "}",
        '{"Id": NaN}',
        '{"Id": "' + "\\ud800" + '"}',
        '{"Id": "\\u0000"}',
        "\ufeff{}",
        "x" * 200_000,
        text(statement()) + " " * 131_072,
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}} x',
    ],
    ids=range(14),
)
def test_hostile_text_is_refused(given: str):
    assert refusal(given).startswith("Syntax errors in policy.")


def test_text_of_a_trust_policy_that_is_not_json():
    assert refusal("{", Kind.TRUST) == "This policy contains invalid Json"


def sized(kind: Kind, count: int) -> str:
    """A document of the kind with so many characters beside white space."""
    bare = text(KINDS[kind] | {"Sid": ""})
    missing = count - document.size(bare)
    return text(KINDS[kind] | {"Sid": "x" * missing}).replace(",", ",\n   ")


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind in LIMITS])
def test_a_document_has_a_largest_size_without_white_space(kind: Kind):
    assert parse(sized(kind, LIMITS[kind]), kind).statements
    too_large = sized(kind, LIMITS[kind] + 1)
    fact = SessionPoliciesTooLarge if kind is Kind.SESSION else FACTS.get(kind, PolicyTooLarge)
    with pytest.raises(fact, match=str(LIMITS[kind])):
        parse(too_large, kind)


def test_the_sentences_of_sizes_are_those_of_aws():
    with pytest.raises(PolicyTooLarge, match=r"^Cannot exceed quota for PolicySize: 6144$"):
        parse(sized(Kind.MANAGED, 6145), Kind.MANAGED)
    with pytest.raises(PolicyTooLarge, match=r"^Cannot exceed quota for ACLSizePerRole: 2048$"):
        parse(sized(Kind.TRUST, 2049), Kind.TRUST)


@pytest.mark.parametrize(("holder", "limit"), [("user", 2048), ("group", 5120), ("role", 10240)])
def test_inline_policies_are_measured_together(holder: str, limit: int):
    halves = [" " * 900 + "x" * (limit // 2), "x" * (limit // 2) + "\t\r\n"]
    document.require_inline_size(halves, holder=holder, name="a")
    with pytest.raises(InlinePoliciesTooLarge, match=f"^Maximum policy size of {limit} bytes exceeded for {holder} a$"):
        document.require_inline_size([*halves, "x"], holder=holder, name="a")


def test_session_policies_are_measured_together():
    document.require_session_size(["x" * 1024, "x" * 1024])
    with pytest.raises(SessionPoliciesTooLarge):
        document.require_session_size(["x" * 1024, "x" * 1025])


def test_a_repository_policy_is_given_back_printed_anew_in_its_order():
    given = '{"Version":"2008-10-17","Statement":[{"Sid":"a","Effect":"Allow","Principal":"*","Action":["ecr:X"]}]}'
    shown = printed(given)
    assert shown.startswith('{\n  "Version" : "2008-10-17",\n  "Statement" : [\n    {\n      "Sid" : "a",')
    assert json.loads(shown) == json.loads(given)
    assert printed(shown) == shown
