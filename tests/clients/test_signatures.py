"""notation and cosign verify what is signed on push, and nothing that was tampered with or is revoked."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.clients import signature_tools
from tests.clients.test_create_on_push import PROGRAMS
from tests.clients.workplace import Workplace
from tests.factories.go_programs import built
from tests.factories.layouts import Content, Image, image, index
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait

NOTATION, COSIGN = "Notation-OCI-SHA384-ECDSA", "Cosign-OCI-SHA256-ECDSA"
NAMES = {NOTATION: "notation", COSIGN: "cosign"}
SIGNATURE = "application/vnd.cncf.notary.signature"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
TRUST = {
    "version": "1.0",
    "trustPolicies": [
        {
            "name": "all",
            "registryScopes": ["*"],
            "signatureVerification": {"level": "strict"},
            "trustStores": ["ca:here"],
            "trustedIdentities": ["x509.subject: C=ZZ, ST=us-east-1, O=Entrepot, OU=000000000000, CN=notation"],
        }
    ],
}

COSIGN_2 = ("github.com/sigstore/cosign/v2/cmd/cosign", "v2.6.1")  # the first that looks for bundles beside an image
NO_ROOT = {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}


class Signing:
    """A repository whose images two profiles sign, and the tools that verify them."""

    def __init__(self, server: Server, path: Path) -> None:
        self.programs = {name: signature_tools.command(name) for name in ("notation", "cosign")}
        self.programs["cosign 2"] = signature_tools.command("cosign", "trixie")
        self.place = Workplace(server, path, "clients/signed")
        self.repository = self.place.repository
        self.place.ecr.create_repository(repositoryName=self.repository)
        self.signer, self.registry = server.client("signer"), Registry(server)
        self.made = {platform: self.put(platform) for platform in NAMES}
        self.configure(*self.made)
        self.password = self.place.password()
        self._trust()

    def put(self, platform: str) -> Any:
        """A profile, or another version of it."""
        return self.signer.put_signing_profile(profileName=NAMES[platform], platformId=platform)

    def configure(self, *platforms: str) -> None:
        """Have profiles of these platforms sign what is pushed."""
        rules = [{"signingProfileArn": self.made[each]["arn"]} for each in platforms]
        self.place.ecr.put_signing_configuration(signingConfiguration={"rules": rules})

    def renew(self) -> None:
        """A version of notation's profile that nobody has revoked, and whose list nobody has read."""
        self.made[NOTATION] = self.put(NOTATION)

    def push(self, seed: int) -> Image:
        """An image, and its signatures."""
        content = image(seed=seed)
        self.registry.push(self.repository, content, f"v{seed}")
        self.signed(content.digest)
        return content

    def signed(self, digest: str) -> None:
        """Wait until all profiles have signed."""
        wait(lambda: all(each["status"] != "IN_PROGRESS" for each in self.statuses(digest)), 60, "signed")
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
        found: Sequence[Any] = json.loads(listed.data)["manifests"]
        return found

    def _trust(self) -> None:
        """Have notation trust the account's root, and keep the public key for cosign."""
        place = self.place
        data = ("--data", place.server.data)
        (place.path / "root.pem").write_text(place.run("entrepot", "signing", "root", *data))
        (place.path / "cosign.pub").write_text(place.run("entrepot", "signing", "key", NAMES[COSIGN], *data))
        (place.path / "policy.json").write_text(json.dumps(TRUST))
        notation = self.programs["notation"]
        place.run(*notation, "cert", "add", "--type", "ca", "--store", "here", place.path / "root.pem")
        place.run(*notation, "policy", "import", "--force", place.path / "policy.json")

    def notation(self, digest: str, *, succeeds: bool = True) -> str:
        """What notation says of an image."""
        return self.place.run(
            *self.programs["notation"],
            *("verify", "--debug", "--insecure-registry", "-u", "AWS", "-p", self.password),
            f"{self.place.address}@{digest}",
            succeeds=succeeds,
        )

    def cosign(self, digest: str, *, succeeds: bool = True) -> str:
        """What cosign says of it."""
        key = ("--key", self.place.path / "cosign.pub", "--insecure-ignore-tlog=true")
        return self.by_cosign("cosign", "verify", *key, f"{self.place.address}@{digest}", succeeds=succeeds)

    def by_cosign(self, version: str, action: str, *arguments: str | Path, succeeds: bool = True) -> str:
        """What a version of cosign says, with the registry's password."""
        return self.place.run(
            *self.programs[version],
            *(action, "--allow-insecure-registry", "--allow-http-registry"),
            *("--registry-username", "AWS", "--registry-password", self.password),
            *arguments,
            succeeds=succeeds,
            COSIGN_PASSWORD="",
        )


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Signing]:
    place = tmp_path_factory.mktemp("signatures")
    with serve(place / "server") as server:
        yield Signing(server, place)


def test_both_verify_what_was_pushed(signing: Signing):
    content = signing.push(9101)
    assert "Successfully verified" in signing.notation(content.digest)
    assert content.digest in signing.cosign(content.digest)
    told = signing.referrers(content.digest)
    assert sorted(each["artifactType"] for each in told) == [SIGNATURE, BUNDLE]
    assert not any(signing.statuses(each["digest"]) for each in told), "signatures are signed by nobody"


def test_an_index_and_what_it_lists_are_signed_each(signing: Signing):
    content = index(9102)
    signing.registry.push(signing.repository, content, "multi")
    for digest in (content.digest, *(each.digest for each in content.children)):
        signing.signed(digest)
    signing.notation(content.digest)
    signing.cosign(content.digest)
    signing.notation(content.children[0].digest)


def test_a_signature_of_another_image_is_refused(signing: Signing):
    one, other = signing.push(9104), image(seed=9105)
    signing.configure()
    signing.registry.push(signing.repository, other, "other")
    signing.configure(*NAMES)
    for each in signing.referrers(one.digest):
        body = json.loads(signing.registry.pull_manifest(signing.repository, each["digest"]).data)
        body["subject"] = other.manifest.descriptor()
        moved = Content(each["mediaType"], json.dumps(body).encode())
        assert signing.registry.put_manifest(signing.repository, moved.digest, moved).status == 201
    assert "signature verification failed" in signing.notation(other.digest, succeeds=False)
    signing.cosign(other.digest, succeeds=False)


def test_what_is_revoked_is_refused_and_nothing_else(signing: Signing):
    signing.renew()
    made = signing.made[NOTATION]
    signatures = [signing.push(9106 + number) for number in range(3)]
    jobs = signing.signer.list_signing_jobs(platformId=NOTATION)["jobs"]
    second, first = (each for each in jobs[1:3])
    assert first["profileVersion"] == second["profileVersion"] == made["profileVersion"]
    signing.signer.revoke_signature(jobId=first["jobId"], reason="leaked")
    assert "revoked" in signing.notation(signatures[0].digest, succeeds=False)
    signing.notation(signatures[1].digest)


def test_signatures_of_a_revoked_version_are_refused_from_then_on(signing: Signing):
    signing.renew()
    made = signing.made[NOTATION]
    before = signing.push(9116)
    moment = datetime.now(UTC)
    after = signing.push(9117)
    signing.signer.revoke_signing_profile(
        profileName=NAMES[NOTATION], profileVersion=made["profileVersion"], reason="leaked", effectiveTime=moment
    )
    assert "revoked" in signing.notation(after.digest, succeeds=False)
    signing.notation(before.digest)


def test_both_versions_that_know_bundles_verify_what_was_pushed(signing: Signing, full: bool):
    signing.renew()
    content, root = signing.push(9121), signing.place.path / "no-root.json"
    root.write_text(json.dumps(NO_ROOT))
    flags = ("--insecure-ignore-tlog=true", "--new-bundle-format", "--trusted-root", root)
    named = ("--key", signing.place.path / "cosign.pub", f"{signing.place.address}@{content.digest}")
    versions = ["cosign"]
    if full or (PROGRAMS / "cosign").exists():  # it takes minutes to build
        signing.programs["cosign 2.6"] = [str(built(PROGRAMS, "cosign", *COSIGN_2))]
        versions.append("cosign 2.6")
    for version in versions:
        assert content.digest in signing.by_cosign(version, "verify", *flags, *named)


def test_what_cosign_2_signs_is_tagged_goes_with_its_image_and_counts_for_admission(signing: Signing):
    place, content = signing.place, image(seed=9122)
    source, target = f"{place.repository}-staging", f"{place.repository}-gate"
    for name in (source, target):
        place.ecr.create_repository(repositoryName=name)
    signing.configure()
    signing.registry.push(source, content, "v1")
    place.run(*signing.programs["cosign 2"], "generate-key-pair", "--output-key-prefix", "own", COSIGN_PASSWORD="")
    setting = ("--mode", "enforce", "--max-severity", "CRITICAL", "--key", place.path / "own.pub")
    place.run("entrepot", "repository", "admission", "set", target, *setting, "--data", place.server.data)
    own, signed = place.path / "own.key", f"{place.server.host}/{source}@{content.digest}"
    signing.by_cosign("cosign 2", "sign", "--key", own, "--tlog-upload=false", "--yes", signed)
    assert set(signing.registry.tags(source)) == {"v1", content.digest.replace(":", "-") + ".sig"}
    asked = {"sourceRepositoryName": source, "sourceImageId": {"imageTag": "v1"}, "repositoryName": target}

    def status() -> int:
        return signing.registry.request("GET", f"/v2/{target}/manifests/v1").status

    place.server.client("entrepot").copy_image(**asked)
    assert status() == 403
    place.server.client("entrepot").copy_image(**asked, includeReferrers=True)
    wait(lambda: status() == 200, 60, "an image that counts as signed")
    key = ("--key", place.path / "own.pub", "--insecure-ignore-tlog=true")
    for version in ("cosign 2", "cosign"):
        said = signing.by_cosign(version, "verify", *key, f"{place.server.host}/{target}@{content.digest}")
        assert content.digest in said
    signing.configure(*NAMES)
