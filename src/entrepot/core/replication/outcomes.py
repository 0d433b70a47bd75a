"""How something came out at a destination, and what is told of what failed."""

from datetime import timedelta
from typing import Final, Literal, NamedTuple

from entrepot.errors import (
    AccessDenied,
    BlobsNotFound,
    BytesTooMany,
    Fact,
    ImageReferenced,
    ImagesTooMany,
    ParameterInvalid,
    QuotaExceeded,
    RepositoriesTooMany,
    RepositoryKeyUnusable,
    RepositoryProtected,
    TagImmutable,
    TagsTooMany,
    TemplateRoleUnusable,
)


class Outcome(NamedTuple):
    """Done, failed, or there is nothing left to do since the source has not got the image any more."""

    status: Literal["COMPLETE", "FAILED", "GONE"]
    code: str = ""
    reason: str = ""


COMPLETE: Final = Outcome("COMPLETE")
GONE: Final = Outcome("GONE")
MOST_ATTEMPTS: Final = 8
LONGEST: Final = timedelta(minutes=1)
# what failed because the destination says so: it says so again, until somebody changes it
_DECIDED: Final = {
    AccessDenied: "AccessDenied",
    BytesTooMany: "LimitExceeded",
    ImagesTooMany: "LimitExceeded",
    ParameterInvalid: "InvalidParameter",
    QuotaExceeded: "LimitExceeded",
    RepositoriesTooMany: "LimitExceeded",
    RepositoryProtected: "RepositoryProtected",
    TagImmutable: "ImageTagAlreadyExists",
    TagsTooMany: "LimitExceeded",
    TemplateRoleUnusable: "AccessDenied",
}
_PASSING: Final = {
    BlobsNotFound: "LayersNotFound",
    ImageReferenced: "ImageReferencedByManifestList",
    RepositoryKeyUnusable: "KmsError",
}


def of_fact(fact: Fact) -> Outcome:
    """What a fact makes of it: a failure, with a code and the reason in a sentence."""
    code = _DECIDED.get(type(fact)) or _PASSING.get(type(fact)) or type(fact).__name__
    return Outcome("FAILED", code, str(fact))


def is_final(fact: Fact, attempts: int) -> bool:
    """Whether it is not tried again after so many attempts."""
    return is_decided(fact) or attempts >= MOST_ATTEMPTS


def is_decided(fact: Fact) -> bool:
    """Whether the destination says so, and will say so again."""
    return type(fact) in _DECIDED


def pause(attempts: int) -> timedelta:
    """How long to wait after so many attempts: a second, then twice as long each time, at most a minute."""
    return min(timedelta(seconds=2 ** (attempts - 1)), LONGEST)
