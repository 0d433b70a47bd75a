"""Documents that refer to an image, in what they are wrapped in."""

import base64
import json
from typing import Any

import pytest

from entrepot.errors.vex import VexMalformed
from entrepot.scan.vex.attachments import may_be_vex, unwrapped, vex_layers
from entrepot.scan.vex.envelopes import opened
from entrepot.spec.manifest import Manifest
from tests.factories import layouts
from tests.factories.layouts import Content

CONTEXT = "https://openvex.dev/ns/v0.2.0"
SUBJECT = "sha256:" + "a" * 64
EMPTY = Content("application/vnd.oci.empty.v1+json", b"{}")
PREDICATE = {"@context": CONTEXT}


def statement(digest: str = SUBJECT, **fields: Any) -> dict[str, Any]:
    algorithm, _, digits = digest.partition(":")
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "x", "digest": {algorithm: digits}}],
        "predicateType": CONTEXT,
        "predicate": PREDICATE,
        **fields,
    }


def envelope(told: Any) -> dict[str, Any]:
    payload = base64.b64encode(json.dumps(told).encode()).decode()
    return {"payloadType": "application/vnd.in-toto+json", "payload": payload, "signatures": []}


def artifact(media_type: str, artifact_type: str | None = None, **annotations: str) -> Manifest:
    fields: dict[str, Any] = {"artifactType": artifact_type} if artifact_type else {}
    made = layouts.manifest(EMPTY, [Content(media_type, b"x")], annotations=annotations, **fields)
    return Manifest.parse(made.data, made.media_type)


def test_a_bare_document_is_known_by_its_media_type():
    assert [each.wrapped for each in vex_layers(artifact("application/vnd.openvex+json"))] == [False]
    assert may_be_vex(artifact("application/json", "application/vnd.openvex+json"))
    assert not may_be_vex(artifact("application/json", "application/spdx+json"))


@pytest.mark.parametrize(
    ("media_type", "key"),
    [
        ("application/vnd.in-toto+json", "in-toto.io/predicate-type"),
        ("application/vnd.dsse.envelope.v1+json", "predicateType"),
        ("application/vnd.dev.sigstore.bundle.v0.3+json", "dev.sigstore.bundle.predicateType"),
    ],
)
def test_an_attestation_is_known_by_its_predicate(media_type: str, key: str):
    assert [each.wrapped for each in vex_layers(artifact(media_type, **{key: CONTEXT}))] == [True]
    assert not may_be_vex(artifact(media_type, **{key: "https://spdx.dev/Document"}))
    assert not may_be_vex(artifact(media_type))


@pytest.mark.parametrize("told", [statement(), envelope(statement()), {"dsseEnvelope": envelope(statement())}])
def test_the_document_is_taken_out_of_whatever_wraps_it(told: Any):
    assert json.loads(unwrapped(opened(json.dumps(told).encode()).payload, SUBJECT)) == PREDICATE


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (statement("sha256:" + "b" * 64), "and not about"),
        (statement(predicateType="https://spdx.dev/Document"), "its predicate is of type"),
        ({"payload": "%%%"}, "no base64"),
        ({"payload": base64.b64encode(b"[]").decode()}, "cannot be used"),
        ({"dsseEnvelope": 1}, "cannot be used"),
        ([], "cannot be used"),
    ],
)
def test_what_is_about_another_image_or_nothing_is_refused(told: Any, why: str):
    with pytest.raises(VexMalformed, match=why):
        unwrapped(opened(json.dumps(told).encode()).payload, SUBJECT)
