"""Keys and secrets as other parts of the registry use them: on behalf of a principal, as a service by its grant, and
for a login at an upstream.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.core.keys import grants, keeping, managed, places, service_use
from entrepot.core.keys.encryption import Sealed
from entrepot.core.keys.grants import GrantDraft
from entrepot.core.secrets import credentials
from entrepot.core.secrets import keeping as secret_keeping
from entrepot.core.secrets.credentials import Credential
from entrepot.core.secrets.keeping import SecretDraft
from entrepot.core.secrets.sealing import Value
from entrepot.errors import (
    AccessDenied,
    CredentialSecretInaccessible,
    CredentialSecretNotFound,
    CredentialSecretUnreadable,
    KeyDisabled,
)
from tests.factories import key_cases
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION, caller, nobody
from tests.factories.core_database import CoreDatabase
from tests.factories.key_cases import KEY, VAULT

ECR = service_use.itself("ecr", ACCOUNT, REGION, "00000000-0000-4000-8000-000000000000", EPOCH)
OWN = {"aws:ecr:arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/app"}
OTHERS = {"aws:ecr:arn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/other"}
TOKEN = "t" * 32
LOGIN = {"username": "me", "accessToken": "hidden"}


@pytest.fixture
def core(tmp_path: Path) -> Iterator[CoreDatabase]:
    made = CoreDatabase(tmp_path)
    key_cases.furnish(made.write)
    yield made
    made.close()


def keep(core: CoreDatabase, name: str, text: str, kms_key: str = "") -> str:
    """The ARN of a new secret."""
    value = Value("string", text.encode())
    draft = SecretDraft(name, f"ecr-pullthroughcache/{name}", "AbCdEf", TOKEN, value, kms_key=kms_key)
    return str(core.write(secret_keeping.create, VAULT, draft).secret.arn)


def test_a_service_opens_by_its_grant_what_its_principal_had_encrypted_and_nothing_else(core: CoreDatabase):
    core.write(grants.revoke, KEY, key_cases.GRANT)
    made = core.read(service_use.data_key, VAULT, "ecr", KEY, OWN)
    assert len(made.text) == 32
    with pytest.raises(AccessDenied):
        core.read(service_use.opened, VAULT, "ecr", Sealed(made.blob, OWN), who=ECR)
    draft = GrantDraft(
        "c" * 64,
        f"ecr.{REGION}.amazonaws.com",
        ("Decrypt", "GenerateDataKey"),
        constraints={"EncryptionContextSubset": OWN},
    )
    core.write(grants.create, KEY, draft, via="ecr")
    assert core.read(service_use.opened, VAULT, "ecr", Sealed(made.blob, OWN), who=ECR).text == made.text
    other = core.read(service_use.data_key, VAULT, "ecr", KEY, OTHERS)
    with pytest.raises(AccessDenied):
        core.read(service_use.opened, VAULT, "ecr", Sealed(other.blob, OTHERS), who=ECR)
    core.write(keeping.disable, KEY)
    with pytest.raises(KeyDisabled):
        core.read(service_use.opened, VAULT, "ecr", Sealed(made.blob, OWN), who=ECR)


def test_the_key_for_a_service_is_made_once_and_used_through_it_alone(core: CoreDatabase):
    key = core.write(lambda tx, _: managed.ensure(tx, VAULT, "ecr", ACCOUNT, REGION, EPOCH))
    assert core.write(lambda tx, _: managed.ensure(tx, VAULT, "ecr", ACCOUNT, REGION, EPOCH)) == key
    assert core.read(places.require, "alias/aws/ecr", places.Asked("DescribeKey")) == key
    made = core.read(service_use.data_key, VAULT, "ecr", key.arn, OWN, who=nobody())
    for service, who in (("secretsmanager", caller()), ("ecr", caller(OTHER_ACCOUNT))):
        with pytest.raises(AccessDenied):
            core.read(service_use.opened, VAULT, service, Sealed(made.blob, OWN), who=who)


def test_a_login_at_an_upstream_is_read_and_not_shown(core: CoreDatabase):
    found = core.read(credentials.value, VAULT, keep(core, "hub", json.dumps(LOGIN)))
    assert found == Credential("me", "hidden")
    assert "hidden" not in repr(found)


@pytest.mark.parametrize("text", ["me:hidden", "{}", '{"username": "me"}', '{"username": 1, "accessToken": "x"}'])
def test_what_is_no_login_is_told_without_its_content(core: CoreDatabase, text: str):
    with pytest.raises(CredentialSecretUnreadable) as refused:
        core.read(credentials.value, VAULT, keep(core, "hub", text))
    assert text not in str(refused.value)


def test_a_login_that_is_not_there_or_may_not_be_read_is_told_so(core: CoreDatabase):
    arn = keep(core, "hub", json.dumps(LOGIN), KEY)
    changes = (("hub", "absent"), ("ecr-pullthroughcache/", "other/"), (REGION, "eu-west-1"))
    for named in (arn.replace(*change) for change in changes):
        with pytest.raises(CredentialSecretNotFound):
            core.read(credentials.value, VAULT, named)
    with pytest.raises(CredentialSecretNotFound):
        core.read(credentials.value, VAULT, arn, who=caller(OTHER_ACCOUNT))
    with pytest.raises(CredentialSecretInaccessible):
        core.read(credentials.value, VAULT, arn, who=nobody())
    core.write(keeping.disable, KEY)
    with pytest.raises(CredentialSecretInaccessible):
        core.read(credentials.value, VAULT, arn)
    core.write(keeping.enable, KEY)
    core.write(secret_keeping.delete, arn, 7, force=False)
    with pytest.raises(CredentialSecretNotFound):
        core.read(credentials.value, VAULT, arn)
