"""Every fact's error, as each protocol writes it, read back by botocore's parser."""

from typing import Any

import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser

from entrepot import errors as facts
from entrepot.aws.protocol import errors, json_protocol, query
from entrepot.errors import Fact
from entrepot.http.answer import Answer
from tests.protocol.clients import REQUEST_ID, their_model

NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
HOSTILE = "<&>\"' \x00\x1f\x7f \ud800 \u202e ]]> \r\n"


def parse(protocol: str, answer: Answer, shape: Any = None) -> dict[str, Any]:
    response = {"status_code": answer.status, "headers": HeadersDict(answer.headers), "body": answer.body}
    parsed: dict[str, Any] = create_parser(protocol).parse(response, shape)
    return parsed


@pytest.mark.parametrize("fact", errors.TABLE, ids=lambda fact: fact.__name__)
def test_the_code_and_the_message_of_every_fact_reach_a_json_client(fact: type[Fact]):
    code, status = errors.TABLE[fact]
    parsed = parse("json", json_protocol.show_error(code, "what was wrong", {}, status, "1.1"))
    assert parsed["Error"] == {"Code": code, "Message": "what was wrong"}
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize("fact", errors.TABLE, ids=lambda fact: fact.__name__)
def test_the_code_and_the_message_of_every_fact_reach_a_query_client(fact: type[Fact]):
    code, status = errors.TABLE[fact]
    code = errors.QUERY_CODES.get(code, code)
    parsed = parse("query", query.show_error(NAMESPACE, code, "what was wrong", status, REQUEST_ID))
    fault = "Receiver" if status >= 500 else "Sender"
    assert parsed["Error"] == {"Code": code, "Message": "what was wrong", "Type": fault}
    assert parsed["ResponseMetadata"]["RequestId"] == REQUEST_ID


def test_the_members_of_an_error_reach_the_client():
    fact = facts.UploadOutOfOrder(upload="u", offset=10, start=20, name="a/b", account="000000000000")
    code, status = errors.TABLE[type(fact)]
    shape = their_model("ecr").shape_for(code)
    answer = json_protocol.show_error(code, str(fact), errors.members(fact, "000000000000"), status, "1.1")
    parsed = parse("json", answer, shape)
    assert (parsed["registryId"], parsed["repositoryName"], parsed["uploadId"]) == ("000000000000", "a/b", "u")
    assert parsed["lastValidByteReceived"] == 9


def test_a_message_that_quotes_hostile_text_is_still_well_formed():
    parsed = parse("json", json_protocol.show_error("SomeException", HOSTILE, {}, 400, "1.1"))
    assert parsed["Error"]["Message"] == HOSTILE.replace("\ud800", "?")
    parsed = parse("query", query.show_error(NAMESPACE, "Some", HOSTILE, 400, REQUEST_ID))
    assert parsed["Error"]["Message"] == HOSTILE.replace("\ud800", "\ufffd").replace("\x00", "\ufffd").replace(
        "\x1f", "\ufffd"
    )
