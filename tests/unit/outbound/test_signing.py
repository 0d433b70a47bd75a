"""Signed requests against botocore's own signer, for every service that is delivered to."""

from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from entrepot.outbound.signing import Keys, encoded_path, encoded_query, signed

NOW = datetime(2026, 11, 26, 21, 0, 5, tzinfo=UTC)
CASES = [
    ("POST", "https://sqs.us-east-1.example/", "sqs", {"Content-Type": "application/x-amz-json-1.0"}, b"{}"),
    ("POST", "http://127.0.0.1:4566/", "sns", {"Content-Type": "application/x-www-form-urlencoded"}, b"Action=Publish"),
    ("POST", "http://h/2015-03-31/functions/f-1/invocations?Qualifier=%24LATEST", "lambda", {}, b"{}"),
    ("POST", "https://k.example:443/", "kinesis", {"X-Amz-Target": "Kinesis_20131202.PutRecord"}, b"\x00\xff"),
    (
        "PUT",
        "https://s3.example/b/" + encoded_path("a b/c:d/é+~%2F/e=f"),
        "s3",
        {"X-Amz-Meta-A": "one  two "},
        b"x" * 99,
    ),
    ("GET", "http://s3.example:9000/b?" + encoded_query([("prefix", "a/b c"), ("list-type", "2")]), "s3", {}, b""),
]


@pytest.mark.parametrize("token", [None, "a+token/="])
@pytest.mark.parametrize(("method", "url", "service", "headers", "body"), CASES)
def test_a_signature_is_the_one_that_botocore_makes(method, url, service, headers, body, token):
    keys = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    ours = signed(method, url, headers, body, keys=keys, region="us-west-2", service=service, now=NOW)
    theirs = botocores(
        method, url, {**headers, "X-Amz-Content-Sha256": ours["X-Amz-Content-Sha256"]}, body, keys, service
    )
    assert ours["Authorization"] == theirs["Authorization"]
    assert ours.get("X-Amz-Security-Token") == theirs.get("X-Amz-Security-Token")


def botocores(method: str, url: str, headers: dict[str, str], body: bytes, keys: Keys, service: str) -> Any:
    request = AWSRequest(method=method, url=url, headers=headers, data=body)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    credentials = Credentials(keys.access_key_id, keys.secret, keys.session_token)
    if service == "s3":
        request.context["payload_signing_enabled"] = True
    with mock.patch("botocore.auth.get_current_datetime", return_value=NOW.replace(tzinfo=None)):
        signer(credentials, service, "us-west-2").add_auth(request)
    return request.headers


def test_keys_do_not_show_their_secret():
    assert "canary" not in repr(Keys("AKID", "canary", "canary"))
