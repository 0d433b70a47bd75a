"""What the journal is told of a call: its parameters and its answer as the model names them, and no secret of either.

What the model calls sensitive stays out, and so do bytes, of which the length is told.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from entrepot.aws.protocol import errors
from entrepot.aws.protocol.models import Model, Shape
from entrepot.core.access import Caller
from entrepot.core.calls import Json, Telling
from entrepot.errors import CredentialMissing, Fact

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"  # as CloudTrail writes it
# secrets that no model calls so
_CODES = frozenset({"AuthenticationCode1", "AuthenticationCode2", "TokenCode"})
_MESSAGES = frozenset({"DecodedMessage", "EncodedMessage"})
_TOKENS = frozenset({"SessionToken", "WebIdentityToken", "authorizationToken", "downloadUrl"})
_SECRETS = _CODES | _MESSAGES | _TOKENS
# what is told by its parameters alone, as CloudTrail does, though it is called otherwise
_SILENT = frozenset(
    {
        *("Decrypt", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateRandom", "ReEncrypt"),
        *("Sign", "Verify", "ValidateResourcePolicy"),
    }
)
_READS = ("BatchCheck", "BatchGet", "Describe", "Get", "List", "Lookup", "Search", "Simulate", "Test")


def is_read(operation: str) -> bool:
    """Whether an operation changes nothing; its answer is not told."""
    return operation.startswith(_READS) or operation in _SILENT


def begin(telling: Telling, service: str, operation: str, caller: Caller) -> None:
    """Who calls what."""
    telling.service = service
    telling.operation = operation
    telling.principal = caller.principal
    telling.account = caller.principal.account
    telling.region = caller.region


def asked(telling: Telling, model: Model, given: Mapping[str, Any]) -> None:
    """With which parameters."""
    telling.account = str(given.get("registryId") or telling.account)
    telling.repository = str(given.get("repositoryName") or "")
    shape = model.input_shape(telling.operation)
    telling.parameters = None if shape is None or not given else _told(model, {"shape": shape}, given)


def answered(telling: Telling, model: Model, output: Mapping[str, Any]) -> None:
    """What came of it, unless it was a read."""
    shape = model.output_shape(telling.operation)
    if shape is not None and not is_read(telling.operation):
        telling.response = _told(model, {"shape": shape}, output)


def refused(telling: Telling, fact: Fact, service: str) -> None:
    """Why a call of a service failed; one that was not signed is not told."""
    if isinstance(fact, CredentialMissing):
        return
    telling.service = telling.service or service
    telling.error = errors.code(telling.service, type(fact))[0]
    telling.message = str(fact)


def _told(model: Model, reference: Shape, value: Any) -> Any:
    shape = model.shapes[reference["shape"]]
    if shape.get("sensitive"):
        return HIDDEN
    match shape["type"]:
        case "structure" if not shape.get("document"):
            return _members(model, shape, value)
        case "list":
            return [_told(model, shape["member"], item) for item in value]
        case "map":
            return {str(name): _told(model, shape["value"], item) for name, item in value.items()}
        case "blob":
            return f"({len(value)} bytes)"
        case _:
            return value.strftime("%b %-d, %Y %-I:%M:%S %p") if isinstance(value, datetime) else value


def _members(model: Model, shape: Shape, value: Mapping[str, Any]) -> Json:
    members = shape["members"]
    return {
        name: HIDDEN if name in _SECRETS else _told(model, members[name], item)
        for name, item in value.items()
        if item is not None and name in members
    }
