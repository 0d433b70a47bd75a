"""docker-credential-entrepot: clients log in by themselves, no password is stored."""

import json

from tests.clients.test_skopeo import Skopeo
from tests.clients.workplace import Workplace
from tests.factories.layouts import contents, image, write_layout
from tests.factories.registry import Registry

HELPER = "docker-credential-entrepot"


def test_the_helper_answers_with_a_password_that_works(workplace: Workplace):
    answer = json.loads(workplace.run(HELPER, "get", text=workplace.server.host))
    assert answer["Username"] == "AWS"
    assert Registry(workplace.server, answer["Secret"]).request("GET", "/v2/").status == 200


def test_a_client_pushes_and_pulls_through_the_helper_without_logging_in(workplace: Workplace, tmp_path):
    settings = tmp_path / "home" / "auth.json"
    settings.write_text(json.dumps({"credHelpers": {workplace.server.host: "entrepot"}}))
    content = image(901)
    skopeo = Skopeo(workplace)
    skopeo.push(write_layout(content, tmp_path / "made", "made"), f"{workplace.address}:v1")
    assert skopeo.pull(f"{workplace.address}:v1", tmp_path / "pulled") == contents(content)
    assert json.loads(settings.read_text()) == {"credHelpers": {workplace.server.host: "entrepot"}}


def test_wrong_keys_are_an_error_and_not_an_empty_password(workplace: Workplace):
    said = workplace.run(HELPER, "get", text=workplace.server.host, succeeds=False, AWS_SECRET_ACCESS_KEY="wrong")
    assert '"Secret"' not in said


def test_the_helper_takes_temporary_credentials(workplace: Workplace):
    """Those of a session policy that pulls: so does the password, and it does not push."""
    content = image(902, layers=1)
    workplace.registry.push(workplace.repository, content, "v1")
    allowed = ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = workplace.server.client("sts").get_federation_token(Name="ci", Policy=policy)["Credentials"]
    said = workplace.run(
        HELPER,
        "get",
        text=workplace.server.host,
        AWS_ACCESS_KEY_ID=made["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=made["SecretAccessKey"],
        AWS_SESSION_TOKEN=made["SessionToken"],
    )
    door = Registry(workplace.server, json.loads(said)["Secret"])
    assert door.pull(workplace.repository, "v1") == contents(content)
    assert door.put_manifest(workplace.repository, "v2", content.manifest).status == 403
