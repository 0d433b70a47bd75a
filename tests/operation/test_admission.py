"""What a repository hands out by signature and by digest, from the command line to the answers of both doors."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories import layouts
from tests.factories.layouts import Content, Image, Index, archive, image_of, index_of
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry, error_codes
from tests.factories.signing import BUNDLE, Signer
from tests.factories.waiting import wait
from tests.operation.commands import entrepot
from tests.operation.test_scanning import BASE

pytestmark = pytest.mark.timeout(600)
EMPTY = Content("application/vnd.oci.empty.v1+json", b"{}")
OURS, OTHER = Signer(), Signer()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("admission")) as running:
        yield running


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "cosign.pub"
    path.write_text(OURS.pem)
    return path


def admission(server: Server, name: str, *more: object, mode: str = "enforce") -> Any:
    given = ("repository", "admission", "set", name, "--mode", mode, "--max-severity", "CRITICAL", *more)
    ended = entrepot(*given, "--data", server.data, "--output", "json")
    assert ended.status == 0, ended
    return ended.result


def image(server: Server, name: str) -> Image:
    server.client().create_repository(repositoryName=name)
    made = image_of(BASE, archive({"name": name.encode()}))
    Registry(server).push(name, made, "v1")
    return made


def sign(server: Server, name: str, signed: Content, by: Signer) -> str:
    """Push a signature of a manifest as a referrer of it; its digest."""
    layer = by.bundle(signed.digest)
    artifact = layouts.manifest(EMPTY, [layer], subject=signed.descriptor(), artifactType=BUNDLE)
    Registry(server).push(name, Image(artifact, EMPTY, (layer,)))
    return artifact.digest


def status(server: Server, name: str, reference: str, method: str = "GET") -> int:
    return Registry(server).request(method, f"/v2/{name}/manifests/{reference}").status


def test_what_no_key_has_signed_is_refused_until_one_has_by_both_doors(server: Server, key: Path):
    made = image(server, "signed")
    assert admission(server, "signed", "--key", key)["keys"] == [OURS.pem]
    answer = Registry(server).request("GET", "/v2/signed/manifests/v1")
    assert (answer.status, error_codes(answer)) == (403, ["DENIED"])
    assert "sign it with one of them" in json.loads(answer.data)["errors"][0]["message"]
    sign(server, "signed", made.manifest, OTHER)
    signature = sign(server, "signed", made.manifest, OURS)
    wait(lambda: status(server, "signed", "v1") == 200)
    assert status(server, "signed", signature) == 200
    ids = [{"imageTag": "v1"}]
    assert server.client().batch_get_image(repositoryName="signed", imageIds=ids)["failures"] == []
    assert status(server, "signed", signature, "DELETE") == 202
    assert status(server, "signed", "v1") == 403  # at once
    (failure,) = server.client().batch_get_image(repositoryName="signed", imageIds=ids)["failures"]
    assert failure["failureCode"] == "ImageInaccessible"
    admission(server, "signed", mode="off")
    assert status(server, "signed", "v1") == 200


def test_a_signature_by_another_key_does_not_count_and_keys_may_change(server: Server, key: Path):
    made = image(server, "changed")
    sign(server, "changed", made.manifest, OTHER)
    admission(server, "changed", "--key", key)
    assert status(server, "changed", made.digest) == 403
    key.write_text(OTHER.pem)
    admission(server, "changed", "--key", key)
    wait(lambda: status(server, "changed", made.digest) == 200)  # the signature was there already


def test_what_a_signed_index_names_is_handed_out_with_it(server: Server, key: Path):
    made = image(server, "indexed")
    index = Index(index_of([made]), (made,))
    Registry(server).push("indexed", index, "all")
    admission(server, "indexed", "--key", key)
    assert {status(server, "indexed", each) for each in ("all", made.digest)} == {403}
    signature = sign(server, "indexed", index.manifest, OURS)
    wait(lambda: status(server, "indexed", made.digest) == 200)
    assert status(server, "indexed", "all") == 200
    assert status(server, "indexed", signature, "DELETE") == 202
    assert {status(server, "indexed", each) for each in ("all", made.digest)} == {403}


def test_an_unsigned_image_is_handed_out_while_that_is_only_told(server: Server, key: Path):
    image(server, "told")
    admission(server, "told", "--key", key, "--digest-only", mode="audit")
    assert status(server, "told", "v1") == 200


def test_where_digests_are_wanted_only_who_pushes_sees_what_a_tag_names(server: Server):
    made = image(server, "pinned")
    assert admission(server, "pinned", "--digest-only")["digest_only"]
    answer = Registry(server).request("GET", "/v2/pinned/manifests/v1")
    assert (answer.status, error_codes(answer)) == (403, ["DENIED"])
    assert f"pull pinned@{made.digest}" in json.loads(answer.data)["errors"][0]["message"]
    assert status(server, "pinned", made.digest) == 200
    assert status(server, "pinned", "v1", "HEAD") == 200
    Registry(server).push("pinned", made, "v2")
    ids = [{"imageTag": "v1"}, {"imageDigest": made.digest}]
    told = server.client().batch_get_image(repositoryName="pinned", imageIds=ids)
    assert [each["imageId"] for each in told["images"]] == [{"imageDigest": made.digest}]
    assert [each["failureCode"] for each in told["failures"]] == ["ImageInaccessible"]
