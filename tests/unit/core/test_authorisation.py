"""The permission comes before the existence, in every use case: a new one that is not named here fails the walk."""

import asyncio
import importlib
import inspect
from collections.abc import AsyncIterator, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from entrepot.aws.ecr import registry as registry_operations
from entrepot.aws.ecr_public import registry as public_operations
from entrepot.aws.protocol.call import Call
from entrepot.core import access, images, resources
from entrepot.core.access import Caller
from entrepot.core.admission import Draft
from entrepot.core.catalog_data import CatalogData
from entrepot.core.deletion import ImageId
from entrepot.core.first_pushes import FirstPushes
from entrepot.core.hot import Hot
from entrepot.core.image_copies import Wanted
from entrepot.core.images import OCI_RULES
from entrepot.core.public_registries import PublicDraft
from entrepot.core.reads import Reads
from entrepot.core.referrers import ReferrerFilter
from entrepot.core.repositories import RepositoryDraft
from entrepot.core.transfer_rules import OCI_PARTS, TransferLimits
from entrepot.core.transfers import Transfers
from entrepot.core.units import Units
from entrepot.core.uploads import Bytes
from entrepot.db import registries
from entrepot.db.event_records import Connection
from entrepot.db.records import Upload
from entrepot.errors import AccessDenied, Fact, RepositoryNotFound
from entrepot.spec.reference import Tag
from entrepot.spec.repository import RepositoryKey
from entrepot.store.filesystem import Filesystem
from tests.factories import pull_through_cases, undo_cases
from tests.factories.callers import ACCOUNT, OTHER_ACCOUNT, caller, image_manifest, nobody, repository
from tests.factories.core_database import CoreDatabase
from tests.factories.furnished import ABOUT_NOTHING, CASES, PARTS, READS, House, by_arn, naming_nothing
from tests.factories.use_cases import Case, functions, is_given_a_caller, methods, modules

POLICY = '{"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}}'
MANIFEST = image_manifest([b"layer"])
DIGEST = MANIFEST.digest
PRINCIPAL = f"arn:aws:iam::{OTHER_ACCOUNT}:role/backup"
COPY = Wanted(DIGEST, None, None, referrers=False)
UPLOAD = Upload("u", "", OTHER_ACCOUNT, "sha256", 0, 0, "", "boot", 0, None, None, datetime(2026, 1, 1, tzinfo=UTC))
BYTES = Bytes(DIGEST, "main", None, None, None)

# use case -> its arguments after (tx, caller), for a repository of an account that is not the caller's
UNITS: dict[str, Callable[[RepositoryKey], tuple[Any, ...]]] = {
    "admission.delete": lambda key: (key,),
    "admission.get": lambda key: (key,),
    "admission.put": lambda key: (key, Draft("enforce", "HIGH")),
    "blobs.availability": lambda key: (key, [DIGEST]),
    "blobs.delete": lambda key: (key, DIGEST),
    "blobs.mount": lambda key: (key, key, DIGEST),
    "blobs.require_downloadable": lambda key: (key, DIGEST),
    "catalog_data.find": lambda key: (key,),
    "catalog_data.put": lambda key: (key, CatalogData()),
    "deletion.batch_delete": lambda key: (key, [ImageId(DIGEST, None)]),
    "deletion.delete": lambda key: (key, Tag("v1")),
    "image_batches.get": lambda key: (key, [ImageId(DIGEST, None)], None),
    "image_copies.plan": lambda key: (key, key, COPY),
    "image_copies.put": lambda key: (key, key, MANIFEST, DIGEST, None),
    "images.describe": lambda key: (key, images.LISTED, 10, ""),
    "images.describe_these": lambda key: (key, [(DIGEST, None)]),
    "images.find": lambda key: (key, DIGEST),
    "images.list_ids": lambda key: (key, images.LISTED, 10, ("", "")),
    "images.put": lambda key: (key, Tag("v1"), MANIFEST, OCI_RULES),
    "lookup.allow": lambda key: (key, "DescribeImages"),
    "lookup.allow_registry": lambda key: (key.registry, "DescribeRegistry"),
    "lookup.require": lambda key: (key, "DescribeImages"),
    "lookup.require_images": lambda key: (key, "DescribeImages", [("", DIGEST)]),
    "lookup.require_images_locked": lambda key: (key, "BatchDeleteImage", [("v1", "")]),
    "lookup.require_locked": lambda key: (key, "PutImage"),
    "lookup.require_shared": lambda key: (key, "UploadLayerPart"),
    "public_registries.create_repository": lambda key: (key, PublicDraft(RepositoryDraft(), None)),
    "pull_exclusions.deregister": lambda key: (key.registry, PRINCIPAL),
    "pull_exclusions.list_of": lambda key: (key.registry, 10, ""),
    "pull_exclusions.register": lambda key: (key.registry, PRINCIPAL),
    "referrers.list_of": lambda key: (key, DIGEST, ReferrerFilter(), 10, ""),
    "registries.delete_policy": lambda key: (key.registry,),
    "registries.get_policy": lambda key: (key.registry,),
    "registries.get_setting": lambda key: (key.registry, "REGISTRY_POLICY_SCOPE"),
    "registries.put_policy": lambda key: (key.registry, POLICY),
    "registries.put_setting": lambda key: (key.registry, "REGISTRY_POLICY_SCOPE", "V1"),
    "repositories.create": lambda key: (key, RepositoryDraft()),
    "repositories.delete": lambda key: (key,),
    "repositories.describe": lambda key: (key.registry, [key.name], 10, ""),
    "repositories.set_mutability": lambda key: (key, "MUTABLE", []),
    "repositories.catalog": lambda key: (key.registry, 10, ""),
    "repository_policies.delete": lambda key: (key,),
    "repository_policies.get": lambda key: (key,),
    "repository_policies.put": lambda key: (key, POLICY),
    "resource_tags.list_of": lambda key: (key,),
    "resource_tags.put": lambda key: (key, [("k", "v")]),
    "resource_tags.remove": lambda key: (key, ["k"]),
    "storage_classes.update": lambda key: (key, DIGEST, None, "ARCHIVE"),
    "tags.describe": lambda key: (key, 10, ""),
    "tags.list_of": lambda key: (key, 10, ""),
    "uploads.advance": lambda key: (key, UPLOAD, 0),
    "uploads.cancel": lambda key: (key, "u"),
    "uploads.finish": lambda key: (key, None, BYTES),
    "uploads.start": lambda key: (key, UPLOAD),
    **undo_cases.UNITS,
}
KEYWORDS: dict[str, dict[str, Any]] = {
    **undo_cases.KEYWORDS,
    "repositories.delete": {"force": True},
    "repository_policies.put": {"force": False},
    "uploads.finish": {"refuse_held": False},
}
# what is given a caller whose permission has been checked, or nothing to check it on: the record of a change
RECORDERS = {"changes.audit", "changes.audit_refused", *undo_cases.RECORDERS}
# what is about the caller's own public registry
OWN = {
    "public_registries.aliases": (),
    "public_registries.display_name": (),
    "public_registries.set_display_name": ("a name",),
}


def absent(name: str) -> resources.Resource:
    """A repository that is not there, in a registry where nothing was set."""
    key = repository(name)
    return resources.of_repository(key, None, registries.record(None, key.registry), lambda _: ())


NEED_NO_REPOSITORY = {
    *("repositories.create", "public_registries.create_repository", "repositories.catalog"),
    *("lookup.allow", "lookup.allow_registry"),
    *undo_cases.NEED_NO_REPOSITORY,
}


async def chunks() -> AsyncIterator[bytes]:
    yield b"bytes"


# the same for what answers on the event loop
LOOP: dict[str, Callable[[RepositoryKey], tuple[Any, ...]]] = {
    "Reads.blob": lambda key: (key, DIGEST),
    "Reads.manifest": lambda key: (key, DIGEST),
    "Reads.holds": lambda key: (key, DIGEST),
    "Reads.open_blob": lambda key: (key, DIGEST),
    "Reads.require": lambda key: (key, "PutImage"),
    "Reads.require_put": lambda key: (key, "v1", ""),
    "FirstPushes.require": lambda key: (key, "InitiateLayerUpload"),
    "FirstPushes.require_put": lambda key: (key, "v1", ""),
    "Transfers.append": lambda key: (key, "u", chunks(), None),
    "Transfers.append_part": lambda key: (key, "u", 0, b"x", OCI_PARTS),
    "Transfers.begin": lambda key: (key,),
    "Transfers.cancel": lambda key: (key, "u"),
    "Transfers.complete": lambda key: (key, "u", DIGEST, None),
    "Transfers.complete_any": lambda key: (key, "u", [DIGEST], OCI_PARTS),
    "Transfers.find": lambda key: (key, "u"),
    "Transfers.put_blob": lambda key: (key, DIGEST, chunks()),
    "Transfers.require_offset": lambda key: (key, "u", 0),
    "Transfers.start": lambda key: (key,),
    **pull_through_cases.LOOP,
}
# what tells the journal of images that a checked use case has answered; what decides by a role's trust in who asks
# what ends an upload by a use case that is walked
COUNTERS = {"Adopting.keep", "Reads.count", "Reservations.admit", "WebIdentities.assume", "WebIdentities.log_in"}
COUNTERS |= pull_through_cases.CHECKED


# modules of identities: test_identities.py walks them in the same way
IDENTITIES = {
    *("access_keys", "account_aliases", "account_summary", "attachments", "boundaries", "credential_reports"),
    *("entities", "entity_tags", "groups", "holders", "identity_providers", "inline_policies", "instance_profiles"),
    *("login_profiles", "managed_policies", "mfa_devices", "password_policies", "roles", "service_roles"),
    *("simulation", "users"),
}
SESSIONS = {"sessions"}  # test_sessions.py knows them


def public_units(*, identities: bool = False) -> set[str]:
    """Use cases of core's own modules but those on sessions."""
    own = {name for name, _ in modules() if "." not in name}
    return units_of({name for name in own if (name in IDENTITIES) is identities} - SESSIONS)


def units_of(names: Collection[str]) -> set[str]:
    """Functions of these modules whose first parameters are a transaction and a caller."""
    return {
        f"{module}.{function}"
        for module, function, value in functions()
        if module in names and list(inspect.signature(value).parameters)[:2] == ["tx", "caller"]
    }


def denial(core: CoreDatabase, name: str, key: RepositoryKey) -> str:
    module, function = name.split(".")
    work = getattr(importlib.import_module(f"entrepot.core.{module}"), function)
    with pytest.raises(AccessDenied) as denied:
        core.write(work, *UNITS[name](key), who=caller(OTHER_ACCOUNT), **KEYWORDS.get(name, {}))
    return str(denied.value).replace(key.name, "NAME")


def test_the_walk_knows_every_use_case():
    assert public_units() - RECORDERS == set(UNITS) | set(OWN)
    assert {name for name, method in methods() if is_given_a_caller(method)} - COUNTERS == set(LOOP)


def test_the_walk_knows_everything_of_a_package_that_is_given_a_caller():
    found = {f"{module}.{name}" for module, name, value in functions() if "." in module and is_given_a_caller(value)}
    assert found == CASES.keys() | PARTS
    assert not CASES.keys() & PARTS


@pytest.mark.parametrize("name", CASES)
def test_a_use_case_of_a_package_denies_the_same_whether_or_not_what_it_names_exists(
    house: House, bare: House, name: str
):
    before, who = house.contents(), nobody()
    for case in (CASES[name], *by_arn(CASES[name]), *naming_nothing(CASES[name])):
        told = [answer(each, name, who, case) for each in (house, bare)]
        assert isinstance(told[0], AccessDenied), case
        assert str(told[0]) == str(told[1])
    assert house.contents() == before


@pytest.mark.parametrize("name", CASES)
def test_the_root_of_another_account_is_answered_as_if_this_one_had_nothing(house: House, bare: House, name: str):
    who, before = caller(OTHER_ACCOUNT), house.contents()
    for case in (CASES[name], *by_arn(CASES[name])):
        assert told(answer(house, name, who, case)) == told(answer(bare, name, who, case))
    after = house.contents()
    for table in after.keys() - {"event_region"}:
        assert [row for row in before[table] if row not in after[table]] == [], table
        assert not any(ACCOUNT in str(row) for row in after[table] if row not in before[table]), table


@pytest.mark.parametrize("name", sorted(READS.keys() - ABOUT_NOTHING))
def test_what_a_case_names_is_in_the_house_and_told_to_its_own_account(house: House, bare: House, name: str):
    who, case = caller(), CASES[name]
    assert told(answer(house, name, who, case)) != told(answer(bare, name, who, case))


def answer(house: House, name: str, who: Caller, case: Case) -> Any:
    """What a use case answers, or the fact that it raises instead."""
    try:
        return house.run(name, who, case)
    except Fact as fact:
        return fact


def told(answered: Any) -> Any:
    """What the caller learns of an answer: no connection's secret, which is sealed otherwise each time."""
    return replace(answered, sealed=None) if isinstance(answered, Connection) else repr(answered)


@pytest.mark.parametrize("name", UNITS)
def test_a_use_case_denies_another_account_the_same_whether_or_not_the_repository_exists(core: CoreDatabase, name):
    present = core.repository()
    core.image(present, "v1")
    before = core.outbox(), core.outbox("audit")
    assert denial(core, name, present) == denial(core, name, repository("absent"))
    assert (core.outbox(), core.outbox("audit")) == before


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in UNITS
        if name not in NEED_NO_REPOSITORY and not name.startswith(("registries.", "pull_exclusions."))
    ],
)
def test_a_use_case_tells_its_own_account_that_the_repository_is_absent(core: CoreDatabase, name):
    module, function = name.split(".")
    work = getattr(importlib.import_module(f"entrepot.core.{module}"), function)
    with pytest.raises(RepositoryNotFound):
        core.write(work, *UNITS[name](repository("absent")), **KEYWORDS.get(name, {}))


@pytest.mark.parametrize("name", OWN)
def test_a_registry_is_asked_about_before_anything_is_done(core: CoreDatabase, name):
    module, function = name.split(".")
    work = getattr(importlib.import_module(f"entrepot.core.{module}"), function)
    before = core.outbox("audit")
    with pytest.raises(AccessDenied, match=r"on resource: arn:aws:ecr-public::000000000000:registry/000000000000 "):
        core.write(work, *OWN[name], who=nobody())
    assert core.outbox("audit") == before


@pytest.mark.parametrize("name", LOOP)
def test_what_answers_on_the_loop_denies_another_account_before_it_looks(core: CoreDatabase, tmp_path: Path, name):
    present = core.repository()
    core.image(present, "v1")
    kind, method = name.split(".")

    async def denied() -> set[str]:
        pool = ThreadPoolExecutor(1)
        snapshot = core.database.snapshot()
        units, hot, store = Units(core.database, pool), Hot(snapshot), Filesystem(tmp_path)
        limits = TransferLimits(10**9, 0)
        reads = Reads(hot, units, store)
        transfers = Transfers(units, hot, store, store_name="main", syncing=pool, boot_id="b", limits=limits)
        parts: dict[str, Any] = {"FirstPushes": FirstPushes(units, hot), "Reads": reads, "Transfers": transfers}
        parts |= pull_through_cases.parts(core.database, reads, transfers, hot, units)
        told = set()
        for key in (present, repository("absent")):
            with pytest.raises(AccessDenied) as fact:
                await getattr(parts[kind], method)(caller(OTHER_ACCOUNT), *LOOP[name](key))
            told.add(str(fact.value).replace(key.name, "NAME"))
        pool.shutdown()
        snapshot.close()
        parts["snapshot"].close()
        return told

    assert len(asyncio.run(denied())) == 1


@pytest.mark.parametrize(
    "operation", [registry_operations.get_authorization_token, public_operations.get_authorization_token]
)
def test_a_token_is_asked_for_before_anything_is_done(operation):
    nothing: Any = None
    with pytest.raises(AccessDenied, match="nobody"):
        asyncio.run(operation(Call(nothing, nothing, nothing, nobody(), "us-east-1", {})))


def test_a_root_is_allowed_everything_in_its_own_account_only():
    resource = absent("one")
    assert access.allows(caller(), "PutImage", resource)
    assert not access.allows(caller(OTHER_ACCOUNT), "PutImage", resource)


def test_a_denial_names_who_what_and_where():
    with pytest.raises(AccessDenied) as denied:
        access.require(caller(OTHER_ACCOUNT), "PutImage", absent("one"))
    assert denied.value.fields == {
        "principal": f"arn:aws:iam::{OTHER_ACCOUNT}:root",
        "action": "ecr:PutImage",
        "resource": "arn:aws:ecr:us-east-1:000000000000:repository/one",
        "why": "because no resource-based policy allows the ecr:PutImage action",
    }
