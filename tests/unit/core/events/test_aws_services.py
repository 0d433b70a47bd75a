"""Queues, topics, streams and functions at AWS-compatible endpoints; dead letters with why as attributes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from entrepot.core.events.aws_services import Endpoints
from entrepot.db.event_records import Target
from entrepot.outbound.signing import Keys
from tests.factories.event_world import EventWorld
from tests.factories.moto_server import Moto, moto_server
from tests.factories.origins import Origin, body

SERVICES = ("sqs", "sns", "kinesis")


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with moto_server() as running:
        yield running


@pytest.fixture
def there(tmp_path, moto: Moto) -> Iterator[EventWorld]:
    made = EventWorld(tmp_path / "data", dict.fromkeys(SERVICES, moto.url))
    made.endpoints = Endpoints(made.endpoints.urls, Keys("AKIDTEST", "secret"))
    yield made
    made.close()


async def test_a_queue_gets_the_event_as_its_message(there: EventWorld, moto: Moto):
    url, arn = moto.queue("plain")
    there.rule("all", Target("", "queue", arn))
    sent = there.send({"n": 1})
    await there.settle()
    (message,) = moto.messages(url, 2)
    assert json.loads(message["Body"])["id"] == sent
    assert there.measured.total("SuccessfulInvocationAttempts") == 1


async def test_a_fifo_queue_keeps_order_and_takes_an_event_once(there: EventWorld, moto: Moto):
    url, arn = moto.queue("ordered.fifo", FifoQueue="true")
    there.rule("all", Target("", "queue", arn, parameters={"SqsParameters": {"MessageGroupId": "all"}}))
    for number in range(5):
        there.send({"n": number}, order_key="one")
    await there.settle()
    messages = moto.messages(url, 6)
    assert [json.loads(message["Body"])["detail"]["n"] for message in messages] == [0, 1, 2, 3, 4]
    assert {message["Attributes"]["MessageGroupId"] for message in messages} == {"all"}
    ids = [json.loads(message["Body"])["id"] for message in messages]
    assert [message["Attributes"]["MessageDeduplicationId"] for message in messages] == ids


async def test_a_topic_gets_what_the_transformer_makes(there: EventWorld, moto: Moto):
    url, queue = moto.queue("behind-topic")
    sns = moto.client("sns")
    topic = sns.create_topic(Name="topic")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    transformer = json.dumps({"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '"number <n> & more"'})
    there.rule("all", Target("", "topic", topic, input_kind="transformer", input=transformer))
    there.send({"n": 3})
    await there.settle()
    assert [message["Body"] for message in moto.messages(url, 2)] == ['"number 3 & more"']


async def test_a_stream_gets_records_under_the_key_that_a_path_finds(there: EventWorld, moto: Moto):
    kinesis = moto.client("kinesis")
    kinesis.create_stream(StreamName="stream", ShardCount=1)
    arn = kinesis.describe_stream(StreamName="stream")["StreamDescription"]["StreamARN"]
    parameters = {"KinesisParameters": {"PartitionKeyPath": "$.detail.who"}}
    role = there.role("streamer", "kinesis:PutRecord")
    there.rule("all", Target("", "stream", arn, role_arn=role, parameters=parameters))
    sent = there.send({"who": "me"})
    await there.settle()
    shard = kinesis.describe_stream(StreamName="stream")["StreamDescription"]["Shards"][0]["ShardId"]
    start = kinesis.get_shard_iterator(StreamName="stream", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    (record,) = kinesis.get_records(ShardIterator=start["ShardIterator"])["Records"]
    assert record["PartitionKey"] == "me"
    assert json.loads(record["Data"])["id"] == sent


async def test_what_is_given_up_is_in_the_dead_letter_queue_with_why(there: EventWorld, moto: Moto, hook: Origin):
    hook.answers["/"] = body(b"", 500)
    url, arn = moto.queue("dead")
    target = there.webhook("hook", hook.url(), most_attempts=1, dead_letter_arn=arn)
    rule = there.rule("all", target)
    sent = there.send({"n": 1})
    await there.settle()
    (message,) = moto.messages(url, 2)
    assert json.loads(message["Body"])["id"] == sent
    told = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert told == {
        "RULE_ARN": rule,
        "TARGET_ARN": target.arn,
        "ERROR_CODE": "SERVICE_UNAVAILABLE",
        "ERROR_MESSAGE": "localhost answers with status 500",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "RETRY_ATTEMPTS": "1",
    }
    assert there.failures() == []
    assert there.measured.total("InvocationsSentToDlq") == 1


async def test_a_queue_that_is_not_there_is_no_place_for_events_nor_for_dead_letters(there: EventWorld):
    absent = "arn:aws:sqs:us-east-1:123456789012:absent"
    there.rule("all", Target("", "queue", absent, dead_letter_arn=absent))
    there.send({"n": 1})
    await there.settle()
    (row,) = there.failures()
    assert (row.error_code, row.attempts) == ("NO_RESOURCE", 1)
    assert there.measured.total("InvocationsFailedToBeSentToDlq") == 1


async def test_a_role_of_a_queue_must_allow_the_call(there: EventWorld, moto: Moto):
    url, arn = moto.queue("guarded")
    there.rule("all", Target("", "queue", arn, role_arn=there.role("sender", "sqs:ReceiveMessage")))
    there.send({"n": 1})
    await there.settle()
    assert [row.error_code for row in there.failures()] == ["NO_PERMISSIONS"]
    assert moto.messages(url, 1) == []


@pytest.fixture
def functions(tmp_path, hook: Origin) -> Iterator[EventWorld]:
    """A world whose functions are behind the webhook's server."""
    made = EventWorld(tmp_path / "data", {"lambda": hook.url("")})
    made.endpoints = Endpoints(made.endpoints.urls, Keys("AKIDTEST", "secret"))
    yield made
    made.close()


async def test_a_function_is_invoked_without_waiting_for_it(functions: EventWorld, hook: Origin):
    path = "/2015-03-31/functions/work/invocations?Qualifier=v1"
    hook.answers[path] = body(b"", 202)
    functions.rule("all", Target("", "f", "arn:aws:lambda:us-east-1:123456789012:function:work:v1"))
    sent = functions.send({"n": 1})
    await functions.settle()
    (asked,) = hook.asked
    assert (asked.method, asked.path) == ("POST", path)
    assert asked.headers["X-Amz-Invocation-Type"] == "Event"
    assert "/us-east-1/lambda/aws4_request" in asked.headers["Authorization"]
    assert json.loads(asked.body)["id"] == sent


@pytest.mark.parametrize(
    ("status", "answer", "code", "again"),
    [
        (400, {"__type": "com.amazonaws.sqs#ThrottlingException"}, "THROTTLING", True),
        (429, {"Type": "User", "Message": "TooManyRequestsException"}, "THROTTLING", True),
        (503, {}, "SERVICE_UNAVAILABLE", True),
        (403, {"__type": "AccessDeniedException"}, "NO_PERMISSIONS", False),
        (404, {"__type": "ResourceNotFoundException"}, "NO_RESOURCE", False),
        (400, {"__type": "InvalidParameterValueException"}, "INVALID_PARAMETER", False),
    ],
)
async def test_what_a_service_answers_says_whether_to_try_again(functions, hook, status, answer: Any, code, again):
    hook.answers["/2015-03-31/functions/work/invocations"] = body(json.dumps(answer).encode(), status)
    functions.rule("all", Target("", "f", "arn:aws:lambda:us-east-1:123456789012:function:work", most_attempts=1))
    functions.send({"n": 1})
    await functions.settle()
    (row,) = functions.failures()
    assert (row.error_code, len(hook.asked)) == (code, 2 if again else 1)
