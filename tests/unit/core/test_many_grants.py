"""Ten thousand grants on a key cost neither who makes one more nor who pushes and pulls by them."""

import secrets
import time
from collections.abc import Callable
from dataclasses import replace

from entrepot.core.encryption import data_keys
from entrepot.core.keys import grants, keeping
from entrepot.core.keys.grants import GrantDraft
from entrepot.core.keys.keeping import KeyDraft
from entrepot.db import key_grants
from entrepot.db.database import Transaction
from entrepot.db.key_records import Grant
from tests.factories.callers import ACCOUNT, EPOCH, REGION, repository
from tests.factories.core_database import CoreDatabase
from tests.factories.key_cases import MATERIAL, NEW, SERVICE, VAULT

FEW, MANY = 10, 10_000
TRIES = 30
OPERATIONS = ("Decrypt", "GenerateDataKey")


def add(tx: Transaction, first: int, last: int) -> None:
    """Grants as ECR has them: two for each of so many repositories."""
    for number in range(first, last):
        arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/many{number // 2}"
        within = {"EncryptionContextSubset": {"aws:ecr:arn": arn}}
        made = Grant(f"{number:064x}", NEW, f"ecr-{number}", SERVICE, SERVICE, OPERATIONS, within, ACCOUNT, EPOCH)
        key_grants.add(tx, made)


def least(work: Callable[[], object]) -> float:
    """The seconds that it takes when nothing else runs, or nearly so."""

    def once() -> float:
        start = time.process_time()
        work()
        return time.process_time() - start

    return min(once() for _ in range(TRIES))


def test_it_takes_as_long_among_many_grants_as_among_few(core: CoreDatabase):
    core.write(keeping.create, KeyDraft(NEW), MATERIAL[NEW])
    arn = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{NEW}"
    core.repository("encrypted", encryption={"encryptionType": "KMS", "kmsKey": arn})
    encrypted = core.present(repository("encrypted"))

    def create() -> None:
        draft = GrantDraft(secrets.token_hex(32), SERVICE, OPERATIONS, name=secrets.token_hex(8))
        core.write(grants.create, NEW, replace(draft, constraints={"EncryptionContextEquals": {"of": draft.name}}))

    works = {
        "CreateGrant": create,
        "push": lambda: core.database.submit(lambda tx: data_keys.fresh(tx, VAULT, encrypted, EPOCH)).result(),
        "pull": lambda: core.database.read(lambda tx: data_keys.require_usable(tx, encrypted, EPOCH)),
    }
    core.database.submit(lambda tx: add(tx, 0, FEW)).result()
    few = {name: least(work) for name, work in works.items()}
    core.database.submit(lambda tx: add(tx, FEW, MANY)).result()
    many = {name: least(work) for name, work in works.items()}
    assert {name for name in works if many[name] > 2 * few[name] + 0.0002} == set(), (few, many)
