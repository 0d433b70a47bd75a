"""What inputs of Secrets Manager's operations have alike: values, tags, filters, pages."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from entrepot.aws.protocol import paging
from entrepot.aws.protocol.call import Call
from entrepot.core.secrets.listing import FILTERS, Filters, Place, Wanted
from entrepot.core.secrets.sealing import BINARY, STRING, Value
from entrepot.errors import PageTokenInvalid, SecretInputInvalid, SecretPageTokenInvalid, SecretStateInvalid
from entrepot.spec.paging import encode_token

Output = Mapping[str, Any]
_PAGED_BY = ("MaxResults", "NextToken")
_DEFAULT = 100
_UNBUILT = {
    "AddReplicaRegions": "Replication to other regions",
    "CrossAccountPrimaryARN": "Replication from other accounts",
    "PolicyName": "More than one policy of a secret",
    "RotationToken": "Rotation by functions",
    "Type": "A secret that is managed elsewhere",
}


def token(call: Call) -> str:
    """The id of the version that a request makes."""
    return str(call.input.get("ClientRequestToken") or uuid.uuid4())


def value(call: Call) -> Value | None:
    """The value that is given, None without one: SecretInputInvalid for two."""
    text, binary = call.input.get("SecretString"), call.input.get("SecretBinary")
    if text is not None and binary is not None:
        raise SecretInputInvalid(
            reason="You can't specify both a binary secret value and a string secret value in the same secret."
        )
    if text is not None:
        return Value(STRING, text.encode())
    return None if binary is None else Value(BINARY, binary)


def refuse_unbuilt(call: Call) -> None:
    """SecretStateInvalid for what secrets do not do here."""
    for member, feature in _UNBUILT.items():
        if call.input.get(member):
            raise SecretStateInvalid(reason=f"{feature} is not supported here ({member}).")


def tags(given: Sequence[Mapping[str, str]]) -> tuple[tuple[str, str], ...]:
    """Tags of a request, in the order given; one without a value has an empty one."""
    return tuple((tag.get("Key", ""), tag.get("Value", "")) for tag in given)


def shown_value(found: Value | None) -> Output:
    """A value as it is answered."""
    if found is None:
        return {}
    return {"SecretString": found.content.decode()} if found.kind == STRING else {"SecretBinary": found.content}


def wanted(call: Call, operation: str) -> Wanted:
    """Which secrets are listed: SecretPageTokenInvalid, SecretInputInvalid."""
    given = call.input
    order = (_order(given), given.get("SortOrder", "asc"))
    return Wanted(
        _filters(given.get("Filters", ())),
        order,
        given.get("IncludePlannedDeletion", False),
        given.get("MaxResults", 20 if operation.startswith("Batch") else _DEFAULT),
        _after(call, operation, order[0]),
    )


def next_token(call: Call, operation: str, after: Place | None) -> str | None:
    """The token that goes on after a place."""
    return None if after is None else encode_token([str(after[0]), after[1]], scope(call, operation))


def start(call: Call, operation: str, parts: int) -> list[str]:
    """The key to continue after: SecretPageTokenInvalid."""
    try:
        return paging.start(call.input.get("NextToken"), scope(call, operation), parts)
    except PageTokenInvalid:
        raise SecretPageTokenInvalid from None


def scope(call: Call, operation: str) -> list[str]:
    """What a token is good for."""
    return [f"secretsmanager:{operation}", call.account, call.region, paging.rest(call, _PAGED_BY)]


def _order(given: Mapping[str, Any]) -> str:
    return str(given.get("SortBy", "created-date"))


def _after(call: Call, operation: str, order: str) -> Place | None:
    if "NextToken" not in call.input:
        return None
    text, after = start(call, operation, 2)
    if order == "name":
        return text, after
    if not text.removeprefix("-").isdecimal():
        raise SecretPageTokenInvalid
    return int(text), after


def _filters(given: Sequence[Mapping[str, Any]]) -> Filters:
    found = [(each.get("Key", "all"), each.get("Values", ())) for each in given]
    for name, _ in found:
        if name not in FILTERS:
            raise SecretInputInvalid(reason=f"The filter {name} is not one of {', '.join(sorted(FILTERS))}.")
    return found
