"""notation and cosign verify what is signed on push, and nothing that was tampered with or is revoked."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.clients import signature_tools
from tests.clients.workplace import Workplace
from tests.factories.layouts import Content, Image, image, index
from tests.factories.processes import Server
from tests.factories.registry import Registry
from tests.factories.waiting import wait

NOTATION, COSIGN = "Notation-OCI-SHA384-ECDSA", "Cosign-OCI-SHA256-ECDSA"
SIGNATURE = "application/vnd.cncf.notary.signature"


class Signing:
    """A repository whose images two profiles sign, and the tools that verify them."""

    def __init__(self, server: Server, path: Path, name: str) -> None:
        self.place = Workplace(server, path, f"signed/{name}")
        self.repository = self.place.repository
        self.place.ecr.create_repository(repositoryName=self.repository)
        self.signer = server.client("signer")
        self.registry = Registry(server)
        self.made = {
            platform: self.signer.put_signing_profile(profileName=f"{platform[:6]}_{name}", platformId=platform)
            for platform in (NOTATION, COSIGN)
        }
        rules = [{"signingProfileArn": each["arn"]} for each in self.made.values()]
        self.place.ecr.put_signing_configuration(signingConfiguration={"rules": rules})

    def push(self, seed: int) -> Image:
        """An image, and its signatures."""
        content = image(seed=seed)
        self.registry.push(self.repository, content, f"v{seed}")
        self.signed(content.digest)
        return content

    def signed(self, digest: str) -> None:
        """Wait until all profiles have signed."""
        wait(lambda: all(each["status"] != "IN_PROGRESS" for each in self.statuses(digest)), what="signed")
        told = self.statuses(digest)
        assert [each["status"] for each in told] == ["COMPLETE", "COMPLETE"], told

    def statuses(self, digest: str) -> Any:
        """How far each profile is."""
        return self.place.ecr.describe_image_signing_status(
            repositoryName=self.repository, imageId={"imageDigest": digest}
        )["signingStatuses"]

    def referrers(self, digest: str) -> Sequence[Any]:
        """What refers to an image."""
        listed = self.registry.request("GET", f"/v2/{self.repository}/referrers/{digest}")
        return json.loads(listed.data)["manifests"]  # type: ignore[no-any-return]  # as the specification has it

    def trust(self) -> None:
        """Have notation trust the account's root."""
        place = self.place
        root = place.path / "root.pem"
        root.write_text(place.run("entrepot", "signing", "root", "--data", place.server.data))
        self.notation("cert", "add", "--type", "ca", "--store", "here", str(root))
        policy = {
            "version": "1.0",
            "trustPolicies": [
                {
                    "name": "all",
                    "registryScopes": ["*"],
                    "signatureVerification": {"level": "strict"},
                    "trustStores": ["ca:here"],
                    "trustedIdentities": ["x509.subject: C=ZZ, ST=us-east-1, O=Entrepot, OU=000000000000"],
                }
            ],
        }
        (place.path / "policy.json").write_text(json.dumps(policy))
        self.notation("policy", "import", "--force", str(place.path / "policy.json"))

    def notation(self, *arguments: str, succeeds: bool = True) -> str:
        """What notation says."""
        return self.place.run(*signature_tools.command("notation"), *arguments, succeeds=succeeds)

    def notation_verify(self, digest: str, *, succeeds: bool = True) -> str:
        """What it says of an image."""
        return self.notation(
            *("verify", "--debug", "--insecure-registry", "-u", "AWS", "-p", self.place.password()),
            f"{self.place.address}@{digest}",
            succeeds=succeeds,
        )

    def cosign_verify(self, digest: str, *, succeeds: bool = True) -> str:
        """What cosign says of it, by the key that the profile shows."""
        place = self.place
        name = self.made[COSIGN]["arn"].rpartition("/")[2]
        (place.path / "cosign.pub").write_text(
            place.run("entrepot", "signing", "key", name, "--data", place.server.data)
        )
        return place.run(
            *signature_tools.command("cosign"),
            *("verify", "--key", str(place.path / "cosign.pub"), "--insecure-ignore-tlog=true"),
            *("--allow-insecure-registry", "--allow-http-registry"),
            *("--registry-username", "AWS", "--registry-password", place.password()),
            f"{place.address}@{digest}",
            succeeds=succeeds,
        )


@pytest.fixture
def signing(plain_server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Signing]:
    made = Signing(plain_server, tmp_path, request.node.name.partition("[")[0][-20:].strip("_").replace("_", ""))
    with made.place.cleanup:
        yield made
    made.place.ecr.delete_signing_configuration()


def test_both_verify_what_was_pushed(signing: Signing):
    signing.trust()
    content = signing.push(9101)
    assert "Successfully verified" in signing.notation_verify(content.digest)
    assert content.digest in signing.cosign_verify(content.digest)
    told = signing.referrers(content.digest)
    assert sorted(each["artifactType"] for each in told) == [SIGNATURE, "application/vnd.dev.sigstore.bundle.v0.3+json"]
    assert all(not signing.statuses(each["digest"]) for each in told), "signatures are signed by nobody"


def test_an_index_and_what_it_lists_are_signed_each(signing: Signing):
    signing.trust()
    content = index(9102)
    signing.registry.push(signing.repository, content, "multi")
    for digest in (content.digest, *(each.digest for each in content.children)):
        signing.signed(digest)
        signing.notation_verify(digest)
        signing.cosign_verify(digest)


def test_a_signature_of_another_image_is_refused(signing: Signing):
    signing.trust()
    one, other = signing.push(9104), image(seed=9105)
    signing.place.ecr.put_signing_configuration(signingConfiguration={"rules": []})
    signing.registry.push(signing.repository, other, "other")
    for each in signing.referrers(one.digest):
        body = json.loads(signing.registry.pull_manifest(signing.repository, each["digest"]).data)
        body["subject"] = {
            "mediaType": other.manifest.media_type,
            "digest": other.digest,
            "size": len(other.manifest.data),
        }
        moved = Content(each["mediaType"], json.dumps(body).encode())
        assert signing.registry.put_manifest(signing.repository, moved.digest, moved).status == 201
    assert "signature verification failed" in signing.notation_verify(other.digest, succeeds=False)
    signing.cosign_verify(other.digest, succeeds=False)


def test_a_revoked_signature_is_refused_and_no_other(signing: Signing):
    signing.trust()
    one, other = signing.push(9106), signing.push(9107)
    arn = signing.made[NOTATION]["profileVersionArn"]
    jobs = [
        each
        for each in signing.signer.list_signing_jobs(platformId=NOTATION)["jobs"]
        if each["profileVersion"] == arn.rpartition("/")[2]
    ]
    first = min(jobs, key=lambda each: each["createdAt"])
    signing.signer.revoke_signature(jobId=first["jobId"], reason="leaked")
    assert "revoked" in signing.notation_verify(one.digest, succeeds=False)
    signing.notation_verify(other.digest)


def test_signatures_of_a_revoked_version_are_refused_from_then_on(signing: Signing):
    signing.trust()
    before = signing.push(9108)
    moment = datetime.now(UTC)
    after = signing.push(9109)
    made = signing.made[NOTATION]
    name = made["arn"].rpartition("/")[2]
    signing.signer.revoke_signing_profile(
        profileName=name, profileVersion=made["profileVersion"], reason="leaked", effectiveTime=moment
    )
    assert "revoked" in signing.notation_verify(after.digest, succeeds=False)
    signing.notation_verify(before.digest)
