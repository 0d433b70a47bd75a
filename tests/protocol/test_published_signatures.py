"""AWS's Signature Version 4 test suite: each of its signed requests is verified, and no other secret fits."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from entrepot.aws.protocol import payload
from entrepot.errors import SignatureInvalid
from entrepot.policy import sigv4
from entrepot.policy.sigv4 import Received, Signature
from tests.protocol.published import directory

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
AT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
HOST = "example.amazonaws.com"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "signed" in metafunc.fixturenames:
        found = sorted((directory() / "auth" / "aws4_testsuite").rglob("*.sreq"))
        cases = [pytest.param(path, id=path.stem) for path in found]
        metafunc.parametrize("signed", cases)


def received(path: Any) -> tuple[Received, bytes]:
    """A request of the suite with its authorisation, as an HTTP server hands it over: folded lines are one line."""
    head, _, body = re.sub(r"\n[ \t]+", " ", path.read_text().replace("\r\n", "\n")).partition("\n\n")
    request_line, *lines = head.split("\n")
    method, target = re.fullmatch(r"(\S+) (.*) HTTP/1.1", request_line).groups()  # type: ignore[union-attr] # it matches
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines if line)]
    headers = [pair for pair in headers if pair[0] != "Authorization"]  # one of the suite's is not its own .authz
    headers.append(("Authorization", path.with_suffix(".authz").read_text().strip()))
    resource, _, query = target.partition("?")
    return Received(method, resource, query, headers), body.encode()


def verify(path: Any, secret: str) -> Signature:
    request, body = received(path)
    signature = sigv4.find(request)
    sigv4.verify(request, signature, secret, payload.declared_hash(signature, body), AT, [HOST])
    return signature


def test_every_request_of_the_suite_is_verified(signed):
    assert verify(signed, SECRET).scope == "20150830/us-east-1/service/aws4_request"


def test_the_canonical_request_is_that_of_the_suite(signed):
    request, body = received(signed)
    signature = sigv4.find(request)
    ours = sigv4.canonical_request(request, signature, payload.declared_hash(signature, body), HOST)
    assert ours == signed.with_suffix(".creq").read_text().replace("\r", "")


def test_no_request_of_the_suite_is_verified_with_another_secret(signed):
    with pytest.raises(SignatureInvalid):
        verify(signed, SECRET + "x")


def test_the_suite_is_whole():
    assert len(list((directory() / "auth" / "aws4_testsuite").rglob("*.sreq"))) >= 30
