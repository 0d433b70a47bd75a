"""Laws of manifests: strict about what has a meaning here, silent about all else, never serialised again."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import LayersTooMany, ManifestInvalid, ManifestTooLarge, MediaTypeUnsupported
from entrepot.spec.digest import Digest
from entrepot.spec.manifest import LARGEST, MOST_LAYERS, Manifest
from entrepot.spec.media_type import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST

CONFIG = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": Digest.of(b"{}"), "size": 2}
LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": Digest.of(b"layer"), "size": 5}


def image(**fields: Any) -> dict[str, Any]:
    """An image manifest's document; a field of None is left out."""
    body = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": CONFIG, "layers": [LAYER], **fields}
    return {name: value for name, value in body.items() if value is not None}


def parse(body: dict[str, Any], media_type: str | None = OCI_MANIFEST) -> Manifest:
    return Manifest.parse(json.dumps(body).encode(), media_type)


def sized(text: str) -> bytes:
    """An image manifest whose layer has this literal for a size."""
    return json.dumps(image()).replace('"size": 5', f'"size": {text}').encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
known = {"schemaVersion", "mediaType", "config", "layers", "manifests", "subject", "annotations", "artifactType"}
unknown = st.text(min_size=1, max_size=8).filter(lambda name: name not in known | {"fsLayers"})


@given(st.dictionaries(unknown, json_values, max_size=4), st.integers(0, 3))
def test_unknown_fields_are_kept_byte_for_byte(extra: dict[str, Any], indent: int) -> None:
    payload = json.dumps({**image(), **extra}, indent=indent or None).encode()
    parsed = Manifest.parse(payload, OCI_MANIFEST)
    assert parsed.payload == payload
    assert parsed.digest == Digest.of(payload)


@given(st.binary(max_size=200))
def test_bytes_at_random_are_a_manifest_or_a_fact(payload: bytes) -> None:
    with pytest.raises((ManifestInvalid, MediaTypeUnsupported)):
        Manifest.parse(payload, None)


@given(json_values)
def test_json_at_random_in_any_known_field_is_a_manifest_or_a_fact(value: Any) -> None:
    for name in known:
        try:
            parsed = parse({**image(), name: value})
        except (ManifestInvalid, MediaTypeUnsupported):
            continue
        assert parsed.kind == "image"


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, OCI_INDEX, None])
def test_one_document_is_never_image_and_index(media_type: str | None) -> None:
    """GHSA-qq97-vm5h-rrhg: the same bytes parsed as index and as manifest."""
    with pytest.raises(ManifestInvalid):
        parse(image(manifests=[LAYER], mediaType=media_type), media_type or OCI_MANIFEST)


def test_an_index_has_no_config() -> None:
    with pytest.raises(ManifestInvalid, match="no 'layers' and no 'config'"):
        parse({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [], "config": CONFIG}, OCI_INDEX)


@pytest.mark.parametrize("given_type", [OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST])
def test_the_body_says_the_same_type_as_the_request(given_type: str) -> None:
    with pytest.raises(ManifestInvalid, match="is not the given"):
        parse(image(), given_type)


@pytest.mark.parametrize("given_type", [None, "", "application/json", f"{OCI_MANIFEST}; charset=utf-8"])
def test_a_type_that_says_nothing_leaves_it_to_the_body(given_type: str | None) -> None:
    assert parse(image(), given_type).media_type == OCI_MANIFEST


def test_without_any_type_there_is_no_manifest() -> None:
    with pytest.raises(ManifestInvalid, match="not provided"):
        parse(image(mediaType=None), None)


def test_an_oci_manifest_may_leave_its_type_to_the_request_and_a_docker_one_not() -> None:
    assert parse(image(mediaType=None)).media_type == OCI_MANIFEST
    with pytest.raises(ManifestInvalid, match="mediaType is missing"):
        parse(image(mediaType=None), DOCKER_MANIFEST)


@pytest.mark.parametrize(
    "payload",
    [
        json.dumps(image())[:-1] + ', "layers": []}',
        json.dumps(image()).replace('"size": 5', '"size": 5, "size": 6'),
        json.dumps(image())[:-1] + ', "extra": {"a": 1, "a": 1}}',
        json.dumps(image())[:-1] + r', "\u006cayers": []}',
    ],
)
def test_a_key_stands_once_in_an_object(payload: str) -> None:
    with pytest.raises(ManifestInvalid, match="twice"):
        Manifest.parse(payload.encode(), OCI_MANIFEST)


@pytest.mark.parametrize(
    "text", ["-1", "1e400", "-1e400", str(2**63), str(2**64), "1.5", "5.0", "true", '"5"', "null", "NaN"]
)
def test_a_size_is_a_whole_number_that_a_row_can_hold(text: str) -> None:
    with pytest.raises(ManifestInvalid):
        Manifest.parse(sized(text), OCI_MANIFEST)


def test_the_largest_size_is_kept_exactly() -> None:
    assert Manifest.parse(sized(str(2**63 - 1)), OCI_MANIFEST).layers[0].size == 2**63 - 1


def test_a_number_of_ten_thousand_digits_is_refused_quickly() -> None:
    with pytest.raises(ManifestInvalid):
        Manifest.parse(sized("9" * 10_000), OCI_MANIFEST)


@pytest.mark.parametrize("version", [1, 3, -2, True, "2", 2.5])
def test_only_schema_version_2_is_stored(version: object) -> None:
    with pytest.raises((ManifestInvalid, MediaTypeUnsupported)):
        parse(image(schemaVersion=version))


def test_schema_1_is_unsupported() -> None:
    with pytest.raises(MediaTypeUnsupported):
        parse(image(schemaVersion=None, fsLayers=[]))
    with pytest.raises(MediaTypeUnsupported):
        parse(image(), "application/vnd.docker.distribution.manifest.v1+json")


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [65, 5_000, 500_000])
def test_nesting_beyond_a_bound_is_refused(opening: str, closing: str, depth: int) -> None:
    bomb = opening * depth + "0" + closing * depth
    with pytest.raises(ManifestInvalid, match="nested"):
        Manifest.parse(json.dumps(image())[:-1].encode() + f', "x": {bomb}}}'.encode(), OCI_MANIFEST)


def test_four_mebibytes_and_not_a_byte_more() -> None:
    room = LARGEST - len(json.dumps(image(x="")))
    assert len(parse(image(x="a" * room)).payload) == LARGEST
    with pytest.raises(ManifestTooLarge):
        parse(image(x="a" * (room + 1)))


def test_layers_are_counted() -> None:
    assert len(parse(image(layers=[LAYER] * MOST_LAYERS)).layers) == MOST_LAYERS
    with pytest.raises(LayersTooMany):
        parse(image(layers=[LAYER] * (MOST_LAYERS + 1)))


def test_embedded_data_is_accepted_when_it_is_what_the_descriptor_says() -> None:
    good = base64.b64encode(b"layer").decode()
    assert parse(image(layers=[{**LAYER, "data": good}])).layers[0].digest == LAYER["digest"]


@pytest.mark.parametrize("data", ["!", base64.b64encode(b"other").decode(), base64.b64encode(b"layers").decode(), 5])
def test_embedded_data_of_other_content_is_refused(data: object) -> None:
    with pytest.raises(ManifestInvalid):
        parse(image(layers=[{**LAYER, "data": data}]))


def test_sha512_descriptors_are_read() -> None:
    digest = Digest.of(b"layer", "sha512")
    assert parse(image(layers=[{**LAYER, "digest": digest}])).layers[0].digest.algorithm == "sha512"


@pytest.mark.parametrize("digest", ["sha256:" + "A" * 64, "sha256:ab", "md5:" + "a" * 32, "", "../../etc/passwd"])
def test_a_descriptor_names_a_real_digest(digest: str) -> None:
    for field in ("config", "subject"):
        with pytest.raises(ManifestInvalid):
            parse(image(**{field: {**LAYER, "digest": digest}}))


def test_nondistributable_layers_need_not_be_here() -> None:
    foreign = {**LAYER, "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", "urls": ["http://x/"]}
    parsed = parse(image(layers=[LAYER, foreign]))
    assert [blob.digest for blob in parsed.required_blobs] == [CONFIG["digest"], LAYER["digest"]]
    assert [kind for kind, _ in parsed.references] == ["config", "layer", "layer"]


def test_an_artifact_type_is_the_configs_unless_it_is_given() -> None:
    assert parse(image()).artifact_type == CONFIG["mediaType"]
    assert parse(image(artifactType="text/x")).artifact_type == "text/x"
