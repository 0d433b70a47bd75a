"""Who may pull through the cache, and as whom an upstream is asked."""

import base64
import json
from typing import Any

import pytest

from tests.behaviour.callers import User, allow, of, policy
from tests.behaviour.identities import ACCOUNT, Iam
from tests.factories.layouts import OCI_INDEX, image
from tests.factories.origins import body
from tests.factories.processes import Server, create_account
from tests.factories.pull_through import Upstream, rule
from tests.factories.registry import Registry, error_codes
from tests.factories.waiting import wait

PULL = [
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetAuthorizationToken",
]
OTHER = "111122223333"


@pytest.fixture(scope="module")
def iam(cache: Server) -> Iam:
    return Iam(cache)


@pytest.fixture
def user(cache: Server, iam: Iam) -> User:
    return User(cache, iam)


def pulled(user: User, name: str) -> tuple[int, list[str]]:
    answer = user.registry().request("GET", f"/v2/{name}/manifests/v1")
    return answer.status, [] if answer.status == 200 else error_codes(answer)


@pytest.mark.parametrize(
    ("more", "answer"),
    [
        ([], (404, ["NAME_UNKNOWN"])),
        (["ecr:BatchImportUpstreamImage"], (404, ["NAME_UNKNOWN"])),
        (["ecr:CreateRepository"], (404, ["MANIFEST_UNKNOWN"])),
        (["ecr:CreateRepository", "ecr:BatchImportUpstreamImage"], (200, [])),
    ],
    ids=["a pull", "no creation", "no import", "both"],
)
def test_a_first_pull_needs_more_than_a_pull(hub: Upstream, user: User, more: list[str], answer: tuple[int, list[str]]):
    name = f"first/{user.name}"
    hub.put(name, image(1), "v1")
    user.put("pull", allow(PULL), *([allow(more, of("hub/*"))] if more else []))
    assert pulled(user, f"hub/{name}") == answer
    assert hub.asked(name, "manifests/v1") == (answer[0] == 200)


def test_a_later_pull_of_what_is_here_needs_no_more(hub: Upstream, cache: Server, user: User):
    made, name = image(2), f"later/{user.name}"
    hub.put(name, made, "v1")
    Registry(cache).pull(f"hub/{name}", "v1")
    wait(lambda: cache.client().describe_images(repositoryName=f"hub/{name}")["imageDetails"])
    user.put("pull", allow(PULL))
    assert pulled(user, f"hub/{name}") == (200, [])
    hub.put(name, image(3), "v2")
    answer = user.registry().request("GET", f"/v2/hub/{name}/manifests/v2")
    assert (answer.status, error_codes(answer)) == (404, ["MANIFEST_UNKNOWN"])
    user.put("import", allow("ecr:BatchImportUpstreamImage"))
    assert user.registry().request("GET", f"/v2/hub/{name}/manifests/v2").status == 200


def test_the_upstream_is_asked_with_the_login_of_the_secret(hub: Upstream, cache: Server):
    value = json.dumps({"username": "me", "accessToken": "hidden"})
    arn = cache.client("secretsmanager").create_secret(Name="ecr-pullthroughcache/own", SecretString=value)["ARN"]
    rule(cache, "own", hub.host, credentialArn=arn)
    wanted = f"Basic {base64.b64encode(b'me:hidden').decode()}"
    hub.put("library/private", image(4), "v1")
    path = "/v2/library/private/manifests/v1"
    open_answer = hub.origin.answers[path]

    def guarded(handler: Any) -> None:
        refused = body(b"", 401, WWW_Authenticate='Basic realm="hub"')
        (open_answer if handler.headers.get("Authorization") == wanted else refused)(handler)

    hub.origin.answers[path] = guarded
    assert Registry(cache).request("GET", "/v2/hub/library/private/manifests/v1").status == 403
    assert Registry(cache).request("GET", "/v2/own/library/private/manifests/v1").status == 200
    assert "hidden" not in cache.log.read_text()


def test_a_registry_of_another_account_is_read_as_the_role_of_the_rule_may(cache: Server, iam: Iam):
    keys = create_account(cache, OTHER)
    other = cache.client(credentials=keys)
    made = image(5)
    other.create_repository(repositoryName="team/app")
    theirs = Registry(cache, cache.token(keys))
    theirs.push(f"{OTHER}/us-east-1/team/app", made, "v1")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "pullthroughcache.ecr.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = iam.name()
    arn = iam.api.create_role(RoleName=role, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.api.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=policy(allow("ecr:*")))
    rule(cache, "theirs", f"{OTHER}.dkr.ecr.us-east-1.amazonaws.com", customRoleArn=arn)
    answer = Registry(cache).request("GET", "/v2/theirs/team/app/manifests/v1")
    assert (answer.status, error_codes(answer)) == (403, ["DENIED"])
    grant = allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"])
    grant = {name: value for name, value in grant.items() if name != "Resource"} | {"Principal": {"AWS": ACCOUNT}}
    other.set_repository_policy(repositoryName="team/app", policyText=policy(grant))
    held = wait(lambda: _pulled_whole(cache, "theirs/team/app"))
    assert held[made.digest] == made.manifest.data
    assert wait(lambda: cache.client().describe_images(repositoryName="theirs/team/app")["imageDetails"])


def _pulled_whole(server: Server, name: str) -> dict[str, bytes]:
    """What is pulled, nothing while it is refused."""
    registry = Registry(server)
    if registry.request("GET", f"/v2/{name}/manifests/v1").status != 200:
        return {}
    return registry.pull(name, "v1")


def test_names_without_a_rule_of_their_own_fall_under_the_one_of_root(hub: Upstream, cache: Server):
    rule(cache, "ROOT", hub.host)
    made = image(6)
    hub.put("anything/at-all", made, "v1")
    assert Registry(cache).pull("anything/at-all", "v1")[made.digest] == made.manifest.data
    cache.client().delete_pull_through_cache_rule(ecrRepositoryPrefix="ROOT")


def test_referrers_are_those_that_the_upstream_lists(hub: Upstream, cache: Server):
    made = image(7)
    hub.put("library/signed", made, "v1")
    signature = image(8, subject=made.manifest.descriptor())
    listed = [signature.manifest.descriptor(artifactType="application/vnd.example.signature")]
    index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": listed}).encode()
    hub.answer("library/signed", f"referrers/{made.digest}", body(index, Content_Type=OCI_INDEX))
    hub.put("library/signed", signature)
    registry = Registry(cache)
    registry.pull("hub/library/signed", "v1")
    answer = registry.request("GET", f"/v2/hub/library/signed/referrers/{made.digest}")
    assert [each["digest"] for each in json.loads(answer.data)["manifests"]] == [signature.digest]
    found = cache.client().list_image_referrers(
        repositoryName="hub/library/signed", subjectId={"imageDigest": made.digest}
    )
    assert [each["digest"] for each in found["referrers"]] == [signature.digest]
    assert registry.pull("hub/library/signed", signature.digest)[signature.digest] == signature.manifest.data


def test_layers_of_an_upstream_are_mounted_nowhere_else(hub: Upstream, cache: Server):
    made = image(9)
    hub.put("library/lent", made, "v1")
    registry = Registry(cache)
    registry.pull("hub/library/lent", "v1")
    cache.client().create_repository(repositoryName="borrower")
    digest = made.layers[0].digest
    answer = registry.request("POST", f"/v2/borrower/blobs/uploads/?mount={digest}&from=hub/library/lent", b"")
    assert answer.status == 202


def test_an_import_is_told_in_the_trail_and_to_rules_of_events(hub: Upstream, cache: Server):
    made = image(10)
    hub.put("library/told", made, "v1")
    Registry(cache).pull("hub/library/told", "v1")
    trail = cache.client("cloudtrail")

    def names() -> set[str]:
        attribute = {"AttributeKey": "ResourceName", "AttributeValue": of("hub/library/told")}
        found = trail.lookup_events(LookupAttributes=[attribute])["Events"]
        return {each["EventName"] for each in found}

    wait(lambda: {"CreateRepository", "BatchImportUpstreamImage", "BatchGetImage"} <= names())
