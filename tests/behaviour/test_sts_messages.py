"""Why a request was denied travels sealed, in a header, and is read by who may in the account of whom was denied."""

import json
from typing import Any

import pytest

from tests.behaviour.identities import ACCOUNT, Iam, refusal
from tests.behaviour.sessions import Person, Role, allow, deny, document, of, registry, trust
from tests.factories.processes import Credentials, Server
from tests.operation.commands import entrepot

HEADER = "x-entrepot-authorization-message"
LOGIN = allow("ecr:GetAuthorizationToken")


@pytest.fixture
def person(server: Server, iam: Iam) -> Person:
    return Person(server, iam, LOGIN, allow("sts:*"))


def message_of(operation: Any, **parameters: Any) -> str:
    """The message with which a call is denied."""
    client = operation.__self__
    with pytest.raises(client.exceptions.ClientError) as refused:
        operation(**parameters)
    return str(refused.value.response["ResponseMetadata"]["HTTPHeaders"][HEADER])


def read(sts: Any, message: str) -> Any:
    return json.loads(sts.decode_authorization_message(EncodedMessage=message)["DecodedMessage"])


def test_a_denial_over_either_door_can_be_decoded(server: Server, person: Person, repository: str):
    expected = {
        "allowed": False,
        "explicitDeny": False,
        "missing": "identity-based policy",
        "matchedStatements": {"items": []},
        "failures": {"items": []},
        "context": {
            "principal": {"id": person.sts.get_caller_identity()["UserId"], "name": person.name, "arn": person.arn},
            "action": "ecr:ListImages",
            "resource": of(repository),
            "conditions": {"items": []},
        },
    }
    ecr = server.client(credentials=person.keys)
    assert read(person.sts, message_of(ecr.list_images, repositoryName=repository)) == expected
    answer = registry(server, person.keys).request("GET", f"/v2/{repository}/tags/list")
    assert answer.status == 403
    assert read(person.sts, answer.headers[HEADER]) == expected


def test_a_message_names_the_statement_and_what_it_looked_at(server: Server, person: Person, repository: str):
    near = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}, "StringNotEquals": {"aws:PrincipalTag/team": "blue"}}
    person.put({"Sid": "NotFromHere", **deny("ecr:*", Condition=near)}, name="near")
    ecr = server.client(credentials=person.keys)
    told = read(person.sts, message_of(ecr.list_images, repositoryName=repository))
    assert told["explicitDeny"] is True
    (statement,) = told["matchedStatements"]["items"]
    assert (statement["statementId"], statement["sourcePolicyId"], statement["statementIndex"]) == (
        "NotFromHere",
        "near",
        0,
    )
    conditions = {each["key"]: each["values"]["items"] for each in told["context"]["conditions"]["items"]}
    assert conditions == {"aws:sourceip": [{"value": "127.0.0.1"}]}


def test_what_a_stranger_reads_says_nothing_of_it(server: Server, person: Person, repository: str):
    person.put({"Sid": "VerySecretSid", **deny("ecr:*")}, name="very-secret-name")
    answer = registry(server, server.credentials).request("GET", "/v2/")
    assert HEADER not in answer.headers
    ecr = server.client(credentials=person.keys)
    with pytest.raises(ecr.exceptions.ClientError) as refused:
        ecr.list_images(repositoryName=repository)
    told = json.dumps(refused.value.response, default=str)
    assert "VerySecretSid" not in told
    assert "very-secret-name" not in told


def test_a_message_is_of_one_account_and_needs_permission(server: Server, iam: Iam, person: Person, repository: str):
    message = message_of(server.client(credentials=person.keys).list_images, repositoryName=repository)
    nobody = Person(server, iam, allow("ecr:*"))
    assert refusal(nobody.sts.decode_authorization_message, EncodedMessage=message)[0] == "AccessDenied"
    made = entrepot("account", "create", "--data", server.data, "--output", "json").result
    other = server.client("sts", credentials=Credentials(made["access_key_id"], made["secret_access_key"]))
    for wrong in (message[:-4], message[1:], "nonsense", server.token(), "A" * 10_240):
        assert refusal(person.sts.decode_authorization_message, EncodedMessage=wrong)[0] == (
            "InvalidAuthorizationMessageException"
        )
    assert refusal(other.decode_authorization_message, EncodedMessage=message)[0] == (
        "InvalidAuthorizationMessageException"
    )


def test_a_role_of_another_account_is_not_told_to_exist(server: Server, iam: Iam, person: Person):
    made = entrepot("account", "create", "--data", server.data, "--output", "json").result
    far = server.client("iam", credentials=Credentials(made["access_key_id"], made["secret_access_key"]))
    trusted = document(trust({"AWS": ACCOUNT}))
    arn = far.create_role(RoleName="far", AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    nobody = Person(server, iam)
    for each in (arn, arn + "-absent"):
        with pytest.raises(nobody.sts.exceptions.ClientError) as refused:
            nobody.sts.assume_role(RoleArn=each, RoleSessionName="run")
        assert HEADER not in refused.value.response["ResponseMetadata"]["HTTPHeaders"]
    own = Role(iam, trusted=[trust({"Service": "ec2.amazonaws.com"})])
    told = read(person.sts, message_of(person.sts.assume_role, RoleArn=own.arn, RoleSessionName="run"))
    assert told["missing"] == "resource-based policy"


def test_an_external_id_is_not_in_a_message(iam: Iam, person: Person):
    wanted = {"StringEquals": {"sts:ExternalId": "right"}}
    role = Role(iam, trusted=[trust({"AWS": ACCOUNT}, Condition=wanted)])
    asked = {"RoleArn": role.arn, "RoleSessionName": "run", "ExternalId": "almost-right"}
    told = read(person.sts, message_of(person.sts.assume_role, **asked))
    assert "almost-right" not in json.dumps(told)
