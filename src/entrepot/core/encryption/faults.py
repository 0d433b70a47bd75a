"""What KMS says against the use of a repository's key, as ECR says it (KmsException and its kmsError)."""

from collections.abc import Mapping
from typing import Final

from entrepot.errors import (
    AccessDenied,
    CiphertextInvalid,
    Fact,
    KeyDisabled,
    KeyNotFound,
    KeyQuotaExceeded,
    KeyStateInvalid,
    KeyUnavailable,
    KeyUsageInvalid,
    RepositoryKeyUnusable,
)
from entrepot.spec.repository import RepositoryKey

_CODES: Final[Mapping[type[Fact], str]] = {
    AccessDenied: "AccessDeniedException",
    CiphertextInvalid: "InvalidCiphertextException",
    KeyDisabled: "DisabledException",
    KeyNotFound: "NotFoundException",
    KeyUnavailable: "KeyUnavailableException",
    KeyQuotaExceeded: "LimitExceededException",
    KeyStateInvalid: "KMSInvalidStateException",
    KeyUsageInvalid: "InvalidKeyUsageException",
}


def unusable(key: RepositoryKey, named: str, fault: Fact) -> RepositoryKeyUnusable:
    """What a fact of KMS means to a repository."""
    code = _CODES.get(type(fault)) or str(getattr(fault, "code", "KMSInternalException"))  # of what an endpoint refused
    return _unusable(key, named, code, str(fault))


def asymmetric(key: RepositoryKey, named: str) -> RepositoryKeyUnusable:
    """The key is of another kind."""
    reason = "it is not a symmetric encryption key (SYMMETRIC_DEFAULT)."
    return _unusable(key, named, "InvalidKeyUsageException", reason)


def changed(key: RepositoryKey, named: str) -> RepositoryKeyUnusable:
    """Bytes that were encrypted otherwise than their repository is."""
    reason = "the bytes that were sent are encrypted otherwise; send them again."
    return _unusable(key, named, "IncorrectKeyException", reason)


def other_key(key: RepositoryKey, named: str, source: str) -> RepositoryKeyUnusable:
    """Links go from one repository to another of the same key alone."""
    reason = f"the repository '{source}' is encrypted otherwise; give both the same encryption, or copy the image."
    return _unusable(key, named, "IncorrectKeyException", reason)


def no_vault(key: RepositoryKey, named: str) -> RepositoryKeyUnusable:
    """This process has no master key."""
    return _unusable(key, named, "KMSInternalException", "this process opens no keys.")


def unheld(digest: str, named: str) -> RepositoryKeyUnusable:
    """A blob that only repositories held that are gone."""
    reason = f"no repository that may use it holds the blob {digest}."
    return RepositoryKeyUnusable(key=named, name="", account="", kms_error="NotFoundException", reason=reason)


def _unusable(key: RepositoryKey, named: str, code: str, reason: str) -> RepositoryKeyUnusable:
    return RepositoryKeyUnusable(
        key=named[:2048], name=key.name, account=key.registry.account, kms_error=code, reason=reason
    )
