"""Signatures: what botocore signs is verified, and whatever is changed afterwards is noticed."""

import hashlib
import inspect
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors import CredentialMissing, RequestMalformed, RequestSkewed, SignatureInvalid
from entrepot.policy import sigv4
from entrepot.policy.sigv4 import EMPTY_SHA256, Received

KEY, SECRET = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOST = "127.0.0.1:5000"
TARGET = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories"
BODY = b"{}"


def signed(
    method: str = "POST",
    target: str = "/",
    headers: dict[str, str] | None = None,
    body: bytes = BODY,
    service: str = "ecr",
    token: str | None = None,
) -> Received:
    """A request as it arrives, signed in its headers by botocore."""
    request = AWSRequest(method, f"http://{HOST}{target}", headers={"Host": HOST, **(headers or {})}, data=body)
    SigV4Auth(Credentials(KEY, SECRET, token), service, "us-east-1").add_auth(request)
    return received(request, method)


def presigned(target: str = "/?Action=GetCallerIdentity&Version=2011-06-15", expires: int = 60) -> Received:
    """A request as it arrives, signed in its query by botocore."""
    request = AWSRequest("GET", f"http://{HOST}{target}", headers={"Host": HOST})
    SigV4QueryAuth(Credentials(KEY, SECRET), "sts", "us-east-1", expires=expires).add_auth(request)
    return received(request, "GET")


def received(request: AWSRequest, method: str) -> Received:
    parts = urlsplit(request.url)
    return Received(
        method, parts.path or "/", parts.query, [(name, str(value)) for name, value in request.headers.items()]
    )


def verify(request: Received, *, after: timedelta = timedelta(), secret: str = SECRET, body_hash: str = "") -> None:
    signature = sigv4.find(request)
    declared = body_hash or (EMPTY_SHA256 if request.method == "GET" else sha256(BODY))
    sigv4.verify(request, signature, secret, declared, signature.signed_at + after, [HOST])


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def with_header(request: Received, name: str, value: str) -> Received:
    return replace(request, headers=[*request.headers, (name, value)])


def without_header(request: Received, name: str) -> Received:
    return replace(request, headers=[pair for pair in request.headers if pair[0].lower() != name.lower()])


def with_changed_header(request: Received, name: str, value: str) -> Received:
    return with_header(without_header(request, name), name, value)


PATHS = st.text(
    st.characters(codec="utf-8", exclude_characters="\0?#\t\n\r", exclude_categories=("Cc", "Cs")), max_size=12
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=12)
PRINTED = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)


@settings(max_examples=200)
@given(
    path=st.lists(PATHS, max_size=4).map(lambda parts: "/" + "/".join(quote(part, safe="") for part in parts)),
    query=st.lists(st.tuples(WORDS.filter(bool), WORDS), max_size=4, unique_by=lambda pair: pair[0]),
    value=st.lists(PRINTED, max_size=3).map("  ".join),
)
def test_what_botocore_signs_is_verified_whatever_its_path_query_and_headers(path, query, value):
    text = "&".join(f"{quote(name, safe='')}={quote(item, safe='')}" for name, item in query)
    verify(signed(target=f"{path}?{text}" if text else path, headers={"X-Amz-Target": TARGET, "X-Custom": value}))


@pytest.mark.parametrize(
    "target",
    ["//", "/a//b/", "/./a/../b", "/a/%2E%2E/b", "/a%2Fb", "/%C3%A9", "/a%20b", "/+", "/?a=b%20c&a-b=&A=1", "/?x"],
)
def test_odd_targets_are_signed_as_botocore_signs_them(target: str):
    verify(signed(target=target))


def test_a_request_that_we_sign_is_one_that_we_verify():
    now = datetime.now(UTC)
    headers = {"host": HOST, "x-amz-target": TARGET}
    made = sigv4.sign("POST", "/", headers, BODY, KEY, SECRET, "us-east-1", "ecr", now)
    verify(Received("POST", "/", "", list((headers | made).items())))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r: replace(r, method="PUT"), id="method"),
        pytest.param(lambda r: replace(r, path="/other"), id="path"),
        pytest.param(lambda r: replace(r, query="x=1"), id="query"),
        pytest.param(lambda r: with_changed_header(r, "X-Amz-Target", "Other.DeleteRepository"), id="target"),
        pytest.param(lambda r: with_header(r, "X-Amz-Target", "Other.DeleteRepository"), id="second-target"),
        pytest.param(lambda r: with_changed_header(r, "Content-Type", "text/plain"), id="content-type"),
        pytest.param(lambda r: without_header(r, "Content-Type"), id="signed-header-missing"),
    ],
)
def test_nothing_that_is_signed_can_be_changed(change):
    request = signed(headers={"X-Amz-Target": TARGET, "Content-Type": "application/x-amz-json-1.1"})
    verify(request)
    with pytest.raises(SignatureInvalid):
        verify(change(request))


def test_another_body_does_not_fit():
    with pytest.raises(SignatureInvalid):
        verify(signed(), body_hash=sha256(b'{"force":true}'))


def test_another_secret_does_not_fit():
    with pytest.raises(SignatureInvalid):
        verify(signed(), secret=SECRET.lower())


@pytest.mark.parametrize("name", ["X-Amz-Target", "x-amz-content-sha256", "x-amz-decoded-content-length", "X-AMZ-NEW"])
@pytest.mark.parametrize("request_of", [signed, presigned])
def test_a_header_of_the_protocol_that_is_not_signed_is_refused(request_of, name: str):
    request = with_header(request_of(), name, "value")
    signature = sigv4.find(request)
    body_hash = EMPTY_SHA256 if request.method == "GET" else sha256(BODY)
    with pytest.raises(SignatureInvalid, match=f"must be signed: {name.lower()}"):
        sigv4.verify(request, signature, SECRET, body_hash, signature.signed_at, [HOST])


def test_headers_that_proxies_and_clients_add_need_no_signature():
    request = signed(headers={"X-Amz-Target": TARGET})
    for name in ("User-Agent", "X-Amzn-Trace-Id", "X-Forwarded-For", "Via", "amz-sdk-invocation-id"):
        request = with_header(request, name, "added")
    verify(request)


@pytest.mark.parametrize("request_of", [signed, presigned])
def test_the_host_must_be_signed(request_of):
    request = request_of()
    signature = sigv4.find(request)
    unsigned = replace(signature, signed_headers=tuple(n for n in signature.signed_headers if n != "host"))
    with pytest.raises(SignatureInvalid, match="must be signed: host"):
        sigv4.verify(request, unsigned, SECRET, EMPTY_SHA256, signature.signed_at, [HOST])


def test_the_host_is_one_of_those_that_the_server_goes_by():
    request = signed()
    signature = sigv4.find(request)
    sigv4.verify(request, signature, SECRET, sha256(BODY), signature.signed_at, ["other:1", HOST])
    with pytest.raises(SignatureInvalid):
        sigv4.verify(request, signature, SECRET, sha256(BODY), signature.signed_at, ["other:1"])


@pytest.mark.parametrize(("seconds", "holds"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)])
def test_a_signature_holds_five_minutes_either_way(seconds: int, holds: bool):
    request = signed()
    if holds:
        verify(request, after=timedelta(seconds=seconds))
        return
    with pytest.raises(RequestSkewed):
        verify(request, after=timedelta(seconds=seconds))


@pytest.mark.parametrize(("seconds", "holds"), [(-301, False), (-300, True), (60, True), (61, False)])
def test_a_presigned_request_holds_as_long_as_it_says(seconds: int, holds: bool):
    request = presigned(expires=60)
    if holds:
        verify(request, after=timedelta(seconds=seconds))
        return
    with pytest.raises(RequestSkewed):
        verify(request, after=timedelta(seconds=seconds))


@pytest.mark.parametrize("stamp", ["00010101T000000Z", "99991231T235959Z"])
def test_times_at_the_ends_of_the_calendar_are_only_skewed(stamp: str):
    request = with_changed_header(signed(), "X-Amz-Date", stamp)
    line = next(value for name, value in request.headers if name == "Authorization")
    day = sigv4.find(signed()).date
    request = with_changed_header(request, "Authorization", line.replace(f"/{day}/", f"/{stamp[:8]}/"))
    signature = sigv4.find(request)
    with pytest.raises(RequestSkewed):
        sigv4.verify(request, signature, SECRET, sha256(BODY), datetime.now(UTC), [HOST])


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r: replace(r, method="POST"), id="method"),
        pytest.param(lambda r: replace(r, method="DELETE"), id="delete"),
        pytest.param(lambda r: replace(r, query=r.query.replace("GetCallerIdentity", "AssumeRole")), id="action"),
        pytest.param(lambda r: replace(r, query=r.query + "&RoleArn=x"), id="parameter"),
        pytest.param(lambda r: replace(r, query=r.query.replace("Expires=60", "Expires=600")), id="expiry"),
        pytest.param(lambda r: replace(r, query=r.query + "&X-Amz-Expires=600"), id="second-expiry"),
        pytest.param(lambda r: replace(r, path="/v2/"), id="path"),
    ],
)
def test_a_presigned_request_is_good_for_nothing_else(change):
    request = presigned()
    verify(request)
    with pytest.raises(SignatureInvalid):
        verify(change(request))


def test_a_session_token_is_told_from_headers_and_from_the_query():
    assert sigv4.find(signed(token="session")).session_token == "session"
    assert sigv4.find(signed()).session_token is None
    request = presigned()
    assert sigv4.find(replace(request, query=request.query + "&X-Amz-Security-Token=t")).session_token == "t"


def test_a_request_with_two_authorizations_is_refused():
    request = signed()
    line = next(value for name, value in request.headers if name == "Authorization")
    with pytest.raises(RequestMalformed):
        sigv4.find(with_header(request, "authorization", line))
    with pytest.raises(RequestMalformed):
        sigv4.find(replace(presigned(), headers=[("Authorization", line)]))


def test_a_request_without_a_signature_is_told_apart():
    with pytest.raises(CredentialMissing):
        sigv4.find(without_header(signed(), "Authorization"))


CREDENTIAL = f"{KEY}/20260101/us-east-1/ecr/aws4_request"
GOOD = f"AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=host;x-amz-date, Signature=00"


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("", "20260101T000000Z"),
        ("Basic QVdTOng=", "20260101T000000Z"),
        (GOOD.replace("SHA256", "SHA1"), "20260101T000000Z"),
        (GOOD.replace("aws4_request", "aws3_request"), "20260101T000000Z"),
        (GOOD.replace("/us-east-1", ""), "20260101T000000Z"),
        (GOOD.replace("/us-east-1", "/US EAST"), "20260101T000000Z"),
        (GOOD.replace(", Signature=00", ""), "20260101T000000Z"),
        (GOOD.replace("SignedHeaders=host;x-amz-date, ", ""), "20260101T000000Z"),
        (GOOD, ""),
        (GOOD, "20260102T000000Z"),
        (GOOD, "20260101"),
        (GOOD, "20261301T000000Z"),
        (GOOD, "20260101T000000Z,20260101T000000Z"),
    ],
)
def test_an_authorization_that_cannot_be_read_is_malformed(line: str, date: str):
    with pytest.raises(RequestMalformed):
        sigv4.find(Received("POST", "/", "", [("Authorization", line), ("X-Amz-Date", date)]))


@pytest.mark.parametrize("expires", ["", "0", "-1", "604801", "1e3", "9" * 40, "\u0661"])
def test_a_presigned_request_lives_a_week_at_most(expires: str):
    request = presigned()
    with pytest.raises(RequestMalformed):
        sigv4.find(replace(request, query=request.query.replace("Expires=60", f"Expires={quote(expires)}")))


def test_signatures_are_compared_in_constant_time():
    assert "compare_digest" in inspect.getsource(sigv4.verify)
    assert "value ==" not in inspect.getsource(sigv4)
