"""What is read of a journal's record: a Call, or the beginning of one."""

import pytest

from entrepot.core.audit.blocks import Head
from entrepot.core.calls import Call, Identity, Pulls
from entrepot.core.metrics.measuring import Measured, Who


@pytest.mark.parametrize(
    ("part", "whole"), [(Head, Call), (Measured, Call), (Pulls, Call), (Who, Identity)], ids=lambda each: each.__name__
)
def test_a_partial_view_has_its_fields_where_the_record_has_them(part: type, whole: type):
    """They are read by their place."""
    fields = part.__struct_fields__
    assert fields == whole.__struct_fields__[: len(fields)]
