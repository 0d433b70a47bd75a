"""notation and cosign verify what keys of another make's Key Management Service sign on push."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.test_signatures import COSIGN, NAMES, NOTATION, Signing
from tests.factories.key_services import KeyHouse, moto_keys
from tests.factories.layouts import image
from tests.factories.processes import Server, serve

SPECS = {NOTATION: "ECC_NIST_P384", COSIGN: "ECC_NIST_P256"}


class RemoteSigning(Signing):
    """The same with keys that are elsewhere."""

    def __init__(self, server: Server, path: Path, house: KeyHouse) -> None:
        self.keys = house.client()
        super().__init__(server, path)

    def put(self, platform: str) -> Any:
        """A profile, or another version of it, whose key is elsewhere."""
        key = self.keys.create_key(KeySpec=SPECS[platform], KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
        return self.signer.put_signing_profile(
            profileName=NAMES[platform], platformId=platform, signingParameters={"kmsKeyArn": key}
        )


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RemoteSigning]:
    place = tmp_path_factory.mktemp("remote")
    with (
        moto_keys(place / "keys") as house,
        serve(place / "server", environment=house.settings()) as server,
    ):
        yield RemoteSigning(server, place, house)


def test_both_verify_what_keys_elsewhere_signed(signing: RemoteSigning):
    content = signing.push(9201)
    assert "Successfully verified" in signing.notation(content.digest)
    assert content.digest in signing.cosign(content.digest)


def test_signatures_of_other_keys_are_refused(signing: RemoteSigning):
    signing.made = {platform: signing.put(platform) for platform in NAMES}
    content = signing.push(9202)
    signing.notation(content.digest)
    signing.cosign(content.digest, succeeds=False)


def test_signatures_go_into_a_repository_that_a_key_elsewhere_encrypts(signing: RemoteSigning):
    key = signing.keys.create_key(KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
    signing.repository = "clients/far"
    configuration = {"encryptionType": "KMS", "kmsKey": key}
    signing.place.ecr.create_repository(repositoryName=signing.repository, encryptionConfiguration=configuration)
    content = image(seed=9203)
    signing.registry.push(signing.repository, content, "v1")
    signing.signed(content.digest)
    for each in signing.referrers(content.digest):
        assert signing.registry.pull(signing.repository, each["digest"])
