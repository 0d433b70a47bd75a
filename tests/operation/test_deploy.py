"""The manifest for Kubernetes says what the reporter needs and no more."""

from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its types are not worth a dependency

from entrepot.cli.main import app

MANIFEST = Path(__file__).parents[2] / "deploy" / "kubernetes" / "in-use-reporter.yaml"


def objects() -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in yaml.safe_load_all(MANIFEST.read_text())}


def test_the_reporter_may_list_pods_and_nodes_and_nothing_else():
    found = objects()
    assert found["ClusterRole"]["rules"] == [{"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["list"]}]
    binding = found["ClusterRoleBinding"]
    assert binding["roleRef"]["name"] == found["ClusterRole"]["metadata"]["name"]
    (subject,) = binding["subjects"]
    account = found["ServiceAccount"]["metadata"]
    assert (subject["name"], subject["namespace"]) == (account["name"], account["namespace"])
    assert found["Deployment"]["spec"]["template"]["spec"]["serviceAccountName"] == account["name"]


def test_the_reporter_is_started_with_a_command_that_there_is():
    pod = objects()["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    command, bound, _ = app.parse_args(container["args"], exit_on_error=False, print_error=False)
    assert command.__module__ == "entrepot.cli.in_use"
    assert bound.arguments["kubernetes"] is True
    assert bound.arguments["every"] == 300
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
