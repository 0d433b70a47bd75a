"""Targets at AWS-compatible endpoints: one call of SQS, SNS, Lambda or Kinesis for each event, signed (their API
references: SendMessage, Publish, Invoke, PutRecord), and what its answer means.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from entrepot.core.events import outcomes
from entrepot.core.events.outcomes import Failure
from entrepot.outbound import OutboundFault, Response, Sender
from entrepot.outbound.signing import Keys, encoded_path, signed
from entrepot.pattern.paths import MISSING, Path

_MOST_ANSWER = 64 * 1024
_JSON_10, _JSON_11 = "application/x-amz-json-1.0", "application/x-amz-json-1.1"
_BUSY = ("Throttl", "TooManyRequests", "RequestLimitExceeded", "ProvisionedThroughputExceeded", "Unavailable", "Busy")
_ABSENT = ("NonExistentQueue", "QueueDoesNotExist", "ResourceNotFound", "NotFound")
_DENIED = ("AccessDenied", "AuthorizationError", "NotAuthorized", "Signature", "InvalidClientTokenId", "Unrecognized")


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the operator's AWS-compatible services are, by name (`sqs`), and what signs calls to them."""

    urls: Mapping[str, str]
    keys: Keys | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What a target is given: `parameters` are its own, `event` is the whole event, `attributes` those of a message."""

    arn: str
    text: str
    event_id: str
    event: Mapping[str, Any]
    parameters: Mapping[str, Any]
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Request:
    path: str
    headers: Mapping[str, str]
    body: bytes


class AwsServices:
    """Delivers to AWS-compatible endpoints."""

    def __init__(self, endpoints: Endpoints, clock: Callable[[], datetime]) -> None:
        self._endpoints = endpoints
        self._clock = clock

    async def send(self, sender: Sender, message: Message) -> Failure | None:
        """Hand a message to the service that its ARN names; None when it took it."""
        service, region = message.arn.split(":")[2:4]
        base = self._endpoints.urls.get(service)
        if base is None:
            return Failure(outcomes.CLIENT_ERROR, f"no endpoint of {service} is configured (aws_endpoints)", False)
        request = _REQUESTS[service](message, base.rstrip("/"))
        url = base.rstrip("/") + request.path
        headers: Mapping[str, str] = request.headers
        if self._endpoints.keys is not None:
            headers = signed(
                "POST",
                url,
                headers,
                request.body,
                keys=self._endpoints.keys,
                region=region,
                service=service,
                now=self._clock(),
            )
        try:
            answer = await sender.send("POST", url, most_bytes=_MOST_ANSWER, body=request.body, headers=headers)
        except OutboundFault as fault:
            return outcomes.of_fault(fault)
        return _failure(answer, urlsplit(url).hostname or service)


def _sqs(message: Message, base: str) -> _Request:
    account, name = message.arn.split(":")[4:6]
    sent: dict[str, object] = {"QueueUrl": f"{base}/{account}/{name}", "MessageBody": message.text}
    group = message.parameters.get("SqsParameters", {}).get("MessageGroupId")
    if group:
        sent |= {"MessageGroupId": group, "MessageDeduplicationId": message.event_id}
    if message.attributes:
        sent["MessageAttributes"] = {
            key: {"DataType": "String", "StringValue": value} for key, value in message.attributes.items() if value
        }
    return _Request("/", {"Content-Type": _JSON_10, "X-Amz-Target": "AmazonSQS.SendMessage"}, _bytes(sent))


def _sns(message: Message, _: str) -> _Request:
    form = {"Action": "Publish", "Version": "2010-03-31", "TopicArn": message.arn, "Message": message.text}
    if message.arn.endswith(".fifo"):
        form |= {"MessageGroupId": message.event_id, "MessageDeduplicationId": message.event_id}
    body = urlencode(form, quote_via=quote).encode()
    return _Request("/", {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, body)


def _lambda(message: Message, _: str) -> _Request:
    function, _, qualifier = message.arn.split(":", 6)[6].partition(":")
    path = f"/2015-03-31/functions/{encoded_path(function)}/invocations"
    if qualifier:
        path += f"?Qualifier={quote(qualifier, safe='-_.~')}"
    return _Request(path, {"Content-Type": "application/json", "X-Amz-Invocation-Type": "Event"}, message.text.encode())


def _kinesis(message: Message, _: str) -> _Request:
    wanted = message.parameters.get("KinesisParameters", {}).get("PartitionKeyPath")
    found = Path(wanted).of(message.event) if wanted else MISSING
    key = message.event_id if found is MISSING else found if isinstance(found, str) else json.dumps(found)
    sent = {
        "StreamName": message.arn.partition("/")[2],
        "PartitionKey": key[:256] or message.event_id,
        "Data": base64.b64encode(message.text.encode()).decode(),
    }
    return _Request("/", {"Content-Type": _JSON_11, "X-Amz-Target": "Kinesis_20131202.PutRecord"}, _bytes(sent))


_REQUESTS: Mapping[str, Callable[[Message, str], _Request]] = {
    "sqs": _sqs,
    "sns": _sns,
    "lambda": _lambda,
    "kinesis": _kinesis,
}


def _failure(answer: Response, host: str) -> Failure | None:
    """What an answer says; the service's own code stands above the status."""
    failure = outcomes.of_status(answer.status, answer.headers, host)
    if failure is None:
        return None
    told = answer.body.decode(errors="replace")
    message = outcomes.shortened(f"{failure.message}: {told}")
    named = answer.headers.get("x-amzn-ErrorType", "") + told
    if any(word in named for word in _BUSY):
        return Failure(outcomes.THROTTLING, message, True, failure.after)
    if failure.retriable:
        return Failure(failure.code, message, True, failure.after)
    if any(word in named for word in _ABSENT):
        return Failure(outcomes.NO_RESOURCE, message, False)
    if any(word in named for word in _DENIED):
        return Failure(outcomes.NO_PERMISSIONS, message, False)
    return Failure(outcomes.INVALID_PARAMETER if answer.status == 400 else failure.code, message, False)


def _bytes(value: object) -> bytes:
    return msgspec.json.encode(value)
