"""SBOMs are what their specifications say, by the validators of others; and the same whenever they are written."""

import json
from collections.abc import Callable

import msgspec
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from hypothesis import given, settings
from hypothesis import strategies as st
from spdx_tools.spdx.parser.jsonlikedict.json_like_dict_parser import JsonLikeDictParser
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from entrepot.scan.documents import cyclonedx, spdx
from entrepot.scan.merging import Image, Located, Unread
from entrepot.scan.packages import Package
from tests.factories import documented
from tests.factories.documented import SUBJECT, fedora_like, found, image

VERSIONS = {"1.4": SchemaVersion.V1_4, "1.6": SchemaVersion.V1_6}
EMPTY = Image(None, (), (), ())
UNREAD = [Unread("opt/x.jar", "it is no archive", documented.OWN)]
IMAGES = {"of everything": image(), "of rpms": fedora_like(), "empty": EMPTY, "not all seen": image(unread=UNREAD)}
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(
    lambda text: text.strip(" /:") == text
)


def complaints(written: bytes, version: str = "1.6") -> object:
    return JsonStrictValidator(VERSIONS[version]).validate_str(written.decode())


def faults(written: bytes) -> list[str]:
    return [
        each.validation_message for each in validate_full_spdx_document(JsonLikeDictParser().parse(json.loads(written)))
    ]


@pytest.mark.parametrize("of", IMAGES.values(), ids=IMAGES)
@pytest.mark.parametrize("version", VERSIONS)
def test_cyclonedx_keeps_to_its_schema(of, version):
    assert complaints(cyclonedx.document(SUBJECT, of, version), version) is None


@pytest.mark.parametrize("of", IMAGES.values(), ids=IMAGES)
def test_spdx_keeps_to_its_specification(of):
    assert faults(spdx.document(SUBJECT, of)) == []


def test_vulnerabilities_keep_to_the_schema_and_name_what_they_affect():
    written = cyclonedx.document(SUBJECT, image(), "1.6", found())
    assert complaints(written) is None
    told = json.loads(written)
    names = {each["bom-ref"] for each in told["components"]}
    assert [each["id"] for each in told["vulnerabilities"]] == ["GHSA-1", "CVE-2023-0001", "CVE-2023-0002"]
    assert all(affected["ref"] in names for each in told["vulnerabilities"] for affected in each["affects"])
    log4j, first, _ = told["vulnerabilities"]
    assert [each["ref"].partition("@")[2] for each in log4j["affects"]] == ["2.14.1", "2.14.1#2"]
    assert first["ratings"] == [
        {
            "source": {"name": "Debian"},
            "severity": "high",
            "score": 7.5,
            "method": "CVSSv31",
            "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
        }
    ]
    assert (log4j["cwes"], "cwes" in first) == ([502, 20], False)
    assert first["recommendation"] == "Update libssl3 to 3.0.11-1."
    assert first["advisories"] == [{"url": "https://debian.test/DSA-1"}]


@pytest.mark.parametrize("write", [lambda s, i: cyclonedx.document(s, i, "1.4"), spdx.document])
def test_the_same_image_makes_the_same_document_and_any_other_another(write: Callable[..., bytes]):
    first = write(SUBJECT, image())
    assert write(SUBJECT, image()) == first
    identity = {"cyclonedx": "serialNumber", "spdx": "documentNamespace"}
    (key,) = (each for each in identity.values() if each in json.loads(first))
    others = [write(SUBJECT, fedora_like()), write(msgspec.structs.replace(SUBJECT, digest=documented.OWN), image())]
    assert len({json.loads(each)[key] for each in (first, *others)}) == 3


def test_each_package_tells_where_it_lies_and_what_it_was_built_from():
    told = json.loads(cyclonedx.document(SUBJECT, image(), "1.4"))
    zlib = next(each for each in told["components"] if each["name"] == "zlib1g")
    assert {each["name"].removeprefix(cyclonedx.PROPERTY): each["value"] for each in zlib["properties"]} == {
        "FilePath": documented.STATUS,
        "LayerDigest": documented.BASE,
        "SrcName": "zlib",
        "SrcEpoch": "1",
        "SrcVersion": "1.2.13.dfsg",
        "SrcRelease": "1",
    }
    assert zlib["purl"].startswith("pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1%2Bb2?arch=amd64&distro=debian-12")


def test_what_was_not_seen_is_said():
    told = json.loads(cyclonedx.document(SUBJECT, image(unread=UNREAD), "1.6"))
    assert told["compositions"][0]["aggregate"] == "incomplete"
    (said,) = told["metadata"]["component"]["properties"]
    assert said["value"] == "opt/x.jar could not be read: it is no archive"
    assert "opt/x.jar" in json.loads(spdx.document(SUBJECT, image(unread=UNREAD)))["comment"]
    assert json.loads(cyclonedx.document(SUBJECT, image(), "1.6"))["compositions"][0]["aggregate"] == "complete"


@settings(max_examples=60, deadline=None)
@given(st.builds(Package, st.sampled_from(["npm", "pypi", "deb", "maven"]), *[TEXTS] * 3, vendor=TEXTS, licence=TEXTS))
def test_no_name_that_an_image_has_makes_a_document_that_others_refuse(package):
    of = Image(documented.DEBIAN, (), [Located(package, documented.BASE)], ())
    assert complaints(cyclonedx.document(SUBJECT, of, "1.4"), "1.4") is None
    assert faults(spdx.document(SUBJECT, of)) == []
