"""Laws of media types and of what an Accept header allows (RFC 9110, 12.5.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.spec.media_type import DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST, acceptable, bare


@pytest.mark.parametrize(
    ("lines", "allowed"),
    [
        ([], True),
        ([""], True),
        ([OCI_MANIFEST], True),
        ([OCI_MANIFEST.upper()], True),
        ([OCI_INDEX], False),
        ([OCI_INDEX, OCI_MANIFEST], True),
        ([f"{OCI_INDEX}, {DOCKER_MANIFEST}", f"text/html, {OCI_MANIFEST};q=0.1"], True),
        ([f"{OCI_MANIFEST};q=0"], False),
        ([f"{OCI_MANIFEST};q=0, */*"], False),
        ([f"{OCI_MANIFEST} ; Q=0.000"], False),
        (["*/*;q=0"], False),
        (["application/*"], True),
        (["application/*;q=0, */*"], False),
        (["text/*"], False),
        (["*/*"], True),
        ([f"{OCI_MANIFEST};q=nonsense"], True),
        (["nonsense"], False),
    ],
)
def test_the_most_specific_range_of_all_lines_decides(lines: list[str], allowed: bool) -> None:
    assert acceptable(lines, OCI_MANIFEST) is allowed


@given(st.lists(st.text(max_size=40), max_size=4))
def test_a_type_that_is_asked_for_is_allowed_whatever_stands_beside_it(lines: list[str]) -> None:
    assert acceptable([*lines, OCI_MANIFEST], OCI_MANIFEST)


@given(st.text(max_size=30))
def test_a_bare_type_has_no_parameters_and_is_its_own(text: str) -> None:
    assert ";" not in bare(text)
    assert bare(bare(text)) == bare(text)
