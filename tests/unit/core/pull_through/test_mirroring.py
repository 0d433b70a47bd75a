"""Which repository a node means that asks this server in place of a registry."""

from datetime import UTC, datetime, timedelta

import pytest

from entrepot.core.pull_through import mirroring
from entrepot.db.pull_through_rules import ROOT, Rule
from entrepot.spec.repository import RegistryKey

NOW = datetime(2026, 11, 27, tzinfo=UTC)
HUB, QUAY = "registry-1.docker.io", "quay.io"


def rule(prefix: str, host: str, upstream_prefix: str = ROOT) -> Rule:
    registry = RegistryKey("private", "000000000000", "us-east-1")
    return Rule(registry, prefix, "", host, upstream_prefix, "", "", timedelta(hours=24), NOW, NOW)


RULES = [
    rule("docker-hub", HUB),
    rule("quay/team", QUAY, "team"),
    rule("quay/team-deep/", QUAY, "team/deep/"),
    rule("other", "other.example:5000", "base"),
]


@pytest.mark.parametrize(
    ("name", "host", "here"),
    [
        ("library/alpine", HUB, "docker-hub/library/alpine"),
        ("docker-hub/library/alpine", HUB, "docker-hub/library/alpine"),
        ("docker-hubs/alpine", HUB, "docker-hub/docker-hubs/alpine"),
        ("team/app", QUAY, "quay/team/app"),
        ("team/deep/app", QUAY, "quay/team-deep/app"),
        ("team/deeper", QUAY, "quay/team/deeper"),
        ("quay/team/app", QUAY, "quay/team/app"),
        ("elsewhere/app", QUAY, None),
        ("team", QUAY, None),
        ("base/app", "other.example:5000", "other/app"),
        ("library/alpine", "ghcr.io", None),
        ("docker-hub/library/alpine", QUAY, None),
    ],
)
def test_a_name_of_a_registry_is_one_of_its_rules(name, host, here):
    assert mirroring.local_name(RULES, name, host) == here
    assert mirroring.local_name(RULES[::-1], name, host) == here


def test_the_rule_of_root_has_names_as_they_are_and_no_other_registrys():
    rules = [*RULES, rule(ROOT, "root.example")]
    assert mirroring.local_name(rules, "library/alpine", "root.example") == "library/alpine"
    assert not mirroring.is_of_another(rules, "library/alpine", "root.example")
    assert mirroring.is_of_another(rules, "library/alpine", "ghcr.io")
    assert not mirroring.is_of_another(rules, "docker-hub/library/alpine", "ghcr.io")
    assert not mirroring.is_of_another(RULES, "library/alpine", "ghcr.io")


@pytest.mark.parametrize(
    ("named", "host"),
    [("docker.io", HUB), ("index.docker.io", HUB), (HUB, HUB), ("QUAY.io", QUAY), ("a.example:5000", "a.example:5000")],
)
def test_registries_are_called_as_images_call_them(named, host):
    assert mirroring.upstream(named) == host
