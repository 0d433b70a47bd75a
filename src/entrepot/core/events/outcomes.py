"""What becomes of an attempt: delivered, tried again later, or given up (EventBridge user guide, "Retry policies").

Pure: the time and a draw of chance are given.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from entrepot.outbound import DestinationForbidden, OutboundFault

DEFAULT_ATTEMPTS = 185
DEFAULT_SECONDS = 86_400
_SECOND = 1_000_000
_LONGEST_DOUBLING = 20
_LONGEST_WORD = 1024
THROTTLING = "THROTTLING"
NO_PERMISSIONS = "NO_PERMISSIONS"
NO_RESOURCE = "NO_RESOURCE"
INVALID_PARAMETER = "INVALID_PARAMETER"
CLIENT_ERROR = "SDK_CLIENT_ERROR"
UNREACHABLE = "SERVICE_UNAVAILABLE"
BY_ATTEMPTS = "MaximumRetryAttempts"
BY_AGE = "MaximumEventAgeInSeconds"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an event did not arrive; `retriable` when another attempt may have another outcome. `after` is how many
    seconds the target asked for.
    """

    code: str
    message: str
    retriable: bool
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """For how long it is tried again."""

    attempts: int = DEFAULT_ATTEMPTS
    seconds: int = DEFAULT_SECONDS


@dataclass(frozen=True, slots=True)
class Pace:
    """How long pauses between attempts are, in seconds: each twice the one before."""

    first: float = 1.0
    longest: float = 600.0


@dataclass(frozen=True, slots=True)
class Again:
    """Try again at this microsecond."""

    due_at: int


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Not again: what is exhausted, '' where trying again is no use."""

    exhausted: str


def verdict(
    failure: Failure, attempts: int, accepted_at: int, now: int, policy: RetryPolicy, pace: Pace, chance: float
) -> Again | GivenUp:
    """What to do after the attempt of this number has failed; `chance` of [0, 1) spreads what failed together."""
    if not failure.retriable:
        return GivenUp("")
    if attempts > policy.attempts:
        return GivenUp(BY_ATTEMPTS)
    pause = min(pace.longest, pace.first * 2 ** min(attempts - 1, _LONGEST_DOUBLING)) * (0.5 + chance / 2)
    due_at = now + int(max(pause, min(failure.after, pace.longest)) * _SECOND)
    if due_at > accepted_at + policy.seconds * _SECOND:
        return GivenUp(BY_AGE)
    return Again(due_at)


def of_status(status: int, headers: Mapping[str, str], host: str) -> Failure | None:
    """What a status of an HTTP endpoint says; None for success."""
    if 200 <= status < 300:
        return None
    told = f"{host} answers with status {status}"
    if status in {409, 429}:
        return Failure(THROTTLING, told, True, _asked(headers))
    if status >= 500:
        return Failure(UNREACHABLE, told, True, _asked(headers))
    if status in {401, 403, 407}:
        return Failure(NO_PERMISSIONS, told, False)
    return Failure(NO_RESOURCE if status in {404, 410} else CLIENT_ERROR, told, False)


def shortened(text: str) -> str:
    """A message of somebody else, as much of it as is kept; on one line."""
    return " ".join(text.split())[:_LONGEST_WORD]


def _asked(headers: Mapping[str, str]) -> float:
    value = headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() and len(value) < 6 else 0.0


def of_fault(fault: OutboundFault) -> Failure:
    """What a request that has no usable answer says: where it may not go today, it may not go tomorrow."""
    if isinstance(fault, DestinationForbidden):
        return Failure(CLIENT_ERROR, shortened(str(fault)), False)
    return Failure(UNREACHABLE, shortened(str(fault)), True)
