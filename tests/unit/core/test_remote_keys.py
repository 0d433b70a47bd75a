"""Keys at other services, as the core uses them: which service, for whom, and what is not believed."""

import asyncio
import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from entrepot.core.keys.remote import ENABLED, GONE, SILENT, UNPLACED, Endpoint, RemoteKeys, require_enabled
from entrepot.db.key_records import RemoteKey
from entrepot.errors import KeyDisabled, KeyNotFound, KeyRefused, KeyStateInvalid, KeyUnavailable
from entrepot.outbound import Destinations, Outbound
from entrepot.outbound.key_services import KeyService
from entrepot.outbound.signing import Keys
from entrepot.seal import key_pairs
from tests.factories.origins import Origin, body, origin

ACCOUNT = "111122223333"
BEGINNING = f"arn:aws:kms:us-east-1:{ACCOUNT}:"
ARN = f"{BEGINNING}key/0b2c4d6e-1111-2222-3333-444455556666"
SPEC, ALGORITHM = "ECC_NIST_P256", "ECDSA_SHA_256"


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Origin]:
    with origin(tmp_path, tls=False) as made:
        yield made


def remotes(at: Origin, *users: tuple[str, str], seconds: float = 5) -> RemoteKeys:
    outbound = Outbound(Destinations(["localhost"]), total_seconds=seconds)
    service = KeyService(outbound, at.url(""), Keys("AKIA", "secret"), lambda: datetime.now(UTC))
    return RemoteKeys([Endpoint(BEGINNING, service)], users)


def answers(at: Origin, told: Any, status: int = 200) -> None:
    at.answers["/"] = body(json.dumps(told).encode(), status)


@pytest.mark.parametrize("size", [10, 4096, 4097, 100_000])
async def test_a_text_of_any_length_is_signed_and_a_signature_of_another_key_is_none(there: Origin, size: int):
    pair, other = key_pairs.new_pair(SPEC), key_pairs.new_pair(SPEC)

    def sign(request: BaseHTTPRequestHandler) -> None:
        asked = json.loads(there.asked[-1].body)
        message, is_digest = base64.b64decode(asked["Message"]), asked["MessageType"] == "DIGEST"
        assert is_digest == (size > 4096)
        made = key_pairs.sign(pair.private, ALGORITHM, message, digest=is_digest)
        body(json.dumps({"KeyId": ARN, "Signature": base64.b64encode(made).decode()}).encode())(request)

    there.answers["/"] = sign
    text = b"x" * size
    made = await remotes(there).sign_there(ACCOUNT, RemoteKey(ARN, SPEC, ENABLED, pair.public), ALGORITHM, text)
    assert key_pairs.verifies(pair.public, ALGORITHM, text, made, digest=False)
    with pytest.raises(KeyUnavailable, match="not one of this key"):
        await remotes(there).sign_there(ACCOUNT, RemoteKey(ARN, SPEC, ENABLED, other.public), ALGORITHM, text)


async def test_who_may_use_a_key_is_its_account_and_whom_the_operator_names(there: Origin):
    answers(there, {"KeyId": ARN, "Plaintext": base64.b64encode(b"k" * 32).decode()})
    for account, users in ((ACCOUNT, ()), ("222233334444", ((BEGINNING, "222233334444"),))):
        assert await remotes(there, *users).open_data_key(account, ARN, b"blob", {}) == b"k" * 32
    for users in ((), ((f"{BEGINNING}key/other", "222233334444"),)):
        with pytest.raises(KeyRefused) as fault:
            await remotes(there, *users).open_data_key("222233334444", ARN, b"blob", {})
        assert fault.value.code == "AccessDeniedException"
    with pytest.raises(KeyUnavailable, match="kms_endpoints"):
        await remotes(there).open_data_key(ACCOUNT, ARN.replace("us-east-1", "us-west-2"), b"blob", {})


async def test_a_service_that_does_not_answer_is_left_alone_for_a_moment(there: Origin):
    def wait(_: BaseHTTPRequestHandler) -> None:
        there.closing.wait(10)

    there.answers["/"] = wait
    keys = remotes(there, seconds=0.2)
    for reason in ("does not answer", "a moment ago"):
        with pytest.raises(KeyUnavailable, match=reason):
            await keys.open_data_key(ACCOUNT, ARN, b"blob", {})
    assert len(there.asked) == 1
    there.closing.set()


async def test_not_more_requests_are_under_way_than_there_may_be(there: Origin):
    def wait(_: BaseHTTPRequestHandler) -> None:
        there.closing.wait(10)

    there.answers["/"] = wait
    keys = remotes(there, seconds=1)
    ended = await asyncio.gather(
        *(keys.open_data_key(ACCOUNT, ARN, b"blob", {}) for _ in range(70)), return_exceptions=True
    )
    there.closing.set()
    assert sum("are under way" in str(each) for each in ended) == 6
    assert all(isinstance(each, KeyUnavailable) for each in ended)


@pytest.mark.parametrize(
    ("told", "status", "state"),
    [
        ({"KeyMetadata": {"Arn": ARN, "KeySpec": "SYMMETRIC_DEFAULT", "KeyState": "Disabled"}}, 200, "Disabled"),
        ({"__type": "NotFoundException"}, 400, GONE),
        ({"__type": "AccessDeniedException"}, 400, "AccessDeniedException"),
        ({"__type": "KMSInternalException"}, 500, SILENT),
        ([], 200, SILENT),
    ],
)
async def test_a_look_again_tells_the_state_whatever_is_answered(there: Origin, told: Any, status: int, state: str):
    answers(there, told, status)
    known = RemoteKey(ARN, "SYMMETRIC_DEFAULT", ENABLED, b"")
    assert (await remotes(there).ask_again(known)).state == state
    assert (await RemoteKeys().ask_again(known)).state == UNPLACED


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("Disabled", KeyDisabled),
        (GONE, KeyNotFound),
        ("AccessDeniedException", KeyRefused),
        ("PendingDeletion", KeyStateInvalid),
        ("PendingImport", KeyStateInvalid),
        (UNPLACED, KeyStateInvalid),
    ],
)
def test_a_state_that_allows_nothing_is_told_as_what_it_is(state: str, fault: type[Exception]):
    with pytest.raises(fault):
        require_enabled(RemoteKey(ARN, "SYMMETRIC_DEFAULT", state, b""))
    for fine in (ENABLED, SILENT):
        require_enabled(RemoteKey(ARN, "SYMMETRIC_DEFAULT", fine, b""))
