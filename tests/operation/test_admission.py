"""What a repository hands out by signature and by digest, from the command line to the answers of both doors."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from entrepot.spec import notation
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
NOTATION, COSIGN = "Notation-OCI-SHA384-ECDSA", "Cosign-OCI-SHA256-ECDSA"


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


def profile(server: Server, name: str, platform: str = NOTATION) -> str:
    """A signing profile; its ARN."""
    return str(server.client("signer").put_signing_profile(profileName=name, platformId=platform)["arn"])


@contextmanager
def signing(server: Server, arn: str, *repositories: str) -> Iterator[None]:
    """Have a profile sign what is pushed to repositories meanwhile."""
    filters = [{"filter": each, "filterType": "WILDCARD_MATCH"} for each in repositories]
    rules = [{"signingProfileArn": arn, "repositoryFilters": filters}]
    server.client().put_signing_configuration(signingConfiguration={"rules": rules})
    yield
    server.client().delete_signing_configuration()


def job_of(server: Server, name: str, digest: str) -> str:
    """The job that signed an image, when it has."""
    image_id = {"imageDigest": digest}

    def is_signed() -> bool:
        told = server.client().describe_image_signing_status(repositoryName=name, imageId=image_id)
        return [each["status"] for each in told["signingStatuses"]] == ["COMPLETE"]

    wait(is_signed, 60, f"{digest} is signed")
    return str(server.client("signer").list_signing_jobs()["jobs"][0]["jobId"])


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


@pytest.mark.parametrize("platform", [NOTATION, COSIGN])
def test_what_no_profile_has_signed_is_refused_and_so_is_what_is_revoked_by_both_doors(server: Server, platform: str):
    name = f"profiled/{platform[:3].lower()}"
    arn, other = profile(server, f"gate{platform[:3]}", platform), profile(server, f"other{platform[:3]}", platform)
    first = image(server, name)
    assert admission(server, name, "--profile", arn)["profiles"] == [arn]
    answer = Registry(server).request("GET", f"/v2/{name}/manifests/v1")
    assert (answer.status, error_codes(answer)) == (403, ["DENIED"])
    assert arn in json.loads(answer.data)["errors"][0]["message"]
    with signing(server, other, name):
        Registry(server).push(name, first, "v1")
        job_of(server, name, first.digest)
    assert status(server, name, "v1") == 403  # another's signature
    second = image_of(BASE, archive({"second": name.encode()}))
    with signing(server, arn, name):
        Registry(server).push(name, second, "v2")
        job = job_of(server, name, second.digest)
    assert status(server, name, "v2") == 200
    ids = [{"imageTag": "v2"}]
    assert server.client().batch_get_image(repositoryName=name, imageIds=ids)["failures"] == []
    server.client("signer").revoke_signature(jobId=job, reason="leaked")
    assert status(server, name, "v2") == 403  # at once
    (failure,) = server.client().batch_get_image(repositoryName=name, imageIds=ids)["failures"]
    assert failure["failureCode"] == "ImageInaccessible"
    admission(server, name, "--profile", arn, mode="audit")
    assert status(server, name, "v2") == 200


def test_what_a_canceled_profile_or_a_revoked_version_has_signed_does_not_count(server: Server):
    signer, name = server.client("signer"), "ended"
    arn = profile(server, "ending")
    server.client().create_repository(repositoryName=name)
    admission(server, name, "--profile", "ending")
    with signing(server, arn, name):
        made = [image_of(BASE, archive({f"file{number}": name.encode()})) for number in range(2)]
        for number, each in enumerate(made):
            moment = datetime.now(UTC)
            Registry(server).push(name, each, f"v{number}")
            job_of(server, name, each.digest)
    version = signer.get_signing_profile(profileName="ending")["profileVersion"]
    signer.revoke_signing_profile(profileName="ending", profileVersion=version, reason="leaked", effectiveTime=moment)
    assert [status(server, name, each.digest) for each in made] == [200, 403]
    profile(server, "ending")  # another version takes nothing back
    assert [status(server, name, each.digest) for each in made] == [200, 403]
    signer.cancel_signing_profile(profileName="ending")
    assert [status(server, name, each.digest) for each in made] == [403, 403]


def test_a_signature_counts_wherever_it_is_copied_to_and_for_what_a_signed_index_names(server: Server):
    arn, ecr = profile(server, "moving"), server.client()
    for name in ("moved/from", "moved/to"):
        ecr.create_repository(repositoryName=name)
        admission(server, name, "--profile", arn)
    child = image(server, "moved/elsewhere")
    Registry(server).push("moved/from", child, "child")
    index = Index(index_of([child]), (child,))
    with signing(server, arn, "moved/from"):
        assert Registry(server).put_manifest("moved/from", "all", index.manifest).status == 201
        job_of(server, "moved/from", index.digest)
    assert {status(server, "moved/from", each) for each in ("all", child.digest)} == {200}
    asked = {"sourceRepositoryName": "moved/from", "sourceImageId": {"imageTag": "all"}, "repositoryName": "moved/to"}
    for referrers, told in ((False, 403), (True, 200)):
        server.client("entrepot").copy_image(**asked, includeReferrers=referrers)
        assert {status(server, "moved/to", each) for each in ("all", child.digest)} == {told}


def test_a_signature_that_a_client_had_made_and_pushed_counts_and_a_forged_one_does_not(server: Server):
    arn = profile(server, "asked")
    made = image(server, "pushed")
    admission(server, "pushed", "--profile", arn)
    payload = notation.payload(made.manifest.media_type, made.digest, len(made.manifest.data))
    asked = {"profileName": "asked", "payload": payload, "payloadFormat": notation.PAYLOAD}
    envelope = server.client("signer").sign_payload(**asked)["signature"]
    forged = envelope[:-3] + b'A"}'
    for layer, told in ((Content(notation.ENVELOPE, forged), 403), (Content(notation.ENVELOPE, envelope), 200)):
        artifact = layouts.manifest(EMPTY, [layer], subject=made.manifest.descriptor(), artifactType=notation.ARTIFACT)
        Registry(server).push("pushed", Image(artifact, EMPTY, (layer,)))
        assert status(server, "pushed", "v1") == told
    other = image_of(BASE, archive({"other": b"pushed"}))
    Registry(server).push("pushed", other, "other")
    moved = layouts.manifest(EMPTY, [layer], subject=other.manifest.descriptor(), artifactType=notation.ARTIFACT)
    Registry(server).push("pushed", Image(moved, EMPTY, (layer,)))
    assert status(server, "pushed", "other") == 403


def test_an_image_does_not_escape_by_a_subject(server: Server, key: Path):
    made = image(server, "escaped")
    admission(server, "escaped", "--key", key)
    told = json.loads(made.manifest.data) | {"subject": made.manifest.descriptor()}
    escaping = Content(made.manifest.media_type, json.dumps(told).encode())
    assert Registry(server).put_manifest("escaped", "v2", escaping).status == 201
    assert status(server, "escaped", "v2") == 403


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("nobody", "is not there"),
        ("arn:aws:signer:us-east-1:000000000000:/signing-jobs/x", "is not the ARN of a signing profile"),
        ("arn:aws:signer:eu-west-1:000000000000:/signing-profiles/some", "must be in the registry's region"),
    ],
)
def test_profiles_that_cannot_sign_there_are_refused_by_name(server: Server, given: str, why: str):
    server.client().create_repository(repositoryName=f"named/{len(given)}")
    place = ("--data", server.data, "--output", "json")
    ended = entrepot(
        "repository", "admission", "set", f"named/{len(given)}", "--mode", "audit", "--profile", given, *place
    )
    assert ended.status != 0
    assert why in ended.complaint
