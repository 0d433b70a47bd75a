"""Service models as botocore ships them, and this server's own: which operations exist, and the shape of their input
and output.

Read on first use, from the package's data files and not through botocore's code: a worker that serves pulls only never
pays for a model.
"""

import gzip
import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec

Shape = Mapping[str, Any]
Protocol = Literal["json", "cbor", "query", "rest-json"]
_PACKAGE = "botocore"


@dataclass(frozen=True, slots=True)
class Route:
    """How requests for a service are recognised, before its model is read.

    `signing` is the service's name in the credential scope, `target` the prefix of X-Amz-Target and the service in the
    path of CBOR, `protocols` those that it is served in, the one of its own clients first. A service is in the regions
    that are served, in `any_region`, or in `regions` of its own.
    """

    name: str
    version: str
    signing: str
    target: str | None
    protocols: tuple[Protocol, ...]
    any_region: bool
    regions: tuple[str, ...] = ()

    @property
    def speaks_query(self) -> bool:
        """Whether clients expect the codes of the query protocol in JSON and CBOR too (Smithy: awsQueryCompatible)."""
        return "query" in self.protocols and len(self.protocols) > 1


ROUTES = (
    Route("ecr", "2015-09-21", "ecr", "AmazonEC2ContainerRegistry_V20150921", ("json",), any_region=False),
    Route(
        "ecr-public",
        "2020-10-30",
        "ecr-public",
        "SpencerFrontendService",
        ("json",),
        any_region=False,
        regions=("us-east-1", "us-west-2"),
    ),
    Route("events", "2015-10-07", "events", "AWSEvents", ("json",), any_region=False),
    Route(
        "cloudtrail",
        "2013-11-01",
        "cloudtrail",
        "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
        ("json",),
        any_region=False,
    ),
    Route(
        "cloudwatch",
        "2010-08-01",
        "monitoring",
        "GraniteServiceVersion20100801",
        ("json", "cbor", "query"),
        any_region=False,
    ),
    Route("kms", "2014-11-01", "kms", "TrentService", ("json",), any_region=False),
    Route("secretsmanager", "2017-10-17", "secretsmanager", "secretsmanager", ("json",), any_region=False),
    Route("inspector2", "2020-06-08", "inspector2", None, ("rest-json",), any_region=False),
    Route("signer", "2017-08-25", "signer", None, ("rest-json",), any_region=False),
    Route("sts", "2011-06-15", "sts", None, ("query",), any_region=True),
    Route("iam", "2010-05-08", "iam", None, ("query",), any_region=True),
    Route("entrepot", "2026-11-27", "entrepot", "Entrepot_V20261127", ("json",), any_region=False),
)
OWN = Path(__file__).parent.parent / "models"  # laid out as AWS_DATA_PATH is: botocore reads it too


@dataclass(frozen=True, slots=True)
class Model:
    """A service's operations and shapes; `writers` is what shaping.py has made of these."""

    metadata: Mapping[str, Any]
    operations: Mapping[str, Mapping[str, Any]]
    shapes: Mapping[str, Shape]
    writers: dict[tuple[str, str, bool], Any] = field(default_factory=dict, repr=False, compare=False)

    def input_shape(self, operation: str) -> str | None:
        """The name of an operation's input structure."""
        return self._shape_of(operation, "input")

    def output_shape(self, operation: str) -> str | None:
        """The name of an operation's output structure."""
        return self._shape_of(operation, "output")

    def errors(self, operation: str) -> frozenset[str]:
        """The codes that an operation may answer with beside AWS's common ones."""
        return frozenset(error["shape"] for error in self.operations[operation].get("errors", ()))

    def wire_error(self, shape: str) -> tuple[str, int] | None:
        """The code and status that stand for an error on the wire, where the model gives it some."""
        declared = self.shapes.get(shape, {}).get("error")
        return (str(declared.get("code", shape)), int(declared["httpStatusCode"])) if declared else None

    def _shape_of(self, operation: str, part: str) -> str | None:
        found = self.operations[operation].get(part)
        return None if found is None else str(found["shape"])


@lru_cache
def load(name: str, version: str) -> Model:
    """The model of a service."""
    own = OWN / name / version / "service-2.json"
    raw = msgspec.json.decode(own.read_bytes() if own.exists() else _of_botocore(name, version))
    shapes = {name: _without_prose(shape) for name, shape in raw["shapes"].items()}
    operations = {name: _without_prose(operation) for name, operation in raw["operations"].items()}
    return Model(raw["metadata"], operations, shapes)


def _of_botocore(name: str, version: str) -> bytes:
    specification = importlib.util.find_spec(_PACKAGE)
    if specification is None or specification.origin is None:
        raise ModuleNotFoundError(_PACKAGE)
    path = Path(specification.origin).parent / "data" / name / version / "service-2.json.gz"
    return gzip.decompress(path.read_bytes())


def _without_prose(value: Any) -> Any:
    """Drop documentation, which is most of a model's size."""
    if isinstance(value, dict):
        return {name: _without_prose(item) for name, item in value.items() if name != "documentation"}
    if isinstance(value, list):
        return [_without_prose(item) for item in value]
    return value
