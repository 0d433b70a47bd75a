"""What botocore sends, the door reads; what the door answers, botocore reads: every operation that is built."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.aws.protocol import query, rest_json_protocol
from entrepot.aws.protocol.models import ROUTES, Protocol, Route
from tests.factories.shapes import values
from tests.protocol.clients import (
    SPOKEN,
    THEIR_NAMES,
    answer,
    our_model,
    read,
    received,
    route,
    send,
    their_model,
    understand,
)

EXAMPLES = 20


@cache
def located(service: str, operation: str, place: str) -> list[str]:
    """The members of an input that stand in the path (`uri`) or the query (`querystring`)."""
    shape = their_model(service).operation_model(operation).input_shape
    return [name for name, member in shape.members.items() if place in member.serialization.values()] if shape else []


def can_be_said(service: str, operation: str, given: Mapping[str, Any]) -> bool:
    """Whether an address has a place for it: an empty text has none in the path, an empty list none in the query."""
    empty = {name for name in located(service, operation, "querystring") if given.get(name) == []}
    shape = their_model(service).operation_model(operation).input_shape
    return empty <= set(shape.required_members if shape else ()) and all(
        given.get(name) != "" for name in located(service, operation, "uri")
    )


@pytest.mark.parametrize(("service", "protocol", "operation"), SPOKEN)
def test_the_door_reads_what_botocore_sends(service: str, protocol: Protocol, operation: str):
    ours, theirs = our_model(service), their_model(service).operation_model(operation)
    shape = ours.input_shape(operation)
    given_ones = values(ours, shape) if shape else st.just({})

    @settings(max_examples=EXAMPLES)
    @given(given_ones.filter(partial(can_be_said, service, operation)))
    def holds(parameters):
        request = send(theirs, protocol, parameters)
        assert understand(ours, protocol, operation, request) == parameters

    holds()


@pytest.mark.parametrize(("service", "protocol", "operation"), SPOKEN)
def test_botocore_reads_what_the_door_answers(service: str, protocol: Protocol, operation: str):
    ours, theirs = our_model(service), their_model(service).operation_model(operation)
    shape = ours.output_shape(operation)

    @settings(max_examples=EXAMPLES)
    @given(values(ours, shape) if shape else st.just({}))
    def holds(output):
        assert read(theirs, protocol, answer(ours, protocol, operation, output)) == output

    holds()


@settings(max_examples=EXAMPLES)
@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=40), max_size=5))
def test_a_form_is_read_as_it_was_encoded(fields):
    assert query.form(urlencode(fields)) == fields


@pytest.mark.parametrize(("service", "protocol", "operation"), SPOKEN)
def test_botocore_names_an_operation_as_the_route_does(service: str, protocol: Protocol, operation: str):
    theirs, known = their_model(service), route(service)
    given_ones = dict.fromkeys(located(service, operation, "uri"), "label")
    request = send(theirs.operation_model(operation), protocol, given_ones, check=False)
    assert theirs.signing_name == known.signing
    match protocol:
        case "json":
            assert request["headers"]["X-Amz-Target"] == f"{known.target}.{operation}"
        case "cbor":
            assert request["headers"]["smithy-protocol"] == "rpc-v2-cbor"
            assert request["url_path"] == f"/service/{known.target}/operation/{operation}"
        case "rest-json":
            assert rest_json_protocol.operation_at(known.name, known.version, received(request)) == operation
        case "query":
            assert (request["body"]["Action"], request["body"]["Version"]) == (operation, known.version)


@pytest.mark.parametrize("known", ROUTES, ids=lambda known: known.name)
def test_a_service_speaks_what_its_model_lists(known: Route):
    metadata = our_model(known.name).metadata
    assert {THEIR_NAMES[protocol] for protocol in known.protocols} == set(metadata["protocols"])
    assert known.speaks_query == ("awsQueryCompatible" in metadata)
