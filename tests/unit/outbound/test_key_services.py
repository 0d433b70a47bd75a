"""Key services: what is sent, and which answers are believed."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from entrepot.outbound import AnswerUnusable, DestinationForbidden, Destinations, DestinationUnreachable, Outbound
from entrepot.outbound.faults import Unavailable
from entrepot.outbound.key_services import KeyService, KeyServiceRefused
from entrepot.outbound.signing import Keys
from tests.factories.origins import Origin, body, origin

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ARN = "arn:aws:kms:eu-west-1:111122223333:key/0b2c4d6e-1111-2222-3333-444455556666"
OTHER = ARN.replace("0b2c", "ffff")
KEY = base64.b64encode(b"k" * 32).decode()
BLOB = base64.b64encode(b"blob").decode()


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Origin]:
    with origin(tmp_path, tls=False) as made:
        yield made


def service(at: Origin, seconds: float = 5) -> KeyService:
    outbound = Outbound(Destinations(["localhost"]), total_seconds=seconds)
    return KeyService(outbound, at.url(""), Keys("AKIA", "secret"), lambda: NOW)


def answers(at: Origin, told: Any, status: int = 200) -> None:
    at.answers["/"] = body(told if isinstance(told, bytes) else json.dumps(told).encode(), status)


async def test_a_data_key_is_asked_for_in_its_context_and_signed_for_the_keys_region(plain: Origin):
    answers(plain, {"KeyId": ARN, "CiphertextBlob": BLOB, "Plaintext": KEY})
    made = await service(plain).generate_data_key(ARN, {"aws:ecr:arn": "app"})
    assert (made.text, made.blob) == (b"k" * 32, b"blob")
    assert "kkkk" not in repr(made)
    (asked,) = plain.asked
    assert json.loads(asked.body) == {"KeyId": ARN, "KeySpec": "AES_256", "EncryptionContext": {"aws:ecr:arn": "app"}}
    assert asked.headers["X-Amz-Target"] == "TrentService.GenerateDataKey"
    assert "Credential=AKIA/20260101/eu-west-1/kms/aws4_request" in asked.headers["Authorization"]


@pytest.mark.parametrize(
    "told",
    [
        b"",
        b"<html>",
        b"[1]",
        {"KeyId": ARN, "CiphertextBlob": BLOB},
        {"KeyId": OTHER, "CiphertextBlob": BLOB, "Plaintext": KEY},
        {"KeyId": ARN, "CiphertextBlob": BLOB, "Plaintext": base64.b64encode(b"short").decode()},
        {"KeyId": ARN, "CiphertextBlob": "not base64!", "Plaintext": KEY},
        {"KeyId": ARN, "CiphertextBlob": "", "Plaintext": KEY},
        {"KeyId": ARN, "CiphertextBlob": base64.b64encode(b"x" * 6145).decode(), "Plaintext": KEY},
        b"x" * 70_000,
    ],
)
async def test_a_wrong_answer_is_none_and_is_not_repeated(plain: Origin, told: Any):
    answers(plain, told)
    with pytest.raises(AnswerUnusable) as fault:
        await service(plain).generate_data_key(ARN, {})
    assert KEY not in str(fault.value)


@pytest.mark.parametrize(
    ("status", "told", "code", "passing"),
    [
        (400, {"__type": "DisabledException", "message": "secret words"}, "DisabledException", False),
        (400, {"__type": "com.amazonaws.kms#NotFoundException"}, "NotFoundException", False),
        (400, {"__type": "ThrottlingException"}, "ThrottlingException", True),
        (500, {"__type": "KMSInternalException"}, "KMSInternalException", True),
        (503, b"busy", "Status503", True),
        (404, b"<html>", "Status404", True),
        (302, b"", "Status302", True),
    ],
)
async def test_a_refusal_has_its_code_and_not_its_words(
    plain: Origin, status: int, told: Any, code: str, passing: bool
):
    answers(plain, told, status)
    with pytest.raises(KeyServiceRefused) as fault:
        await service(plain).decrypt_data_key(ARN, b"blob", {})
    assert (fault.value.code, isinstance(fault.value, Unavailable)) == (code, passing)
    assert "words" not in str(fault.value)


@pytest.mark.parametrize(
    "told",
    [
        {"Arn": ARN.replace("eu-west-1", "us-east-1"), "KeySpec": "SYMMETRIC_DEFAULT", "KeyState": "Enabled"},
        {"Arn": "arn:aws:s3:::bucket", "KeySpec": "SYMMETRIC_DEFAULT", "KeyState": "Enabled"},
        {"Arn": ARN, "KeySpec": "SYMMETRIC_DEFAULT", "KeyState": "on fire\n"},
        {"Arn": ARN, "KeyState": "Enabled"},
    ],
)
async def test_a_description_of_something_else_is_not_believed(plain: Origin, told: Any):
    answers(plain, {"KeyMetadata": told})
    with pytest.raises(AnswerUnusable):
        await service(plain).describe_key(ARN)


async def test_a_slow_service_is_given_up(plain: Origin):
    def wait(_: BaseHTTPRequestHandler) -> None:
        plain.closing.wait(10)

    plain.answers["/"] = wait
    with pytest.raises(DestinationUnreachable):
        await service(plain, 0.2).describe_key(ARN)
    plain.closing.set()


async def test_requests_go_where_the_operator_lets_them(plain: Origin):
    strict = KeyService(Outbound(Destinations()), plain.url(""), Keys("AKIA", "secret"), lambda: NOW)
    with pytest.raises(DestinationForbidden):
        await strict.describe_key(ARN)
    assert plain.asked == []


async def test_a_description_is_the_keys(plain: Origin):
    answers(plain, {"KeyMetadata": {"Arn": ARN, "KeySpec": "ECC_NIST_P384", "KeyState": "Enabled"}})
    found = await service(plain).describe_key(f"{ARN.rpartition(':')[0]}:alias/x")
    assert (found.arn, found.spec, found.state) == (ARN, "ECC_NIST_P384", "Enabled")
