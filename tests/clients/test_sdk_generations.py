"""SDKs of different ages and languages speak different protocols to CloudWatch, and are told the same."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.clients.workplace import Workplace
from tests.factories.processes import REGION

ROOT = Path(__file__).parents[2]
OLD = ROOT / "build" / "old-sdk" / "bin" / "python"  # `make build/old-sdk/ready`
JAVASCRIPT = ROOT / "build" / "javascript"  # `make build/javascript/ready`
HERE = Path(__file__).parent
FORM, JSON, CBOR = "application/x-www-form-urlencoded", "application/x-amz-json-1.0", "application/cbor"
Speaker = Callable[[Workplace, dict[str, Any]], dict[str, Any]]


@pytest.fixture
def workplace(plain_server: Any, tmp_path: Path) -> Workplace:
    return Workplace(plain_server, tmp_path, "clients/generations")


def python(interpreter: Path | str) -> Speaker:
    def speak(workplace: Workplace, given: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(workplace.run(interpreter, HERE / "python_sdk.py", json.dumps(given)))
        return told

    return speak


def javascript(protocol: str) -> Speaker:
    def speak(workplace: Workplace, given: dict[str, Any]) -> dict[str, Any]:
        script = workplace.path / "cloudwatch.mjs"  # modules are looked for beside the script
        script.write_text((HERE / "javascript" / "cloudwatch.mjs").read_text())
        (workplace.path / "node_modules").symlink_to(JAVASCRIPT / "node_modules")
        said = workplace.run(JAVASCRIPT / "bin" / "node", script, protocol, json.dumps(given), AWS_REGION=REGION)
        told: dict[str, Any] = json.loads(said)
        return told

    return speak


SPEAKERS: dict[str, tuple[Speaker, str]] = {
    "botocore-1.34": (python(OLD), FORM),
    "botocore-now": (python(sys.executable), JSON),
    "javascript-query": (javascript("query"), FORM),
    "javascript-json": (javascript("json"), JSON),
    "javascript-cbor": (javascript("cbor"), CBOR),
}


@pytest.mark.parametrize("name", SPEAKERS)
def test_metrics_are_put_found_and_read_in_the_protocol_of_the_sdk(workplace: Workplace, name: str):
    speak, content_type = SPEAKERS[name]
    at = int(time.time()) // 60 * 60
    told = speak(workplace, {"namespace": f"Generations/{name}", "at": at, "values": [1, 2.5, 0.001]})
    assert {sent.partition(";")[0] for sent in told["sent"]} == {content_type}
    assert told["metrics"] == ["Depth"]
    assert (told["times"], told["values"]) == ([at], [3.501])
    for refused in told["refused"]:
        assert refused["status"] == 400, refused
    assert [refused["name"] for refused in told["refused"]] == CODES


# a namespace of AWS's own; one that breaks the model's pattern
CODES = ["InvalidParameterValue", "ValidationError"]


@pytest.mark.parametrize("interpreter", [OLD, Path(sys.executable)], ids=["botocore-1.34", "botocore-now"])
def test_what_is_large_comes_compressed(workplace: Workplace, interpreter: Path):
    at = int(time.time()) // 60 * 60
    given = {"namespace": f"Generations/Large{interpreter.parts[-4]}", "at": at, "values": [1.0], "repeated": 900}
    told = python(interpreter)(workplace, given)
    assert "gzip" in told["packed"]
    assert told["values"] == [900.0]
