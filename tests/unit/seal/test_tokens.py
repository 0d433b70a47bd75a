"""Registry tokens: what they look like, and when they hold, against real rows and a clock that the test moves."""

import asyncio
import base64
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from entrepot.core import identities
from entrepot.core.credentials import Credentials
from entrepot.core.hot import Hot
from entrepot.core.principals import Principal
from entrepot.db.sqlite import SqliteDatabase
from entrepot.errors import CredentialExpired, CredentialInvalid
from entrepot.seal import Seal, tokens
from entrepot.seal.tokens import Claims
from entrepot.spec.digest import Digest
from tests.factories.callers import ACCOUNT, EPOCH, OTHER_ACCOUNT, REGION, repository
from tests.factories.databases import SEAL, sqlite_database

DIGEST = Digest.of(b"layer")
KEY = repository("one")
LONGEST_NAME = "a" * 256


def claims(**changed: object) -> Claims:
    given = {"credential_id": "AKIA", "principal_id": ACCOUNT, "epoch": 7, "region": REGION, "scope": ""}
    return msgspec.convert({**given, "issued_at": EPOCH, "expires_at": EPOCH + timedelta(hours=12), **changed}, Claims)


class House:
    """Credentials of one event loop over a database; `now` is its clock."""

    def __init__(self, directory: Path) -> None:
        self.database: SqliteDatabase = sqlite_database(directory)
        self.snapshot = self.database.snapshot()
        self.now = EPOCH
        self.credentials = Credentials(Hot(self.snapshot), self.snapshot, SEAL, lambda: self.now)

    def root(self, account: str = ACCOUNT) -> Principal:
        return self.database.read(lambda tx: identities.root_of(tx, account))

    def login(self, token: str) -> Principal:
        return asyncio.run(self.credentials.by_token(token))

    def download(self, token: str, name: str = "one", digest: Digest = DIGEST, account: str = ACCOUNT) -> Principal:
        return asyncio.run(self.credentials.by_download(token, repository(name, account), digest))

    def rotate(self, account: str = ACCOUNT) -> None:
        fresh = identities.fresh_credentials(account)
        self.database.submit(lambda tx: identities.rotate_root_key(tx, SEAL, fresh, self.now)).result()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.snapshot.close()
    made.database.close()


def test_a_token_says_what_it_was_issued_with():
    issued = claims(scope="x@y")
    assert tokens.read(SEAL, tokens.issue(SEAL, issued)) == issued


def test_a_token_has_no_colon_and_is_short_even_for_the_longest_names(house: House):
    key, digest = repository(LONGEST_NAME), Digest("sha512:" + "f" * 128)
    for token in (
        house.credentials.issue_token(house.root(), REGION)[0],
        house.credentials.issue_download(house.root(), key, digest),
    ):
        assert len(token) < 4096
        assert not set(token) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_token_altered_in_any_byte_is_none_of_ours():
    sealed = base64.urlsafe_b64decode(tokens.issue(SEAL, claims(scope="-")) + "==")
    for at in range(len(sealed)):
        altered = bytearray(sealed)
        altered[at] ^= 1
        with pytest.raises(CredentialInvalid):
            tokens.read(SEAL, base64.urlsafe_b64encode(altered).decode().rstrip("="))


def sealed_as_token(body: bytes, context: bytes = b"registry-token") -> str:
    return base64.urlsafe_b64encode(SEAL.seal(body, context)).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "A",
        "AA",
        "not base64!",
        "caf\u00e9",
        "A" * 4096,
        "A" * 4097,
        sealed_as_token(b"{}"),
        sealed_as_token(b"not json"),
        sealed_as_token(msgspec.json.encode(claims()), b"access-key:AKIA"),
        tokens.issue(Seal(bytes(31) + b"\1"), claims()),
    ],
    ids=range(11),
)
def test_what_is_no_token_of_ours_is_refused_and_nothing_else_happens(token: str):
    with pytest.raises(CredentialInvalid):
        tokens.read(SEAL, token)


def test_a_token_that_is_too_long_is_not_even_opened():
    with pytest.raises(CredentialInvalid):
        tokens.read(SEAL, tokens.issue(SEAL, claims(scope=secrets.token_hex(4096))))


def test_a_login_holds_for_twelve_hours_to_the_moment(house: House):
    token, expires_at = house.credentials.issue_token(house.root(), REGION)
    assert expires_at == EPOCH + timedelta(hours=12)
    assert house.login(token) == house.root()
    house.now = expires_at - timedelta(microseconds=1)
    assert house.login(token) == house.root()
    house.now = expires_at
    with pytest.raises(CredentialExpired):
        house.login(token)


def test_a_login_names_the_principal_that_it_was_issued_to(house: House):
    for account in (ACCOUNT, OTHER_ACCOUNT):
        token, _ = house.credentials.issue_token(house.root(account), REGION)
        assert house.login(token).account == account


def test_a_rotated_key_ends_its_tokens_at_once_and_no_other_account_s(house: House):
    token, _ = house.credentials.issue_token(house.root(), REGION)
    other, _ = house.credentials.issue_token(house.root(OTHER_ACCOUNT), REGION)
    download = house.credentials.issue_download(house.root(), KEY, DIGEST)
    assert house.login(token) == house.download(download) == house.root()
    house.rotate()
    with pytest.raises(CredentialInvalid):
        house.login(token)
    with pytest.raises(CredentialInvalid):
        house.download(download)
    assert house.login(other).account == OTHER_ACCOUNT
    fresh, _ = house.credentials.issue_token(house.root(), REGION)
    assert house.login(fresh) == house.root()


def test_a_token_of_another_epoch_of_the_same_key_is_void(house: House):
    root = house.root()
    token = tokens.issue(SEAL, claims(credential_id=root.credential_id, principal_id=root.id, epoch=root.epoch + 1))
    with pytest.raises(CredentialInvalid):
        house.login(token)


def test_a_token_of_a_key_that_was_never_there_is_void(house: House):
    with pytest.raises(CredentialInvalid):
        house.login(tokens.issue(SEAL, claims(credential_id="AKIANOBODY")))


def test_a_download_s_token_is_good_for_its_blob_in_its_repository_alone(house: House):
    token = house.credentials.issue_download(house.root(), KEY, DIGEST)
    assert house.download(token) == house.root()
    elsewhere: dict[str, Any]
    for elsewhere in (
        {"name": "two"},
        {"digest": Digest.of(b"other")},
        {"account": OTHER_ACCOUNT},
    ):
        with pytest.raises(CredentialInvalid):
            house.download(token, **elsewhere)


def test_a_download_s_token_is_no_login_and_a_login_is_no_download_s(house: House):
    login, _ = house.credentials.issue_token(house.root(), REGION)
    download = house.credentials.issue_download(house.root(), KEY, DIGEST)
    with pytest.raises(CredentialInvalid):
        house.login(download)
    with pytest.raises(CredentialInvalid):
        house.download(login)


def test_a_download_s_token_holds_for_a_quarter_of_an_hour(house: House):
    token = house.credentials.issue_download(house.root(), KEY, DIGEST)
    ends: datetime = EPOCH + timedelta(minutes=15)
    house.now = ends - timedelta(microseconds=1)
    assert house.download(token) == house.root()
    house.now = ends
    with pytest.raises(CredentialExpired):
        house.download(token)
