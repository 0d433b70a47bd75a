"""The client of registries against registries of other make, with their tokens and their Basic credentials: whatever
is pushed there is pulled, by range, page and referrer too.
"""

import json
from collections.abc import Iterator

import pytest

from entrepot.outbound import Destinations, Outbound
from entrepot.outbound.faults import ContentMissing, CredentialsRefused
from entrepot.outbound.registries import Place, Registries, Repository
from entrepot.outbound.registry_logins import ANONYMOUS, Login
from entrepot.spec.digest import Digest, hasher
from entrepot.spec.reference import Tag
from tests.factories import other_registries
from tests.factories.layouts import OCI_INDEX, Content, Image, image, index, manifest
from tests.factories.other_registries import OtherRegistry, pieces, pushed

LARGE = Content("application/vnd.oci.image.layer.v1.tar", b"0123456789abcdef" * (1 << 21))  # 32 MiB


@pytest.fixture(scope="module", params=["distribution", "zot"])
def other(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherRegistry]:
    with getattr(other_registries, request.param)(tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture
def registries() -> Registries:
    return Registries(Outbound(Destinations(["127.0.0.1"])))


def repository(registries: Registries, other: OtherRegistry, name: str, login: Login | None = None) -> Repository:
    return registries.repository(Place.parse(f"{other.url}/{name}"), other.login if login is None else login)


async def taken(client: Repository, content: Content, **how) -> bytes:
    async with client.blob(Digest(content.digest), **how) as blob:
        assert blob.size == len(content.data)
        return b"".join([piece async for piece in blob.pieces()])


async def test_what_is_pushed_is_pulled(registries, other):
    made = image(51)
    content = Image(manifest(made.config, [*made.layers, LARGE]), made.config, (*made.layers, LARGE))
    client = repository(registries, other, "team/app")
    await pushed(client, content, "v1")
    for reference in (Tag("v1"), Digest(content.digest)):
        pulled = await client.manifest(reference)
        assert (pulled.body, pulled.media_type) == (content.manifest.data, content.manifest.media_type)
        assert await client.head(reference) == content.digest
    for blob in content.blobs:
        assert await taken(client, blob, size=len(blob.data)) == blob.data
    half = len(LARGE.data) // 2
    before = hasher("sha256")
    before.update(LARGE.data[:half])
    assert await taken(client, LARGE, offset=half, running=before) == LARGE.data[half:]


async def test_an_index_is_pushed_after_its_children(registries, other):
    content = index(52)
    client = repository(registries, other, "team/index")
    for child in content.children:
        await pushed(client, child)
        await client.put_manifest(Digest(child.digest), child.manifest.media_type, child.manifest.data)
    await client.put_manifest(Tag("v1"), content.manifest.media_type, content.manifest.data)
    assert (await client.manifest(Tag("v1"))).digest == content.digest


async def test_a_blob_of_a_repository_beside_is_mounted(registries, other):
    content = image(53)
    await pushed(repository(registries, other, "team/first"), content, "v1")
    second = repository(registries, other, "team/second")
    blob = content.layers[0]
    await second.push_blob(Digest(blob.digest), len(blob.data), pieces(blob.data), mount_from="team/first")
    assert await taken(second, blob) == blob.data


async def test_tags_are_all_listed(registries, other):
    client = repository(registries, other, "team/tags")
    names = [f"v{number}" for number in range(12)]
    await pushed(client, image(54), *names)
    assert sorted(await client.tags()) == sorted(names)


async def test_referrers_are_found_by_the_api_or_by_their_tag(registries, other):
    subject = image(55)
    kind = "application/vnd.example.sbom"
    referrer = image(56, subject=subject.manifest.descriptor(), artifactType=kind)
    client = repository(registries, other, "team/signed")
    await pushed(client, subject, "v1")
    await pushed(client, referrer)
    await client.put_manifest(Digest(referrer.digest), referrer.manifest.media_type, referrer.manifest.data)
    if other.name == "distribution":  # which has no such API: its clients keep the tag
        listed = {"schemaVersion": 2, "manifests": [referrer.manifest.descriptor(artifactType=kind)]}
        await client.put_manifest(Tag(subject.digest.replace(":", "-")), OCI_INDEX, json.dumps(listed).encode())
    (found,) = await client.referrers(Digest(subject.digest))
    assert (found.digest, found.artifact_type) == (referrer.digest, kind)
    assert await client.referrers(Digest(subject.digest), kind) == (found,)
    assert await client.referrers(Digest(subject.digest), "other/kind") == ()
    assert await client.referrers(Digest(referrer.digest)) == ()


async def test_who_has_no_credentials_or_wrong_ones_is_told_so(registries, other):
    await pushed(repository(registries, other, "team/private"), image(57), "v1")
    for login in (ANONYMOUS, Login(other.login.username, "wrong")):
        with pytest.raises(CredentialsRefused):
            await repository(registries, other, "team/private", login).manifest(Tag("v1"))


async def test_what_is_absent_is_missing(registries, other):
    client = repository(registries, other, "team/app")
    await pushed(client, image(58), "v1")
    for asking in (client.manifest(Tag("none")), client.manifest(Digest.of(b"none"))):
        with pytest.raises(ContentMissing):
            await asking
    with pytest.raises(ContentMissing):
        async with client.blob(Digest.of(b"none")):
            pass
    assert await client.head(Tag("none")) is None
    assert not await client.has_blob(Digest.of(b"none"))
