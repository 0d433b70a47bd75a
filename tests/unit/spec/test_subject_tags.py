"""Tags that say what their manifest is about."""

import pytest

from entrepot.spec import subject_tags

HEX = "0123456789abcdef" * 4
DIGEST = f"sha256:{HEX}"


@pytest.mark.parametrize("kind", ["sig", "att", "sbom"])
def test_a_tag_names_the_digest_it_was_made_of(kind: str):
    tag = f"sha256-{HEX}.{kind}"
    assert tag in subject_tags.tags_of(DIGEST)
    assert subject_tags.subject_of(tag) == DIGEST


@pytest.mark.parametrize(
    "tag", ["v1", f"sha256-{HEX}", f"sha256-{HEX[1:]}.sig", f"sha256-{HEX}.sigs", ".sig", "a-b.sig"]
)
def test_other_tags_name_none(tag: str):
    assert subject_tags.subject_of(tag) == ""


def test_a_subject_is_shared_where_all_tags_name_it():
    signature, attestation, _ = subject_tags.tags_of(DIGEST)
    assert subject_tags.shared_subject([signature, attestation]) == DIGEST
    assert subject_tags.shared_subject([]) == ""
    assert subject_tags.shared_subject([signature, "v1"]) == ""
    assert subject_tags.shared_subject([signature, subject_tags.signatures_of(f"sha256:{HEX[::-1]}")]) == ""
