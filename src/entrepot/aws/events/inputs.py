"""What EventBridge's operations share in reading their input: tags, pages by Limit and NextToken, what is not here."""

from collections.abc import Callable
from typing import Any, TypeVar

from entrepot.aws.protocol import paging
from entrepot.aws.protocol.call import Call
from entrepot.core.page import Page
from entrepot.errors import ParameterInvalid
from entrepot.spec.event_arns import DEFAULT_BUS
from entrepot.spec.paging import encode_token

DEFAULT_PAGE = 100
_PAGING = ("Limit", "NextToken")
T = TypeVar("T")


def tags(call: Call) -> tuple[tuple[str, str], ...]:
    """`Tags`, in the order given."""
    return tuple((tag["Key"], tag["Value"]) for tag in call.input.get("Tags", ()))


def bus(call: Call) -> str:
    """`EventBusName`, a name or an ARN."""
    return str(call.input.get("EventBusName", DEFAULT_BUS))


def prefix(call: Call) -> str:
    """`NamePrefix`."""
    return str(call.input.get("NamePrefix", ""))


def limit(call: Call) -> int:
    """`Limit`."""
    return int(call.input.get("Limit", DEFAULT_PAGE))


def start(call: Call, operation: str) -> str:
    """The name to continue after: PageTokenInvalid for a token of another call."""
    (name,) = paging.start(call.input.get("NextToken"), _scope(call, operation))
    return name


def shown_page(call: Call, operation: str, page: Page[T], member: str, show: Callable[[T], Any]) -> dict[str, Any]:
    """A page under its member, with the token of the next one."""
    token = None if page.after is None else encode_token(page.after, _scope(call, operation))
    return {member: [show(item) for item in page.items], "NextToken": token}


def refuse_keys(call: Call) -> None:
    """ParameterInvalid when a key of KMS is named: there are none here."""
    if call.input.get("KmsKeyIdentifier"):
        raise ParameterInvalid(parameter="KmsKeyIdentifier", reason="there are no customer managed keys here")


def _scope(call: Call, operation: str) -> list[str]:
    return [operation, call.account, call.region, paging.rest(call, _PAGING)]
