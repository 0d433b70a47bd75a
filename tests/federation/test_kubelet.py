"""`entrepot kubelet-credential-provider` as kubelet runs it: its request, its response, and pulls with what it says."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.behaviour.sessions import allow, of
from tests.factories import forks
from tests.factories.issuers import Issuer
from tests.factories.layouts import image
from tests.factories.processes import Server
from tests.factories.registry import Registry
from tests.federation.parties import LOGIN, Federation
from tests.operation.commands import Ended

API = "credentialprovider.kubelet.k8s.io/v1"
ROLE = "eks.amazonaws.com/role-arn"
REPOSITORY = "federation/pods"


class Kubelet:
    """Asks the plugin with an environment of its own."""

    def __init__(self, server: Server, home: Path, **variables: str) -> None:
        self.server = server
        home.mkdir(exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = {**kept, "HOME": str(home), **variables}

    def run(self, text: str, *arguments: str) -> Ended:
        """How the plugin ends for what it is given."""
        done = forks.run(["kubelet-credential-provider", *arguments], text=text, environment=self.environment)
        return Ended(done.returncode, done.stdout, done.stderr)

    def ask(self, *arguments: str, api: str = API, **fields: Any) -> Ended:
        """The plugin's answer about an image of the server's registry."""
        wanted = f"{self.server.host}/{REPOSITORY}"
        request = {"kind": "CredentialProviderRequest", "apiVersion": api, "image": wanted, **fields}
        return self.run(json.dumps(request), *arguments)

    def refused(self, *arguments: str, **fields: Any) -> str:
        """What the plugin complains of."""
        ended = self.ask(*arguments, **fields)
        assert (ended.status, ended.out) == (1, "")
        assert ended.complaint.startswith("entrepot: ")
        assert ended.complaint.count("\n") == 1
        return ended.complaint


@pytest.fixture
def kubelet(server: Server, tmp_path) -> Kubelet:
    return Kubelet(server, tmp_path / "home")


@pytest.fixture(scope="module")
def role(federation: Federation) -> str:
    federation.server.client().create_repository(repositoryName=REPOSITORY)
    Registry(federation.server).push(REPOSITORY, image(21), "v1")
    pulls = allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], of(REPOSITORY))
    trusted = federation.trusting(sub="StringEquals:system:serviceaccount:shop:web")
    return str(federation.role(LOGIN, pulls, trusted=trusted).arn)


def pod_token(provider: Issuer, **claims: Any) -> str:
    """A token as the cluster makes it for a pod's service account."""
    account = {
        "namespace": "shop",
        "serviceaccount": {"name": "web", "uid": "0a"},
        "pod": {"name": "web-0", "uid": "0b"},
    }
    said = {"sub": "system:serviceaccount:shop:web", "kubernetes.io": account, **claims}
    return provider.token(**said)


def test_a_response_has_every_field_as_kubelet_reads_it(kubelet: Kubelet, provider: Issuer, role: str):
    token, annotations = pod_token(provider), {ROLE: role, "a/b": "c"}
    for api in (API, "credentialprovider.kubelet.k8s.io/v1beta1"):
        ended = kubelet.ask(api=api, serviceAccountToken=token, serviceAccountAnnotations=annotations)
        assert (ended.status, ended.complaint) == (0, "")
        response = ended.result
        assert set(response) == {"kind", "apiVersion", "cacheKeyType", "cacheDuration", "auth"}
        assert (response["kind"], response["apiVersion"]) == ("CredentialProviderResponse", api)
        assert response["cacheKeyType"] in {"Image", "Registry", "Global"}
        seconds = re.fullmatch(r"([0-9]+)s", response["cacheDuration"])
        assert seconds is not None
        assert 400 < int(seconds[1]) <= 540  # the pod's token is good for ten minutes
        assert list(response["auth"]) == [kubelet.server.host]
        assert set(response["auth"][kubelet.server.host]) == {"username", "password"}


def test_a_pod_pulls_with_its_own_service_account_and_may_do_nothing_else(
    kubelet: Kubelet, provider: Issuer, role: str
):
    token, annotations = pod_token(provider), {ROLE: role}
    ended = kubelet.ask(serviceAccountToken=token, serviceAccountAnnotations=annotations)
    auth = ended.result["auth"][kubelet.server.host]
    assert auth["username"] == "AWS"
    door = Registry(kubelet.server, auth["password"])
    assert image(21).digest in door.pull(REPOSITORY, "v1")
    assert door.request("POST", f"/v2/{REPOSITORY}/blobs/uploads/", b"").status == 403


def test_a_role_is_named_by_annotation_or_by_argument_the_annotation_first(
    kubelet: Kubelet, provider: Issuer, role: str
):
    token = {"serviceAccountToken": pod_token(provider)}
    assert kubelet.ask("--role-arn", role, **token).status == 0
    assert kubelet.ask("--role-arn", role, serviceAccountAnnotations=None, **token).status == 0
    assert kubelet.ask("--role-arn", "absent", serviceAccountAnnotations={ROLE: role}, **token).status == 0
    own = ("--role-annotation", "example.com/role")
    assert kubelet.ask(*own, serviceAccountAnnotations={"example.com/role": role}, **token).status == 0
    assert "no credentials" in kubelet.refused(*own, serviceAccountAnnotations={ROLE: role}, **token)


def test_another_pods_service_account_is_refused(kubelet: Kubelet, provider: Issuer, role: str):
    annotations = {"serviceAccountAnnotations": {ROLE: role}}
    other = pod_token(provider, sub="system:serviceaccount:shop:other")
    assert "Not authorized to perform" in kubelet.refused(serviceAccountToken=other, **annotations)
    assert "expired" in kubelet.refused(serviceAccountToken=pod_token(provider, exp=1), **annotations).lower()
    assert "refused" in kubelet.refused(serviceAccountToken="nonsense", **annotations)


def test_without_a_token_the_nodes_own_credentials_are_used(server: Server, tmp_path, role: str):
    assert "no credentials" in Kubelet(server, tmp_path / "none").refused(
        serviceAccountToken="", serviceAccountAnnotations={}
    )
    keys = server.credentials
    environment = {"AWS_ACCESS_KEY_ID": keys.access_key_id, "AWS_SECRET_ACCESS_KEY": keys.secret_access_key}
    file = {"AWS_SHARED_CREDENTIALS_FILE": str(server.data / "credentials")}
    for number, variables in enumerate((environment, file)):
        ended = Kubelet(server, tmp_path / str(number), **variables).ask()
        assert (ended.status, ended.complaint) == (0, "")
        assert ended.result["cacheDuration"] in {f"{12 * 3600 - 60 - late}s" for late in range(10)}
        door = Registry(server, ended.result["auth"][server.host]["password"])
        assert door.request("GET", f"/v2/{REPOSITORY}/manifests/v1").status == 200


def test_a_node_may_have_a_token_file_of_its_own(server: Server, tmp_path, provider: Issuer, role: str):
    file = tmp_path / "token"
    file.write_text(pod_token(provider) + "\n")
    named = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(file), "AWS_ROLE_ARN": role}
    assert Kubelet(server, tmp_path / "home", **named).ask().status == 0
    file.unlink()
    assert "token" in Kubelet(server, tmp_path / "home", **named).refused()


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "{}", "\x00", '{"kind": "CredentialProviderRequest"}',
        json.dumps({"kind": "Pod", "apiVersion": API, "image": "a.example/b"}),
        json.dumps({"kind": "CredentialProviderRequest", "apiVersion": "v1", "image": "a.example/b"}),
        json.dumps({"kind": "CredentialProviderRequest", "apiVersion": API, "image": 7}),
        json.dumps({"kind": "CredentialProviderRequest", "apiVersion": API, "image": "library/alpine"}),
        json.dumps({"kind": "CredentialProviderRequest", "apiVersion": API, "image": "a.example:port/b"}),
        json.dumps({"kind": "CredentialProviderRequest", "apiVersion": API, "image": "localhost:1/b"}),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_one_line_on_stderr_and_a_status(server: Server, tmp_path, text: str):
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    ended = Kubelet(server, tmp_path / "home", **keys).run(text)
    assert (ended.status, ended.out) == (1, "")
    assert ended.complaint.startswith("entrepot: ")
    assert ended.complaint.count("\n") == 1
