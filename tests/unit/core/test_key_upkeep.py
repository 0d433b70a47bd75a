"""What happens to keys and secrets by themselves, when their time has come and not before."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from entrepot.core.keys import deletion, encryption, keeping, rotation
from entrepot.core.keys.encryption import Sealed
from entrepot.core.keys.upkeep import KeyUpkeep
from entrepot.core.secrets import keeping as secret_keeping
from entrepot.core.secrets.upkeep import SecretUpkeep
from entrepot.db import keys as rows
from entrepot.errors import AccessDenied, SecretNotFound
from tests.factories import key_cases, secret_cases
from tests.factories.callers import EPOCH, caller
from tests.factories.core_database import CoreDatabase
from tests.factories.key_cases import CONTEXT, DYING, KEY, VAULT

WEEK = timedelta(days=7)
MOMENT = timedelta(microseconds=1)


@pytest.fixture
def keyed(tmp_path: Path) -> Iterator[CoreDatabase]:
    """Keys of customers only."""
    made = CoreDatabase(tmp_path)
    key_cases.furnish(made.write)
    yield made
    made.close()


@pytest.fixture
def furnished(keyed: CoreDatabase) -> CoreDatabase:
    """Secrets too, and with them the account's key for secrets."""
    secret_cases.furnish(keyed.write)
    return keyed


def test_a_key_is_destroyed_when_its_waiting_period_has_ended(furnished: CoreDatabase):
    job = KeyUpkeep(furnished.database, VAULT)
    blob = VAULT.conceal(key_cases.key(DYING), key_cases.MATERIAL[DYING], b"text", CONTEXT)
    assert job.run(EPOCH + WEEK - MOMENT) == {}
    assert furnished.row(rows.find, DYING) is not None
    assert job.run(EPOCH + WEEK) == {"destroyed": 1}
    assert furnished.row(rows.find, DYING) is None
    assert furnished.row(rows.materials, DYING) == []
    with pytest.raises(AccessDenied):  # nobody learns what there was
        furnished.read(encryption.decrypt, VAULT, Sealed(blob, CONTEXT))
    (told,) = furnished.calls("DeleteKey")
    assert (told.common.service, told.parameters) == ("kms", {"keyId": DYING})
    assert job.run(EPOCH + WEEK) == {}


def test_a_key_that_was_kept_is_not_destroyed(furnished: CoreDatabase):
    furnished.write(deletion.cancel, DYING)
    assert KeyUpkeep(furnished.database, VAULT).run(EPOCH + WEEK) == {}
    assert furnished.row(rows.find, DYING) is not None


def test_a_key_is_rotated_each_time_that_it_is_due_and_opens_all_that_it_closed(keyed: CoreDatabase):
    job, now, blobs = KeyUpkeep(keyed.database, VAULT), EPOCH, []
    keyed.write(deletion.cancel, DYING)
    for due in range(3):
        blobs.append(keyed.read(encryption.encrypt, VAULT, KEY, b"text", CONTEXT).blob)
        now += timedelta(days=180)
        assert job.run(now - MOMENT) == {}
        assert job.run(now) == {"rotated": 1}
        assert len(keyed.row(rows.materials, KEY)) == due + 2
    assert {keyed.read(encryption.decrypt, VAULT, Sealed(blob, CONTEXT)).text for blob in blobs} == {b"text"}
    assert [each.made_by for each in keyed.row(rows.materials, KEY)] == ["CREATION", *["AUTOMATIC"] * 3]
    keyed.write(rotation.disable, KEY)
    assert job.run(now + timedelta(days=1000)) == {}
    assert len(keyed.calls("RotateKey")) == 3


def test_a_disabled_key_is_rotated_when_it_is_enabled_again(furnished: CoreDatabase):
    job, late = KeyUpkeep(furnished.database, VAULT), EPOCH + timedelta(days=365)
    furnished.write(deletion.cancel, DYING)
    furnished.write(keeping.disable, KEY)
    assert job.run(late) == {"rotated": 1}  # that of the account's secrets
    furnished.write(keeping.enable, KEY)
    assert job.run(late) == {"rotated": 1}


def test_a_secret_is_gone_when_its_recovery_window_has_ended(furnished: CoreDatabase):
    job = SecretUpkeep(furnished.database)
    assert job.run(EPOCH + WEEK - MOMENT) == {}
    assert job.run(EPOCH + WEEK) == {"removed": 1}
    with pytest.raises(SecretNotFound):
        furnished.read(secret_keeping.describe, secret_cases.GONE)
    assert furnished.read(secret_keeping.describe, secret_cases.NAME).secret.deleted_at is None
    (told,) = furnished.calls("EndSecretDelete")
    assert told.common.service == "secretsmanager"


def test_a_restored_secret_stays(furnished: CoreDatabase):
    furnished.write(secret_keeping.restore, secret_cases.GONE)
    assert SecretUpkeep(furnished.database).run(EPOCH + WEEK) == {}
    assert furnished.read(secret_keeping.describe, secret_cases.GONE, who=caller(at=EPOCH + WEEK)).stages
