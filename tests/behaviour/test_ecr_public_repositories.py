"""Public registries and repositories through boto3: what AWS documents, and what is refused."""

import itertools
from typing import Any

import pytest

from tests.behaviour.identities import refusal
from tests.behaviour.public import ACCOUNT, PUSH, TOKEN, PublicRegistry, answer_of, password
from tests.factories.layouts import image
from tests.factories.processes import Server
from tests.factories.registry import Registry

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 100
CATALOG = {
    "description": "A tool",
    "architectures": ["ARM 64", "x86-64", "abacus"],
    "operatingSystems": ["Linux"],
    "aboutText": "# About\n<script>alert(1)</script>",
    "usageText": "run it",
}
NOTHING_TOLD = {"marketplaceCertified": False}
_numbers = itertools.count()


@pytest.fixture(scope="module")
def public(server: Server) -> PublicRegistry:
    return PublicRegistry(server)


@pytest.fixture
def api(public: PublicRegistry) -> Any:
    return public.api


@pytest.fixture
def name() -> str:
    return f"new/r{next(_numbers)}"


def arn(name: str) -> str:
    return f"arn:aws:ecr-public::{ACCOUNT}:repository/{name}"


def absent(name: str) -> tuple[str, str]:
    text = f"The repository with name '{name}' does not exist in the registry with id '{ACCOUNT}'"
    return "RepositoryNotFoundException", text


def test_a_repository_is_made_described_and_deleted_as_documented(
    server: Server, public: PublicRegistry, api, name: str
):
    made = answer_of(api.create_repository, repositoryName=name)
    assert set(made) == {"repository"}
    shown = dict(made["repository"])
    assert shown.pop("createdAt").tzinfo is not None
    assert shown == {
        "repositoryArn": arn(name),
        "registryId": ACCOUNT,
        "repositoryName": name,
        "repositoryUri": f"{server.host}/public.ecr/{public.alias}/{name}",
    }
    assert api.describe_repositories(repositoryNames=[name])["repositories"] == [made["repository"]]
    assert api.delete_repository(repositoryName=name)["repository"] == made["repository"]
    assert refusal(api.describe_repositories, repositoryNames=[name]) == absent(name)
    assert refusal(api.delete_repository, repositoryName=name) == absent(name)


def test_a_name_is_taken_once(api, name: str):
    api.create_repository(repositoryName=name)
    text = f"The repository with name '{name}' already exists in the registry with id '{ACCOUNT}'"
    assert refusal(api.create_repository, repositoryName=name) == ("RepositoryAlreadyExistsException", text)


@pytest.mark.parametrize("bad", ["A", "a", "Upper", "a//b", "-a", "a__b", "x" * 206, "public.ecr/x", "a\n"])
def test_a_name_outside_the_rules_is_refused(api, bad: str):
    if len(bad) < 2:  # botocore itself looks at the length
        bad += "\0"
    assert refusal(api.create_repository, repositoryName=bad)[0] == "InvalidParameterException"


def test_a_repository_with_images_is_deleted_by_force_only(public: PublicRegistry, api, name: str):
    api.create_repository(repositoryName=name, catalogData={"description": "x"})
    Registry(public.server, public.token()).push(f"public.ecr/{public.alias}/{name}", image(2), "v1")
    assert refusal(api.delete_repository, repositoryName=name)[0] == "RepositoryNotEmptyException"
    api.delete_repository(repositoryName=name, force=True)
    api.create_repository(repositoryName=name)
    assert api.get_repository_catalog_data(repositoryName=name)["catalogData"] == NOTHING_TOLD


def test_repositories_are_listed_by_page(api):
    names = [f"page/r{number}" for number in range(5)]
    for each in names:
        api.create_repository(repositoryName=each)
    pages = list(api.get_paginator("describe_repositories").paginate(maxResults=2))
    listed = [each["repositoryName"] for page in pages for each in page["repositories"]]
    assert listed == sorted(set(listed))
    assert set(names) <= set(listed)
    assert all(len(page["repositories"]) <= 2 for page in pages)
    asked = {"repositoryNames": names, "maxResults": 1}
    assert refusal(api.describe_repositories, **asked)[0] == "InvalidParameterException"
    assert refusal(api.describe_repositories, nextToken="nonsense")[0] == "InvalidParameterException"


def test_settings_that_public_repositories_do_not_have_do_not_exist(api, name: str):
    made = api.create_repository(repositoryName=name)["repository"]
    assert not set(made) & {"imageTagMutability", "imageScanningConfiguration", "encryptionConfiguration"}
    for operation in ("put_image_tag_mutability", "start_image_scan", "batch_get_image", "put_lifecycle_policy"):
        assert not hasattr(api, operation)


def test_catalog_data_is_told_on_creation_read_and_replaced(api, name: str):
    made = api.create_repository(repositoryName=name, catalogData=CATALOG)["catalogData"]
    assert made == {**CATALOG, "marketplaceCertified": False}
    assert api.get_repository_catalog_data(repositoryName=name)["catalogData"] == made
    fresh = {"description": "Another"}
    put = api.put_repository_catalog_data(repositoryName=name, catalogData=fresh)["catalogData"]
    assert put == {"description": "Another", "marketplaceCertified": False}
    assert api.get_repository_catalog_data(repositoryName=name)["catalogData"] == put


def test_a_logo_is_seen_by_anybody_at_its_url_and_as_nothing_but_a_picture(public: PublicRegistry, api, name: str):
    data = {"description": "x", "logoImageBlob": PNG}
    url = api.create_repository(repositoryName=name, catalogData=data)["catalogData"]["logoUrl"]
    assert api.get_repository_catalog_data(repositoryName=name)["catalogData"]["logoUrl"] == url
    path = url.removeprefix(public.server.base_url)
    for method, body in (("GET", PNG), ("HEAD", b"")):
        answer = public.anybody().request(method, path)
        assert (answer.status, answer.headers["Content-Type"], answer.data) == (200, "image/png", body)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert public.anybody().request("PUT", path, b"x").status == 405
    api.put_repository_catalog_data(repositoryName=name, catalogData={"description": "x"})
    assert public.anybody().request("GET", path).status == 404


@pytest.mark.parametrize(
    "path", ["", "x", "000000000000", "000000000000/", "000000000000/../x", "%00/a", "a/b", "٠" * 12]
)
def test_a_logo_that_is_not_there_is_not_found(public: PublicRegistry, path: str):
    assert public.anybody().request("GET", f"/public.ecr/logos/{path}").status == 404


@pytest.mark.parametrize(
    "data",
    [
        {"description": "x" * 1025},
        {"aboutText": "x" * 25_601},
        {"usageText": "x" * 25_601},
        {"architectures": ["x"] * 51},
        {"operatingSystems": ["x" * 51]},
        {"logoImageBlob": b"\x89PNG\r\n\x1a\n" + b"x" * 512_000},
        {"logoImageBlob": b"<svg onload='alert(1)'/>"},
        {"logoImageBlob": b""},
    ],
    ids=str,
)
def test_catalog_data_outside_the_rules_is_refused_and_changes_nothing(api, name: str, data):
    assert refusal(api.create_repository, repositoryName=name, catalogData=data)[0] == "InvalidParameterException"
    assert refusal(api.describe_repositories, repositoryNames=[name]) == absent(name)
    api.create_repository(repositoryName=name, catalogData=CATALOG)
    asked = {"repositoryName": name, "catalogData": data}
    assert refusal(api.put_repository_catalog_data, **asked)[0] == "InvalidParameterException"
    assert api.get_repository_catalog_data(repositoryName=name)["catalogData"]["description"] == "A tool"


def test_catalog_data_that_was_never_told_is_empty(api, name: str):
    assert refusal(api.get_repository_catalog_data, repositoryName=name) == absent(name)
    assert refusal(api.put_repository_catalog_data, repositoryName=name, catalogData={}) == absent(name)
    api.create_repository(repositoryName=name)
    assert api.get_repository_catalog_data(repositoryName=name)["catalogData"] == NOTHING_TOLD


def test_the_registry_is_described_with_its_aliases(public: PublicRegistry, api):
    alias = public.alias
    assert answer_of(api.describe_registries) == {
        "registries": [
            {
                "registryId": ACCOUNT,
                "registryArn": f"arn:aws:ecr-public::{ACCOUNT}:registry/{ACCOUNT}",
                "registryUri": f"{public.server.host}/public.ecr/{alias}",
                "verified": False,
                "aliases": [
                    {
                        "name": alias,
                        "status": "ACTIVE",
                        "primaryRegistryAlias": True,
                        "defaultRegistryAlias": True,
                    }
                ],
            }
        ]
    }
    assert len(alias) == 8
    assert alias[0].isalpha()


def test_the_registry_has_a_name_for_people(api):
    assert answer_of(api.get_registry_catalog_data) == {"registryCatalogData": {"displayName": ""}}
    for name in ("Größe & <Co>", ""):
        put = answer_of(api.put_registry_catalog_data, displayName=name)
        assert put == answer_of(api.get_registry_catalog_data) == {"registryCatalogData": {"displayName": name}}
    assert refusal(api.put_registry_catalog_data, displayName="x" * 101)[0] == "InvalidParameterException"


def test_resource_tags_are_set_on_creation_changed_and_removed(api, name: str):
    api.create_repository(repositoryName=name, tags=[{"Key": "team", "Value": "a"}, {"Key": "bare"}])
    api.tag_resource(resourceArn=arn(name), tags=[{"Key": "team", "Value": "b"}])
    found = api.list_tags_for_resource(resourceArn=arn(name))["tags"]
    assert found == [{"Key": "bare", "Value": ""}, {"Key": "team", "Value": "b"}]
    api.untag_resource(resourceArn=arn(name), tagKeys=["bare", "team"])
    assert api.list_tags_for_resource(resourceArn=arn(name))["tags"] == []
    assert refusal(api.tag_resource, resourceArn=arn(name), tags=[{"Value": "x"}])[0] == "InvalidTagParameterException"


def test_an_arn_of_the_other_service_is_none_of_this_one(api, ecr, name: str):
    private = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/{name}"
    for client, wrong in ((api, private), (ecr, arn(name))):
        code, message = refusal(client.list_tags_for_resource, resourceArn=wrong)
        assert (code, "Invalid ARN" in message) == ("InvalidParameterException", True)


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2"])
def test_the_public_registry_is_one_for_both_of_its_regions(server: Server, public: PublicRegistry, region: str):
    client = server.client("ecr-public", region=region)
    name = public.repository()
    assert client.describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryName"] == name


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-2"])
def test_in_another_region_it_is_not_and_says_where_it_is(server: Server, region: str):
    code, message = refusal(server.client("ecr-public", region=region).describe_registries)
    assert code == "UnsupportedCommandException"
    assert region in message
    assert "us-east-1, us-west-2" in message


def test_a_token_needs_both_of_its_permissions(server: Server, public: PublicRegistry):
    both = server.client("ecr-public", credentials=public.user(*TOKEN))
    assert ":" not in password(both)
    for allowed, missing in (TOKEN, TOKEN[::-1]):
        client = server.client("ecr-public", credentials=public.user(allowed))
        code, message = refusal(client.get_authorization_token)
        assert code == "AccessDeniedException"
        assert f"not authorized to perform: {missing} on resource: *" in message


@pytest.mark.parametrize("missing", PUSH)
def test_a_push_needs_each_of_its_actions(server: Server, public: PublicRegistry, missing: str):
    """Over the API each operation; over OCI all but the check, which is what anybody may do there."""
    name, content = public.repository(), image(970)
    allowed = [f"ecr-public:{action}" for action in PUSH if action != missing]
    keys = public.user(*TOKEN, *allowed)
    pusher = Registry(server, public.token(keys))
    try:
        pusher.push(f"public.ecr/{public.alias}/{name}", content, "v1")
        denied = False
    except AssertionError as refused:
        denied = f"ecr-public:{missing} on resource: {arn(name)}" in str(refused)
    uploads = missing in ("InitiateLayerUpload", "CompleteLayerUpload", "PutImage")
    assert denied is uploads
    checked = server.client("ecr-public", credentials=keys)
    asked = {"repositoryName": name, "layerDigests": [content.layers[0].digest]}
    if missing == "BatchCheckLayerAvailability":
        assert refusal(checked.batch_check_layer_availability, **asked)[0] == "AccessDeniedException"
    else:
        assert checked.batch_check_layer_availability(**asked)["layers"]


def test_who_may_push_pushes_and_who_may_nothing_pulls(server: Server, public: PublicRegistry):
    name, content = public.repository(), image(971)
    path = f"public.ecr/{public.alias}/{name}"
    Registry(server, public.token(public.user(*TOKEN, *(f"ecr-public:{action}" for action in PUSH)))).push(
        path, content, "v1"
    )
    denied = public.user(*TOKEN, deny=("ecr-public:*Image*", "ecr-public:*Layer*", "ecr:*"))
    for reader in (public.anybody(), Registry(server, public.token(denied))):
        assert len(reader.pull(path, "v1")) == len(content.blobs) + 1
        assert reader.tags(path) == ["v1"]
        for kind, digest in (("manifests", content.digest), ("blobs", content.layers[0].digest)):
            assert reader.request("HEAD", f"/v2/{path}/{kind}/{digest}").status == 200
        assert reader.request("GET", f"/v2/{path}/referrers/{content.digest}").status == 200
