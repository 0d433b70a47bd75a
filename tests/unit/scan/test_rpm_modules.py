"""An advisory of a module is about its stream; one that names none is about the stream that its fixes go on from."""

import pytest

from entrepot.scan.advisories import Event
from entrepot.scan.rpm_modules import concerns

VARNISH = "6.0.8-3.module_el8.8.0+3665+0b8dabc5.1.alma.1"
PODMAN = "4:4.9.4-1.module_el8.10.0+3862+c5a22a8d"


def until(version: str) -> list[list[Event]]:
    return [[Event("introduced", "0"), Event("fixed", version)]]


@pytest.mark.parametrize(
    ("label", "stream", "expected"),
    [
        ("", "", True),
        ("nodejs:12", "nodejs:12", True),
        ("nodejs:12:8020020200326104117:4cda2c84", "nodejs:12", True),
        ("nodejs:12:8020020200326104117:4cda2c84", "nodejs:1", False),
        ("nodejs:14:8020020200326104117:4cda2c84", "nodejs:12", False),
        ("nodejs:12:8020020200326104117:4cda2c84", "", False),
        ("", "nodejs:12", False),
    ],
)
def test_a_stream_is_its_own(label, stream, expected):
    fixed = "1:12.22.12-1.module_el8.6.0+2904+d0d2b2d6"
    assert concerns(label, "1:12.0.0-1.module_el8.6.0", stream, until(fixed)) is expected


@pytest.mark.parametrize(
    ("label", "version", "fixed", "expected"),
    [
        ("varnish:6:8080020230101:0b8dabc5", "6.0.6-2.module_el8.5.0+2620", VARNISH, True),
        ("varnish:7:9080020230101:0b8dabc5", "7.1.1-1.module_el8.8.0+1", VARNISH, False),
        ("varnish:6:8080020230101:0b8dabc5", "0.15.0-5.module_el8.5.0+1", "0.15.0-6.module_el8.5.0+2620", True),
        ("container-tools:rhel8:8100:c5a22a8d", "3:4.6.1-1.module_el8.9.0+1", PODMAN, True),
        ("container-tools:4.0:8070:c5a22a8d", "1:4.0.2-1.module_el8.7.0+1", PODMAN, False),  # podman of an older stream
        ("389-ds:1.4:8100:9b8f7c3e", "1.4.3.16-1.module_el8.4.0+1", "1.4.3.39-7.module_el8.10.0+3864", True),
        ("pki-core:10.6:8100:17b19a60", "4.10.0-1.module_el8.9.0+1", "4.11.0-1.module_el8.10.0+3801", True),
        ("", "6.0.6-2.module_el8.5.0+2620", VARNISH, True),  # who told of it left the label out
        ("", "6.0.6-2.el8", VARNISH, False),  # of no module
        ("odd", "6.0.6-2.module_el8.5.0+2620", VARNISH, True),
    ],
)
def test_an_advisory_that_names_no_stream_goes_by_its_fixes(label, version, fixed, expected):
    assert concerns(label, version, "*", until(fixed)) is expected
    assert concerns(label, version, "", until(fixed)) is (not label)
