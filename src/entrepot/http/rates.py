"""How often principals may ask: so many requests a second of an operation in an account and region, as AWS throttles,
and so many of any operation by each principal. Off unless an operator sets them (docs/quotas.md).

The processes of a node share what is left (`buckets`); each node counts for itself. SDKs try again when they are told
to; docker gives up. So whoever asks the registry waits for a turn that comes soon (docs/decisions/0033).
"""

import asyncio
import hashlib
import math
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final

from entrepot.core.access import Caller
from entrepot.core.principals import ANONYMOUS
from entrepot.errors import Throttled
from entrepot.http.allowance import source
from entrepot.http.buckets import Buckets, Rate

Operation = tuple[str, str]  # the service and the operation
AWS: Final = "aws"
# requests a second of an account in a region (ECR and ECR Public user guides, "service quotas")
AWS_RATES: Mapping[Operation, float] = {
    ("ecr", "GetAuthorizationToken"): 500,
    ("ecr", "BatchCheckLayerAvailability"): 1000,
    ("ecr", "BatchGetImage"): 2000,
    ("ecr", "GetDownloadUrlForLayer"): 3000,
    ("ecr", "InitiateLayerUpload"): 100,
    ("ecr", "UploadLayerPart"): 500,
    ("ecr", "CompleteLayerUpload"): 100,
    ("ecr", "PutImage"): 10,
    ("ecr-public", "GetAuthorizationToken"): 200,
    ("ecr-public", "BatchCheckLayerAvailability"): 200,
    ("ecr-public", "InitiateLayerUpload"): 10,
    ("ecr-public", "UploadLayerPart"): 260,
    ("ecr-public", "CompleteLayerUpload"): 10,
    ("ecr-public", "PutImage"): 10,
    ("ecr-public", "BatchGetImage"): 10,
}
_ANONYMOUS: Mapping[Operation, float] = {("ecr-public", "BatchGetImage"): 1}  # of an address
_NUMBER = 8  # bytes
_MOST_WAITING: Final = 1000  # requests of a process


class Rates:
    """What may be asked in a second. Made before processes are forked."""

    def __init__(
        self,
        wanted: Sequence[str] = (),
        principal: tuple[float, int] = (0, 1),
        clock: Callable[[], float] = time.monotonic,
        *,
        patience: float = 0.0,
    ) -> None:
        """`wanted`: `aws`, and `operation=rate` or `operation=rate/burst`, which go before it; `principal` is the rate
        and burst of each principal, 0 for none; `patience` the seconds that `turn` has somebody wait, at most.
        """
        self._operations, self._anonymous = _parsed(wanted)
        self._principal = Rate(*principal) if principal[0] else None
        self._is_off = not self._operations and not self._principal and not self._anonymous
        self._take = Buckets(clock).take
        self._bucket_of = lru_cache(maxsize=16_384)(self._bucket)
        self._key = secrets.token_bytes(16)
        self._patience = patience
        self._waiting = 0

    def require(self, caller: Caller, service: str, operation: str) -> None:
        """Count one request, or Throttled."""
        self._count(caller, service, operation, 0.0)

    def turn(self, caller: Caller, service: str, operation: str) -> float:
        """Count one request whose turn comes soon: the seconds to `wait` until then, 0 as a rule; or Throttled."""
        patience = self._patience if self._waiting < _MOST_WAITING else 0.0
        return self._count(caller, service, operation, patience)

    async def wait(self, seconds: float) -> None:
        """Have a request wait for its turn."""
        self._waiting += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._waiting -= 1

    def _count(self, caller: Caller, service: str, operation: str, patience: float) -> float:
        if self._is_off:
            return 0.0
        principal = caller.principal
        if principal is ANONYMOUS:
            buckets: tuple[tuple[int, Rate] | None, ...] = (
                self._bucket_of("address", caller.source_ip, service, operation),
            )
        else:
            buckets = (
                self._bucket_of("principal", principal.id),
                self._bucket_of(caller.region, principal.account, service, operation),
            )
        longest = 0.0
        for each in buckets:
            if each is not None and (wait := self._take(*each, patience)):
                if wait > patience:
                    raise Throttled(seconds=max(math.ceil(wait - patience), 1))
                longest = max(longest, wait)
        return longest

    def _bucket(self, kind: str, whose: str, service: str = "", operation: str = "") -> tuple[int, Rate] | None:
        """Whose bucket, and its rate; nobody can guess its number, so that nobody can choose whose row to fill."""
        match kind:
            case "address":
                rate = self._anonymous.get((service, operation))
            case "principal":
                rate = self._principal
            case _:
                rate = self._operations.get((service, operation)) or self._operations.get(("", operation))
        if rate is None:
            return None
        named = source(whose) if kind == "address" else whose.encode()
        parts = (kind.encode(), named, service.encode(), operation.encode())
        digest = hashlib.blake2b(b"\0".join(parts), digest_size=_NUMBER, key=self._key)
        return int.from_bytes(digest.digest(), "big") or 1, rate


def _parsed(wanted: Sequence[str]) -> tuple[Mapping[Operation, Rate], Mapping[Operation, Rate]]:
    """Rates of operations of an account, and of an address without credentials."""
    operations: dict[Operation, Rate] = {}
    anonymous: dict[Operation, Rate] = {}
    if AWS in wanted:
        operations = {operation: Rate(rate, rate) for operation, rate in AWS_RATES.items()}
        anonymous = {operation: Rate(rate, rate) for operation, rate in _ANONYMOUS.items()}
    for item in wanted:
        name, _, numbers = item.partition("=")
        if item == AWS:
            continue
        service, _, operation = name.rpartition(":")
        per_second, _, burst = numbers.partition("/")
        for each in [key for key in operations if key[1] == operation and service in ("", key[0])]:
            del operations[each]
        if float(per_second):
            operations[service, operation] = Rate(float(per_second), float(burst or per_second))
    return operations, anonymous
