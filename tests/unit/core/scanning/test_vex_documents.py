"""Where a repository believes keys, a document counts that one of them has signed, and no other."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from entrepot.core import deletion
from entrepot.core.scanning import exceptions, vex_trust
from entrepot.errors import ParameterInvalid
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import Manifest
from tests.factories.callers import registry
from tests.factories.layouts import Content
from tests.factories.scanning import Scanning
from tests.factories.signing import BUNDLE, IN_TOTO, SIMPLE, Signer, statement
from tests.unit.core.scanning.test_excepting import Documents, cyclonedx, vex

OURS, THEIRS = Signer(), Signer()
SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json"
OPENVEX = "https://openvex.dev/ns/v0.2.0"
UNSIGNED = "The VEX document is not believed: none of the repository's 1 keys has signed it"


@pytest.fixture
def documents(scanning: Scanning, tmp_path: Path) -> Documents:
    made = Documents(scanning, tmp_path)
    made.core.write(vex_trust.put, made.key, [OURS.pem])
    return made


def attested(documents: Documents, signer: Signer, subject: str | None = None, kind: str = IN_TOTO) -> Manifest:
    """A document in an envelope that somebody has signed."""
    told = statement(str(documents.subject) if subject is None else subject, OPENVEX, json.loads(vex()))
    envelope = json.dumps(signer.envelope(told, kind)).encode()
    return documents.push(envelope, IN_TOTO, annotations={"in-toto.io/predicate-type": OPENVEX})


def outcome(documents: Documents) -> str:
    documents.run()
    told = documents.core.read(vex_trust.get, documents.key).documents
    (found,) = [str(each.outcome) for each in told if each.due_at is None]
    assert documents.suppressed() == (found == "")
    return found


def test_what_nobody_has_signed_is_not_believed(documents: Documents):
    documents.push(vex())
    assert outcome(documents) == UNSIGNED
    assert documents.core.read(exceptions.list_of, registry(), 9) == []


@pytest.mark.parametrize("form", ["simple", "bundle"])
def test_a_signature_that_comes_later_has_the_document_believed(documents: Documents, form: str):
    made = documents.push(vex())
    assert outcome(documents) == UNSIGNED
    layer = OURS.simple(str(made.digest)) if form == "simple" else OURS.bundle(str(made.digest))
    documents.attach(str(made.digest), layer, SIGNATURE if form == "simple" else BUNDLE)
    assert outcome(documents) == ""


def test_a_signature_may_be_tagged(documents: Documents):
    made = documents.push(vex())
    assert outcome(documents) == UNSIGNED
    documents.attach("", OURS.simple(str(made.digest)), SIMPLE, tag=str(made.digest).replace(":", "-") + ".sig")
    assert outcome(documents) == ""


def test_a_signature_of_another_key_another_manifest_or_another_kind_is_none(documents: Documents):
    made = documents.push(vex())
    digest = str(made.digest)
    for each in (
        THEIRS.simple(digest),
        OURS.simple(str(documents.subject)),
        OURS.simple(digest, kind="something else"),
        THEIRS.bundle(digest),
        OURS.bundle(str(documents.subject)),
        OURS.bundle(digest, "https://slsa.dev/provenance/v1"),
        Content(SIMPLE, OURS.simple(digest).data),  # without its signature
        Content(SIMPLE, b"{"),
        Content(BUNDLE, b" " * 200_000),
    ):
        documents.attach(digest, each, SIGNATURE)
        assert outcome(documents) == UNSIGNED


def test_an_envelope_is_signed_itself(documents: Documents):
    attested(documents, OURS)
    assert outcome(documents) == ""


def test_an_envelope_of_another_key_is_not_believed(documents: Documents):
    attested(documents, THEIRS)
    assert outcome(documents) == UNSIGNED


def test_an_envelope_of_another_type_is_not_believed(documents: Documents):
    attested(documents, OURS, kind="text/plain")
    assert outcome(documents) == UNSIGNED


@pytest.mark.parametrize("subject", ["", "sha256:" + "b" * 64])
def test_a_signed_statement_about_nothing_or_another_image_is_not_believed(documents: Documents, subject: str):
    attested(documents, OURS, subject)
    assert "and not about" in outcome(documents)


def test_an_envelope_whose_payload_was_changed_is_not_believed(documents: Documents):
    told = statement(str(documents.subject), OPENVEX, json.loads(vex()))
    envelope = OURS.envelope(told) | {"payload": THEIRS.envelope({**told, "x": 1})["payload"]}
    documents.push(json.dumps(envelope).encode(), IN_TOTO, annotations={"in-toto.io/predicate-type": OPENVEX})
    assert outcome(documents) == UNSIGNED


def test_other_keys_are_asked_for_anew(documents: Documents):
    attested(documents, OURS)
    assert outcome(documents) == ""
    documents.core.write(vex_trust.put, documents.key, [THEIRS.pem])
    assert not documents.suppressed()  # from that moment on
    assert outcome(documents) == UNSIGNED
    documents.core.write(vex_trust.put, documents.key, [THEIRS.pem, OURS.pem])
    assert outcome(documents) == ""
    documents.core.write(vex_trust.put, documents.key)
    assert documents.suppressed()  # everybody is believed who may push


def test_an_sbom_needs_no_signature(documents: Documents):
    documents.push(cyclonedx(), "application/vnd.cyclonedx+json")
    documents.run()
    assert documents.outcomes() == []


def test_a_signed_document_that_goes_says_nothing_any_more(documents: Documents):
    made = attested(documents, OURS)
    assert outcome(documents) == ""
    documents.core.write(deletion.delete, documents.key, Digest(made.digest))
    assert not documents.suppressed()


@pytest.mark.parametrize(
    "keys", [["x"], [Signer(ec.SECP384R1()).pem], [OURS.pem + " " * 5000], [OURS.pem] * 11, [OURS.pem, ""]]
)
def test_what_is_no_key_is_refused(documents: Documents, keys: list[str]):
    with pytest.raises(ParameterInvalid):
        documents.core.write(vex_trust.put, documents.key, keys)
    given = documents.core.read(vex_trust.get, documents.key).given
    assert given is not None
    assert list(given.keys) == [OURS.pem]
