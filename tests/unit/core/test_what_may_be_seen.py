"""What a caller may not read is as if it were not there, where a denial would say too much."""

import pytest

from entrepot.core import blobs, repositories, repository_policies
from entrepot.errors import AccessDenied
from entrepot.spec.digest import Digest
from entrepot.spec.repository import RepositoryKey
from tests.factories.callers import OTHER_ACCOUNT, caller, registry, repository
from tests.factories.core_database import CoreDatabase

POLICY = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}}'


def test_a_mount_from_a_repository_of_another_account_is_as_if_the_blob_were_absent(core: CoreDatabase):
    source, target = core.repository("source"), core.repository("target")
    held = core.blob(source, b"layer")
    other = RepositoryKey(registry(OTHER_ACCOUNT), "source")
    assert core.write(blobs.mount, target, other, held.digest) is False
    assert core.write(blobs.mount, target, repository("absent"), held.digest) is False
    assert core.write(blobs.mount, target, source, Digest.of(b"never")) is False
    assert core.write(blobs.mount, target, source, held.digest) is True


def test_the_catalog_has_the_names_that_the_caller_may_describe(core: CoreDatabase):
    core.repository("one")
    core.repository("two")
    assert core.write(repositories.catalog, registry(), 10, "").items == ("one", "two")
    with pytest.raises(AccessDenied):
        core.write(repositories.catalog, registry(), 10, "", who=caller(OTHER_ACCOUNT))
    core.write(repository_policies.put, repository("two"), POLICY, force=False)
    assert core.write(repositories.catalog, registry(), 10, "", who=caller(OTHER_ACCOUNT)).items == ("two",)
