"""The job that reads pushed documents: once, bounded, refused with a reason, believed only while they are."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from entrepot.core import deletion
from entrepot.core.scanning import exceptions, vex_trust
from entrepot.core.scanning.enhanced_shown import Texts
from entrepot.core.scanning.excepting import Excepting
from entrepot.core.units import Units
from entrepot.db import vex_referrers
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from entrepot.spec.repository import RepositoryKey
from entrepot.store.filesystem import Filesystem
from tests.factories import layouts
from tests.factories.callers import caller, registry
from tests.factories.layouts import Content
from tests.factories.scanning import OPENSSL, Scanning, pushed

OPENVEX = "application/vnd.openvex+json"


def vex(status: str = "not_affected", **fields: Any) -> bytes:
    statement = {"vulnerability": {"name": OPENSSL.name}, "status": status, "justification": "component_not_present"}
    return json.dumps(
        {
            "@context": "https://openvex.dev/ns/v0.2.0",
            "@id": "https://vex.test/1",
            "author": "them",
            "timestamp": "2025-01-01T00:00:00Z",
            "statements": [statement],
            **fields,
        }
    ).encode()


def cyclonedx(*told: dict[str, Any]) -> bytes:
    return json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
            "metadata": {
                "timestamp": "2025-01-01T00:00:00Z",
                "component": {"type": "application", "name": "shop", "bom-ref": "shop"},
            },
            "vulnerabilities": told,
        }
    ).encode()


NOT_REACHED = {
    "id": OPENSSL.name,
    "analysis": {"state": "not_affected", "justification": "code_not_reachable"},
    "affects": [{"ref": "shop"}],
}


def csaf() -> bytes:
    about = {
        "category": "csaf_vex",
        "csaf_version": "2.0",
        "publisher": {"name": "them"},
        "tracking": {"id": "VEX-1", "version": "1", "current_release_date": "2025-01-01T00:00:00Z"},
    }
    helper = {"purl": "pkg:oci/shop"}
    tree = {"full_product_names": [{"product_id": "shop", "product_identification_helper": helper}]}
    flags = [{"label": "component_not_present", "product_ids": ["shop"]}]
    status = {"known_not_affected": ["shop"]}
    told = [{"cve": OPENSSL.name, "product_status": status, "flags": flags}]
    return json.dumps({"document": about, "product_tree": tree, "vulnerabilities": told}).encode()


async def nothing(_: Sequence[str]) -> Mapping[str, Texts]:
    """No texts of advisories: basic scanning tells of none."""
    return {}


class Documents:
    """A repository that trusts documents, with an image, and the job over a store that holds their bytes."""

    def __init__(self, scanning: Scanning, directory: Path) -> None:
        self.scanning, self.core = scanning, scanning.core
        self.directory = directory
        self.key: RepositoryKey = pushed(scanning)
        scanning.step()
        self.subject = scanning.report(self.key).digest
        self.job = Excepting(Units(scanning.core.database, scanning.pool), Filesystem(directory), nothing, ())
        self.core.write(vex_trust.put, self.key)

    def push(self, document: bytes, media_type: str = OPENVEX, *, write: bool = True, **fields: Any) -> Manifest:
        """A document that refers to the image."""
        return self.attach(str(self.subject), Content(media_type, document), media_type, write=write, **fields)

    def attach(
        self, subject: str, layer: Content, artifact: str, *, write: bool = True, tag: str | None = None, **fields: Any
    ) -> Manifest:
        """An artifact of one layer that refers to a manifest, or to none."""
        config = Content("application/vnd.oci.empty.v1+json", b"{}")
        told = {"mediaType": layouts.OCI_MANIFEST, "digest": subject, "size": 1}
        fields |= {"subject": told} if subject else {}
        made = layouts.manifest(config, [layer], artifactType=artifact, **fields)
        manifest = Manifest.parse(made.data, made.media_type)
        for data in (config.data, layer.data):
            blob = self.core.blob(self.key, data)
            path = self.directory / blob.location
            if write:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        self.core.put(self.key, manifest, *((tag,) if tag else ()))
        return manifest

    def run(self) -> dict[str, object]:
        return asyncio.run(self.job.run(self.scanning.now))

    def outcomes(self) -> list[str]:
        return [each.outcome for each in self.core.read(vex_trust.get, self.key).documents]

    def suppressed(self) -> bool:
        return "status" in dict(self.scanning.report(self.key).findings[0].attributes)


@pytest.fixture
def documents(scanning: Scanning, tmp_path: Path) -> Documents:
    return Documents(scanning, tmp_path)


def test_a_document_is_read_once_and_says_what_counts(documents: Documents):
    documents.push(vex())
    assert documents.run() == {"documents": 1, "images": 1}
    assert documents.run() == {}
    assert documents.suppressed()
    (said,) = documents.core.read(exceptions.list_of, registry(), 9)
    assert (said.owner, said.digest) == (caller().principal.arn, documents.subject)


@pytest.mark.parametrize(
    ("document", "media_type"),
    [(cyclonedx(NOT_REACHED), "application/vnd.cyclonedx+json"), (csaf(), "application/csaf+json")],
)
def test_documents_of_each_format_say_the_same(documents: Documents, document: bytes, media_type: str):
    documents.push(document, media_type)
    assert documents.run() == {"documents": 1, "images": 1}
    assert documents.outcomes() == [""]
    assert documents.suppressed()


def test_an_sbom_is_no_document_that_is_refused(documents: Documents):
    documents.push(cyclonedx(), "application/vnd.cyclonedx+json")
    assert documents.run() == {}
    assert documents.outcomes() == []


def test_what_is_no_document_is_not_looked_at(documents: Documents):
    documents.push(b"{}", "application/spdx+json")
    assert documents.core.read(vex_trust.get, documents.key).documents == []
    documents.core.write(vex_trust.put, documents.key)  # everything that refers to something is looked at once
    assert documents.run() == {}
    assert documents.core.read(vex_trust.get, documents.key).documents == []


@pytest.mark.parametrize(
    ("document", "why"),
    [
        (b"{}", "cannot be used"),
        (vex(statements=[{"vulnerability": {"name": "CVE-1"}, "status": "not_affected"}]), "without a justification"),
        (vex() + b" " * (5 * 1024 * 1024), "more than 4194304"),
        (
            vex(
                statements=[
                    {"vulnerability": {"name": f"CVE-{each}"}, "status": "fixed", "products": []}
                    for each in range(2001)
                ]
            ),
            "says 2001 things",
        ),
    ],
)
def test_a_document_that_cannot_be_used_says_nothing_and_why(documents: Documents, document: bytes, why: str):
    documents.push(document)
    documents.run()
    (told,) = documents.outcomes()
    assert why in told
    assert not documents.suppressed()
    assert documents.core.read(exceptions.list_of, registry(), 9) == []


def test_bytes_that_are_not_there_are_looked_for_again_and_then_given_up(documents: Documents):
    documents.push(vex(), write=False)
    for _ in range(9):
        assert "documents" not in documents.run() or documents.outcomes() != [""]
        documents.scanning.later(hours=1)
    assert documents.outcomes() == ["Its bytes cannot be read: push it again."]


def test_a_repository_that_trusts_no_more_counts_everything(documents: Documents):
    documents.push(vex())
    documents.run()
    assert documents.suppressed()
    documents.core.write(vex_trust.delete, documents.key)
    assert not documents.suppressed()
    documents.push(vex(author="others"))
    assert documents.run() == {"images": 1}
    assert not documents.suppressed()


def test_what_was_pushed_before_is_read_when_it_is_trusted_again(documents: Documents):
    documents.push(vex())
    documents.core.write(vex_trust.delete, documents.key)
    assert documents.run() == {}
    documents.core.write(vex_trust.put, documents.key)
    assert documents.run()["documents"] == 1
    assert documents.suppressed()


def test_a_document_that_is_deleted_says_nothing_any_more(documents: Documents):
    made = documents.push(vex())
    documents.run()
    documents.core.write(deletion.delete, documents.key, Digest(made.digest))
    assert not documents.suppressed()


def test_a_document_that_is_pushed_while_another_is_read_is_not_lost(documents: Documents):
    made = documents.push(vex())
    repository = documents.core.present(documents.key)
    documents.core.database.submit(lambda tx: vex_referrers.distrust(tx, repository.id)).result()
    assert documents.run() == {}
    assert not documents.suppressed()
    documents.core.write(vex_trust.put, documents.key)
    documents.run()
    assert documents.suppressed()
    assert documents.outcomes() == [""]
    assert made.subject is not None
