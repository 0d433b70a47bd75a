"""The client of registries against a real server of this project: what was pushed is pulled, by tag and by digest."""

from collections.abc import AsyncIterator

import pytest

from entrepot.outbound import Destinations, Outbound
from entrepot.outbound.faults import RegistryRefused
from entrepot.outbound.registries import Place, Repository
from entrepot.outbound.registry_logins import ANONYMOUS, Login
from entrepot.outbound.registry_uploads import Begin
from entrepot.spec.digest import Digest
from entrepot.spec.reference import Tag
from tests.factories.layouts import Content, Image, manifest
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry

SMALL = ("--workers", "1")
TRIVY_CONFIG = "application/vnd.aquasec.trivy.config.v1+json"
TRIVY_DB = "application/vnd.aquasec.trivy.db.layer.v1.tar+gzip"


def repository(server: Server, login: Login, name: str = "db") -> Repository:
    outbound = Outbound(Destinations(["127.0.0.1"]), server.ca)
    return Repository(outbound, Place.parse(f"{server.base_url}/{name}"), login)


def pieces(data: bytes) -> Begin:
    async def made(offset: int) -> AsyncIterator[bytes]:
        for start in range(offset, len(data), 1 << 20):
            yield data[start : start + (1 << 20)]

    return made


async def pushed(client: Repository, content: Image, tag: str) -> Digest:
    for blob in content.blobs:
        await client.push_blob(Digest(blob.digest), len(blob.data), pieces(blob.data))
    return await client.put_manifest(Tag(tag), content.manifest.media_type, content.manifest.data)


@pytest.mark.parametrize("tls", [False, True])
async def test_what_the_client_pushes_it_pulls_and_others_too(tmp_path, tls):
    """With layers as trivy-db has them: a registry that a scanner of others fetches its database from."""
    config, layer = Content(TRIVY_CONFIG, b"{}"), Content(TRIVY_DB, b"database" * 400_000)
    content = Image(manifest(config, [layer]), config, (layer,))
    with serve(tmp_path, extra=SMALL, tls=tls) as server:
        server.client().create_repository(repositoryName="db")
        client = repository(server, Login("AWS", server.token()))
        assert await pushed(client, content, "2") == content.digest
        for reference in (Tag("2"), Digest(content.digest)):
            pulled = await client.manifest(reference)
            assert (pulled.body, pulled.digest) == (content.manifest.data, content.digest)
        async with client.blob(Digest(layer.digest), len(layer.data)) as blob:
            assert b"".join([each async for each in blob.pieces()]) == layer.data
        assert Registry(server).pull("db", "2")
        await pushed(client, content, "again")


async def test_nobody_pulls_nothing(tmp_path):
    with serve(tmp_path, extra=SMALL) as server:
        server.client().create_repository(repositoryName="db")
        for login, status in ((ANONYMOUS, 401), (Login("AWS", "wrong"), 401), (Login("AWS", server.token()), 404)):
            with pytest.raises(RegistryRefused) as refused:
                await repository(server, login).manifest(Tag("1"))
            assert refused.value.status == status
