"""Encrypted blobs as rows, and the grants by which they are opened, on both engines."""

from dataclasses import replace

from entrepot.db import blobs, key_grants, keys
from entrepot.db.database import Transaction
from entrepot.db.key_records import Grant
from entrepot.db.records import Blob, SealedKey
from entrepot.spec.digest import Digest
from tests.factories import key_cases
from tests.factories.callers import ACCOUNT, EPOCH
from tests.factories.rows import Rows, stored

SERVICE = "ecr.us-east-1.amazonaws.com"
MANY = 300


def sealed(number: int, key: str, data: bytes = b"x") -> Blob:
    return Blob(
        f"S{number}",
        "main",
        Digest.of(data),
        f"blobs/{number}.sealed",
        len(data),
        "live",
        SealedKey(key, b"wrapped", "arn:of:repository"),
    )


def test_a_store_holds_a_digest_once_for_each_key(rows: Rows):
    plain, first, second = stored(rows, b"x", 1), sealed(2, "key a"), sealed(3, "key b")
    assert rows.write(blobs.add, first, EPOCH)
    assert rows.write(blobs.add, second, EPOCH)
    assert not rows.write(blobs.add, sealed(4, "key a"), EPOCH)
    for key, blob in (("", plain), ("key a", first), ("key b", second)):
        assert rows.write(blobs.share_held, "main", plain.digest, key) == blob
        assert rows.read(blobs.at, "main", blob.location) == blob
    assert rows.write(blobs.share_held, "main", plain.digest, "key c") is None


def test_bytes_that_heal_bring_their_key(rows: Rows):
    first = sealed(2, "key a")
    rows.write(blobs.add, first, EPOCH)
    rows.write(blobs.damage, first.id, first.location)
    fresh = replace(sealed(5, "key a"), sealed=SealedKey("key a", b"another", "arn:of:another"))
    rows.write(blobs.heal, first.id, fresh, EPOCH)
    assert rows.read(blobs.at, "main", fresh.location) == replace(fresh, id=first.id)


def test_of_very_many_grants_those_of_a_context_are_read(rows: Rows):
    key = key_cases.key()

    def fill(tx: Transaction) -> None:
        keys.add(tx, key)
        for number in range(MANY):
            constraints = {"EncryptionContextSubset": {"aws:ecr:arn": f"arn:{number}"}}
            key_grants.add(tx, grant(number, constraints))
        key_grants.add(tx, grant(MANY, {}))

    def grant(number: int, constraints: dict[str, dict[str, str]]) -> Grant:
        return Grant(f"{number:064x}", key.id, f"n{number}", SERVICE, "", ("Decrypt",), constraints, ACCOUNT, EPOCH)

    rows.write(fill)
    found = rows.read(key_grants.in_context, key.id, SERVICE, "-", "-", {"aws:ecr:arn": "arn:7", "more": "x"})
    assert sorted(each.name for each in found) == ["n300", "n7"]
    assert [each.name for each in rows.read(key_grants.named, key.id, "n7")] == ["n7"]
    assert len(rows.read(key_grants.of_grantee, key.id, SERVICE, "-", "-")) == MANY + 1
