"""Every state change writes its events and its audit record in its own transaction; a second run repeats their ids."""

import importlib
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from entrepot.core import deletion, images, public_registries, repositories, resource_tags
from entrepot.core.access import Caller
from entrepot.core.admission import Draft
from entrepot.core.calls import Identity
from entrepot.core.catalog_data import CatalogData
from entrepot.core.deletion import ImageId
from entrepot.core.image_copies import Wanted
from entrepot.core.images import OCI_RULES
from entrepot.core.public_registries import PublicDraft
from entrepot.core.referrers import ReferrerFilter
from entrepot.core.repositories import RepositoryDraft
from entrepot.core.uploads import Bytes
from entrepot.db.database import Transaction
from entrepot.db.records import Blob, Upload
from entrepot.db.schema import metadata
from entrepot.spec.digest import Digest
from entrepot.spec.event_ids import event_id
from entrepot.spec.moments import micros
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey, public_registry
from tests.factories import undo_cases
from tests.factories.callers import ACCOUNT, EPOCH, REGION, caller, image_manifest, index_manifest, repository
from tests.factories.core_database import CoreDatabase, call_in
from tests.unit.core.test_authorisation import KEYWORDS, PRINCIPAL, RECORDERS, public_units

KEY = repository("one")
PNG = b"\x89PNG\r\n\x1a\n"
UPLOAD = Upload("u", "", ACCOUNT, "sha256", 0, 0, "", "boot", 0, None, None, EPOCH)
LOOSE = Digest.of(b"loose")
STANDING = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Resource": "*"}}'
)
POLICY = STANDING.replace("ecr:*", "ecr:BatchGetImage")
IMAGE = image_manifest([b"layer"])
NEW = image_manifest([b"layer"], annotations={"new": "yes"})
FRESH = Blob("01J", "main", Digest.of(b"fresh"), "blobs/fresh.01J", 5, "live")

# use case -> its arguments in the house below, the audit record's name, the events' action types
WRITES: dict[str, tuple[tuple[Any, ...], str, list[str]]] = {
    "blobs.delete": ((KEY, LOOSE), "DeleteLayer", []),
    "blobs.mount": ((KEY, repository("two"), Digest.of(b"other")), "MountLayer", []),
    "catalog_data.put": ((KEY, CatalogData("text", logo=PNG)), "PutRepositoryCatalogData", []),
    "deletion.batch_delete": ((KEY, [ImageId(None, "v1"), ImageId(None, "v2")]), "BatchDeleteImage", ["DELETE"] * 2),
    "deletion.delete": ((KEY, IMAGE.digest), "BatchDeleteImage", ["DELETE"] * 2),
    "image_copies.put": ((KEY, repository("two"), IMAGE, IMAGE.digest, Tag("v1")), "PutImage", ["PUSH"]),
    "images.put": ((KEY, Tag("v1"), NEW, OCI_RULES), "PutImage", ["PUSH"]),
    "public_registries.create_repository": (
        (RepositoryKey(public_registry(ACCOUNT), "new"), PublicDraft(RepositoryDraft(), CatalogData("text"))),
        "CreateRepository",
        [],
    ),
    "public_registries.set_display_name": (("a name",), "PutRegistryCatalogData", []),
    "pull_exclusions.deregister": (
        (KEY.registry, f"{PRINCIPAL}/old"),
        "DeregisterPullTimeUpdateExclusion",
        [],
    ),
    "pull_exclusions.register": ((KEY.registry, PRINCIPAL), "RegisterPullTimeUpdateExclusion", []),
    "registries.delete_policy": ((KEY.registry,), "DeleteRegistryPolicy", []),
    "admission.delete": ((KEY,), "DeleteRepositoryAdmission", []),
    "admission.put": ((KEY, Draft("enforce", "HIGH")), "PutRepositoryAdmission", []),
    "registries.put_policy": ((KEY.registry, POLICY), "PutRegistryPolicy", []),
    "registries.put_setting": ((KEY.registry, "REGISTRY_POLICY_SCOPE", "V1"), "PutAccountSetting", []),
    "repositories.create": ((repository("new"), RepositoryDraft()), "CreateRepository", []),
    "repositories.delete": ((KEY,), "DeleteRepository", []),
    "repositories.set_mutability": ((KEY, "IMMUTABLE", []), "PutImageTagMutability", []),
    "repository_policies.delete": ((KEY,), "DeleteRepositoryPolicy", []),
    "repository_policies.put": ((KEY, POLICY), "SetRepositoryPolicy", []),
    "resource_tags.put": ((KEY, [("k", "v")]), "TagResource", []),
    "resource_tags.remove": ((KEY, ["team"]), "UntagResource", []),
    "storage_classes.update": (
        (KEY, IMAGE.digest, None, "ARCHIVE"),
        "UpdateImageStorageClass",
        ["UPDATE_STORAGE_CLASS"],
    ),
    "uploads.advance": ((KEY, replace(UPLOAD, offset=5), 0), "UploadLayerPart", []),
    "uploads.cancel": ((KEY, "u"), "CancelLayerUpload", []),
    "uploads.finish": ((KEY, "u", Bytes(FRESH.digest, "main", FRESH, None, None)), "CompleteLayerUpload", []),
    "uploads.start": ((KEY, replace(UPLOAD, id="u2")), "InitiateLayerUpload", []),
    **undo_cases.WRITES,
}
READS: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("admission.get", "catalog_data.find", "repository_policies.get", "resource_tags.list_of"), (KEY,)),
    "blobs.availability": (KEY, [LOOSE]),
    "blobs.require_downloadable": (KEY, Digest.of(b"layer")),
    "image_copies.plan": (KEY, repository("two"), Wanted(None, Tag("v1"), None, referrers=True)),
    "image_batches.get": (KEY, [ImageId(None, "v1")], None),
    "images.describe": (KEY, images.LISTED, 10, ""),
    "images.describe_these": (KEY, [(None, "v1")]),
    "images.find": (KEY, Tag("v1")),
    "images.list_ids": (KEY, images.LISTED, 10, ("", "")),
    "lookup.allow": (KEY, "DescribeImages"),
    "lookup.allow_registry": (KEY.registry, "DescribeRegistry"),
    "lookup.require": (KEY, "DescribeImages"),
    "lookup.require_images": (KEY, "DescribeImages", [("v1", "")]),
    "lookup.require_images_locked": (KEY, "BatchDeleteImage", [("v1", "")]),
    "lookup.require_locked": (KEY, "PutImage"),
    "lookup.require_shared": (KEY, "UploadLayerPart"),
    **dict.fromkeys(("public_registries.aliases", "public_registries.display_name"), ()),
    "pull_exclusions.list_of": (KEY.registry, 10, ""),
    "referrers.list_of": (KEY, IMAGE.digest, ReferrerFilter(), 10, ""),
    "registries.get_policy": (KEY.registry,),
    "registries.get_setting": (KEY.registry, "REGISTRY_POLICY_SCOPE"),
    "repositories.catalog": (KEY.registry, 10, ""),
    "repositories.describe": (KEY.registry, None, 10, ""),
    "tags.describe": (KEY, 10, ""),
    "tags.list_of": (KEY, 10, ""),
    **undo_cases.READS,
}


class Undo(Exception):
    """Raised after a use case has done its work, so that its unit is rolled back."""


@pytest.fixture
def house(core: CoreDatabase) -> CoreDatabase:
    """A repository with a tagged image, a loose blob, an upload and a resource tag; another to mount from."""
    core.repository("one")
    core.repository("two")
    core.image(KEY, "v1", "v2")
    core.blob(KEY, b"loose")
    core.blob(repository("two"), b"other")
    core.write(resource_tags.put, KEY, [("team", "a")])
    core.write(case("catalog_data.put"), KEY, CatalogData("before"))
    core.write(case("uploads.start"), KEY, UPLOAD)
    core.write(case("pull_exclusions.register"), KEY.registry, f"{PRINCIPAL}/old")
    core.write(case("registries.put_policy"), KEY.registry, STANDING)
    core.write(case("repository_policies.put"), KEY, STANDING, force=False)
    undo_cases.furnish(core)
    return core


def case(name: str) -> Callable[..., Any]:
    module, function = name.split(".")
    found: Callable[..., Any] = getattr(importlib.import_module(f"entrepot.core.{module}"), function)
    return found


def contents(core: CoreDatabase) -> dict[str, list[tuple[Any, ...]]]:
    return core.database.read(
        lambda tx: {table.name: [tuple(row) for row in tx.all(table.select())] for table in metadata.sorted_tables}
    )


def records(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [row for row in after["outbox"] if row not in before["outbox"]]


def test_the_walk_knows_every_use_case():
    assert set(WRITES) | set(READS) == public_units() - RECORDERS
    assert not set(WRITES) & set(READS)


@pytest.mark.parametrize("name", WRITES)
def test_a_change_leaves_its_events_and_one_audit_record_together_or_nothing(house: CoreDatabase, name):
    arguments, action, event_types = WRITES[name]
    work, keywords, who = case(name), KEYWORDS.get(name, {}), caller()
    before = contents(house)
    told: list[list[tuple[Any, ...]]] = []

    def twice(tx: Transaction, acting: Caller) -> None:
        work(tx, acting, *arguments, **keywords)
        told.append([tuple(row) for row in tx.all(metadata.tables["outbox"].select())])
        raise Undo

    with pytest.raises(Undo):
        house.write(twice, who=who)
    assert contents(house) == before
    house.write(work, *arguments, who=who, **keywords)
    after = contents(house)
    assert {table for table in after if after[table] != before[table]} > {"outbox"}, "a write that changes nothing"
    new = records(before, after)
    assert {row[0] for row in new} == {row[0] for row in told[0]} - {row[0] for row in before["outbox"]}
    *events, audit = sorted(new, key=lambda row: row[6])
    assert [json.loads(row[8])["detail"]["action-type"] for row in events] == event_types
    assert (audit[1], audit[7], call_in(audit[8]).common.operation) == ("audit", action, action)
    assert call_in(audit[8]).request_id == who.request_id
    assert audit[0] == event_id(micros(who.at), who.request_id, action)


def detail(row: Any) -> Any:
    return json.loads(row.body)["detail"]


@pytest.mark.parametrize("name", READS)
def test_a_read_changes_nothing_and_tells_nothing(house: CoreDatabase, name):
    before = contents(house)
    house.write(case(name), *READS[name])
    assert contents(house) == before


def test_records_are_in_order_of_repository_revision_and_ordinal(house: CoreDatabase):
    house.put(KEY, NEW, "v3")
    house.write(deletion.delete, KEY, IMAGE.digest)
    mine = [row for row in house.outbox() if row.repository_id == house.present(KEY).id]
    assert [(detail(row)["action-type"], detail(row)["image-tag"]) for row in mine] == [
        ("PUSH", "v1"),
        ("PUSH", "v2"),
        ("PUSH", "v3"),
        ("DELETE", "v1"),
        ("DELETE", "v2"),
    ]
    places = [(row.revision, row.ordinal) for row in mine]
    assert places == sorted(set(places))


def test_the_ids_of_records_are_uuids_of_their_own(house: CoreDatabase):
    ids = [row.id for kind in ("event", "audit") for row in house.outbox(kind)]
    assert [str(uuid.UUID(each)) for each in dict.fromkeys(ids)] == ids


def test_a_push_tells_what_eventbridge_tells(house: CoreDatabase):
    house.put(KEY, NEW, "v9")
    (row,) = [row for row in house.outbox() if detail(row)["image-digest"] == NEW.digest]
    assert (row.name, row.account_id, row.region) == ("ECR Image Action", ACCOUNT, REGION)
    assert json.loads(row.body) | {"detail": 0} == {"source": "aws.ecr", "resources": [], "detail": 0}
    assert detail(row) == {
        "result": "SUCCESS",
        "repository-name": "one",
        "image-digest": NEW.digest,
        "action-type": "PUSH",
        "image-tag": "v9",
        "manifest-media-type": "application/vnd.oci.image.manifest.v1+json",
        "artifact-media-type": "application/vnd.oci.image.config.v1+json",
    }


def test_what_happens_in_a_public_repository_is_told_as_in_a_private_one(core: CoreDatabase):
    key = RepositoryKey(public_registry(ACCOUNT), "tool")
    core.write(public_registries.create_repository, key, PublicDraft(RepositoryDraft(), None))
    manifest = core.image(key, "v1")
    core.write(deletion.delete, key, manifest.digest)
    told = [(row.name, row.account_id, row.region, detail(row)["action-type"]) for row in core.outbox()]
    assert told == [("ECR Image Action", ACCOUNT, REGION, each) for each in ("PUSH", "DELETE")]


def test_an_untagged_push_and_its_deletion_tell_an_empty_tag(core: CoreDatabase):
    key = core.repository()
    manifest = core.image(key)
    core.write(deletion.delete, key, manifest.digest)
    assert [(body["action-type"], body["image-tag"]) for body in core.details()] == [("PUSH", ""), ("DELETE", "")]


def test_moving_a_tag_tells_one_push_of_the_new_image(core: CoreDatabase):
    key = core.repository()
    core.image(key, "latest")
    core.put(key, NEW, "latest")
    assert [(body["action-type"], body["image-digest"], body["image-tag"]) for body in core.details()] == [
        ("PUSH", IMAGE.digest, "latest"),
        ("PUSH", NEW.digest, "latest"),
    ]


def test_a_push_of_what_is_there_tells_no_event_and_moves_no_stamp(core: CoreDatabase):
    key = core.repository()
    manifest = core.image(key, "v1")
    before = core.present(key)
    core.put(key, manifest, "v1")
    assert len(core.outbox()) == 1
    assert core.present(key) == before
    assert [row.name for row in core.outbox("audit")].count("PutImage") == 2


def test_a_manifest_with_a_subject_tells_referrer_actions_instead(core: CoreDatabase):
    key = core.repository()
    subject = core.image(key, "v1")
    named = {"mediaType": subject.media_type, "digest": subject.digest, "size": len(subject.payload)}
    referrer = core.image(key, subject=named, artifactType="application/vnd.test")
    core.write(deletion.delete, key, referrer.digest)
    told = [(row.name, detail(row)["image-digest"]) for row in core.outbox()]
    assert told == [
        ("ECR Image Action", subject.digest),
        ("ECR Referrer Action", referrer.digest),
        ("ECR Referrer Action", referrer.digest),
    ]
    assert core.details()[1]["artifact-media-type"] == "application/vnd.test"


def test_a_refused_batch_tells_nothing(core: CoreDatabase):
    key = core.repository()
    child = core.image(key)
    core.put(key, index_manifest([child]), "multi")
    before = core.outbox(), core.outbox("audit")
    removed, refusals = core.write(deletion.batch_delete, key, [ImageId(child.digest, None), ImageId(None, "absent")])
    assert removed == ()
    assert [refusal.code for refusal in refusals] == ["ImageReferencedByManifestList", "ImageNotFound"]
    assert (core.outbox(), core.outbox("audit")) == before


def test_a_deleted_repository_leaves_nothing_behind_that_hangs_on_its_row(house: CoreDatabase):
    house.write(repositories.delete, KEY, force=True)
    left = contents(house)
    assert (left["catalog_data"], left["resource_tag"]) == ([], [])


def test_an_audit_record_names_the_caller_by_ids_only(house: CoreDatabase):
    who = caller()
    house.write(images.put, KEY, Tag("v7"), NEW, OCI_RULES, who=who)
    (call,) = [call for call in house.calls() if call.request_id == who.request_id]
    common, key_id = call.common, who.principal.credential_id
    assert common.identity == Identity("root", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, key_id)
    assert (common.service, common.operation, common.account, common.region) == ("ecr", "PutImage", ACCOUNT, REGION)
    assert (common.repository_id, common.repository) == (house.present(KEY).id, KEY.name)
