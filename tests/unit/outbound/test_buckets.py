"""Buckets at an S3 endpoint: what is sent, and what is made of answers."""

from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from entrepot.outbound import Destinations, DestinationUnreachable, Outbound
from entrepot.outbound.buckets import BucketEndpoint, BucketRefused, Buckets
from entrepot.outbound.signing import Keys
from tests.factories.origins import Origin, body, origin

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = Keys("AKIA", "secret")
REFUSED = b'<?xml version="1.0"?><Error><Code>%s</Code><Message>no</Message></Error>'


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Origin]:
    with origin(tmp_path, tls=False) as made:
        yield made


def buckets(at: Origin, keys: Keys | None = KEYS) -> Buckets:
    endpoint = BucketEndpoint(at.url("/"), keys, "us-east-1")
    return Buckets(Outbound(Destinations(["localhost"])), endpoint, lambda: NOW)


async def test_an_object_is_put_signed_with_its_words(plain: Origin):
    plain.answers["/logs/a/b%20c.json.gz"] = body(b"")
    await buckets(plain).put("logs", "a/b c.json.gz", b"content", {"signature": "00", "signature-algorithm": "x"})
    (asked,) = plain.asked
    assert (asked.method, asked.body) == ("PUT", b"content")
    assert asked.headers["x-amz-meta-signature"] == "00"
    assert asked.headers["x-amz-meta-signature-algorithm"] == "x"
    assert "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/s3/aws4_request" in asked.headers["Authorization"]
    assert "x-amz-meta-signature;" in asked.headers["Authorization"]


async def test_without_keys_requests_are_not_signed(plain: Origin):
    plain.answers["/logs/a"] = body(b"")
    await buckets(plain, None).put("logs", "a", b"", {})
    assert "Authorization" not in plain.asked[0].headers


async def test_an_object_is_got_with_its_words(plain: Origin):
    plain.answers["/logs/a"] = body(b"content", X_Amz_Meta_Signature="ff", X_Other="1")
    assert await buckets(plain).get("logs", "a") == (b"content", {"signature": "ff"})


async def test_an_object_that_is_not_there_is_none_and_a_bucket_that_is_not_is_refused(plain: Origin):
    plain.answers["/logs/a"] = body(REFUSED % b"NoSuchKey", 404)
    assert await buckets(plain).get("logs", "a") is None
    plain.answers["/logs/a"] = body(REFUSED % b"NoSuchBucket", 404)
    with pytest.raises(BucketRefused, match="NoSuchBucket"):
        await buckets(plain).get("logs", "a")


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (REFUSED % b"AccessDenied", 403, "AccessDenied"),
        (REFUSED % b"SlowDown", 503, "SlowDown"),
        (b"", 403, "AccessDenied"),
        (b"<html>busy</html>", 502, "Status502"),
        (REFUSED % b"<Code>", 400, "Status400"),
    ],
)
async def test_a_refusal_is_told_by_s3s_code(plain: Origin, answer: bytes, status: int, code: str):
    plain.answers["/logs/a"] = body(answer, status)
    with pytest.raises(BucketRefused) as refused:
        await buckets(plain).put("logs", "a", b"", {})
    assert refused.value.code == code


async def test_a_list_is_followed_to_its_end(plain: Origin):
    pages = {
        "": b"<Key>p/a%26b+c</Key><Key>p/d</Key><NextContinuationToken>x&amp;y/=</NextContinuationToken>",
        "x%26y%2F%3D": b"<Key>p/e</Key>",
    }

    def answer(handler: BaseHTTPRequestHandler) -> None:
        token = handler.path.partition("continuation-token=")[2].partition("&")[0]
        body(b"<ListBucketResult>%s</ListBucketResult>" % pages[token])(handler)

    first = "/logs?encoding-type=url&list-type=2&max-keys=1000&prefix=p%2F"
    plain.answers[first] = answer
    plain.answers["/logs?continuation-token=x%26y%2F%3D&encoding-type=url&list-type=2&max-keys=1000&prefix=p%2F"] = (
        answer
    )
    assert [key async for key in buckets(plain).keys("logs", "p/")] == ["p/a&b c", "p/d", "p/e"]


async def test_a_list_that_names_itself_as_the_next_page_ends(plain: Origin):
    again = body(b"<Key>a</Key><NextContinuationToken>t</NextContinuationToken>")
    plain.answers["/logs?encoding-type=url&list-type=2&max-keys=1000&prefix=p%2F"] = again
    plain.answers["/logs?continuation-token=t&encoding-type=url&list-type=2&max-keys=1000&prefix=p%2F"] = again
    assert [key async for key in buckets(plain).keys("logs", "p/")] == ["a", "a"]


async def test_a_bucket_is_asked_for_by_its_head(plain: Origin):
    plain.answers["/logs"] = body(b"")
    await buckets(plain).head("logs")
    assert plain.asked[0].method == "HEAD"
    with pytest.raises(BucketRefused, match="NotFound"):
        await buckets(plain).head("absent")


async def test_an_endpoint_that_is_not_there_is_told(plain: Origin):
    endpoint = BucketEndpoint("http://localhost:1", KEYS, "us-east-1")
    nowhere = Buckets(Outbound(Destinations(["localhost"])), endpoint, lambda: NOW)
    with pytest.raises(DestinationUnreachable):
        await nowhere.put("logs", "a", b"", {})
