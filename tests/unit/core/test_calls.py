"""A call as a record: what jobs read of its beginning is what it begins with."""

import msgspec
import pytest

from entrepot.core.audit.blocks import Head, head_of
from entrepot.core.calls import Call, Identity, Measured, Pulls, encode, measured_of, pulls_of
from tests.factories.calls import call

MADE = call("PutImage", pulled=("sha256:a", "sha256:b"), status=201, error="x", received=1, sent=2, took=3)


@pytest.mark.parametrize("view", [Pulls, Measured, Head])
def test_a_view_is_the_beginning_of_a_call(view: type[Pulls]):
    assert view.__struct_fields__ == Call.__struct_fields__[: len(view.__struct_fields__)]


@pytest.mark.parametrize("read", [pulls_of, measured_of, head_of])
def test_a_view_says_what_the_call_says(read):
    seen = msgspec.structs.asdict(read(encode(MADE)))
    raw = seen.pop("identity", None)
    assert seen == {name: getattr(MADE, name) for name in seen}
    assert raw is None or msgspec.msgpack.decode(raw, type=Identity) == MADE.identity
