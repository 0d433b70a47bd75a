"""What botocore sends, the door reads; what the door answers, botocore reads: every operation that is built."""

from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.aws.protocol import query
from tests.factories.shapes import values
from tests.protocol.clients import BUILT, answer, our_model, read, route, send, their_model, understand

EXAMPLES = 20


@pytest.mark.parametrize(("service", "operation"), BUILT)
def test_the_door_reads_what_botocore_sends(service: str, operation: str):
    ours, theirs = our_model(service), their_model(service).operation_model(operation)
    shape = ours.input_shape(operation)

    @settings(max_examples=EXAMPLES)
    @given(values(ours, shape) if shape else st.just({}))
    def holds(parameters):
        request = send(theirs, parameters)
        assert understand(ours, route(service).protocol, operation, request) == parameters

    holds()


@pytest.mark.parametrize(("service", "operation"), BUILT)
def test_botocore_reads_what_the_door_answers(service: str, operation: str):
    ours, theirs = our_model(service), their_model(service).operation_model(operation)
    shape = ours.output_shape(operation)

    @settings(max_examples=EXAMPLES)
    @given(values(ours, shape) if shape else st.just({}))
    def holds(output):
        assert read(theirs, answer(ours, route(service).protocol, operation, output)) == output

    holds()


@settings(max_examples=EXAMPLES)
@given(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=40), max_size=5))
def test_a_form_is_read_as_it_was_encoded(fields):
    assert query.form(urlencode(fields)) == fields


def test_the_target_and_version_that_botocore_names_are_those_of_the_route():
    for service, operation in BUILT:
        theirs = their_model(service)
        request = send(theirs.operation_model(operation), {}, check=False)
        known = route(service)
        assert theirs.signing_name == known.signing
        if known.protocol == "json":
            assert request["headers"]["X-Amz-Target"] == f"{known.target}.{operation}"
        else:
            assert (request["body"]["Action"], request["body"]["Version"]) == (operation, known.version)
