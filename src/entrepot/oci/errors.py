"""How each fact looks to an OCI client: status and code (Distribution specification, "Error codes"), in one table.

Where real ECR deviates, the specification is followed; UNSUPPORTED is what clients fall back upon.
"""

import msgspec

from entrepot import errors as facts
from entrepot.errors import Fact
from entrepot.http.answer import JSON, Answer

TABLE: dict[type[Fact], tuple[int, str]] = {
    facts.AccessDenied: (403, "DENIED"),
    facts.AccountAlreadyExists: (409, "DENIED"),
    facts.AccountNotFound: (404, "NAME_UNKNOWN"),
    facts.AuthorizationMessageInvalid: (400, "UNSUPPORTED"),
    facts.BlobBytesMissing: (404, "BLOB_UNKNOWN"),
    facts.BlobInUse: (409, "DENIED"),
    facts.BlobNotFound: (404, "BLOB_UNKNOWN"),
    facts.BlobsNotFound: (404, "MANIFEST_BLOB_UNKNOWN"),
    facts.BlobUnreferenced: (404, "BLOB_UNKNOWN"),
    facts.CatalogDataNotFound: (404, "NAME_UNKNOWN"),
    facts.ChildrenNotFound: (404, "MANIFEST_BLOB_UNKNOWN"),
    facts.CredentialExpired: (403, "DENIED"),
    facts.CredentialInvalid: (401, "UNAUTHORIZED"),
    facts.CredentialMisplaced: (401, "UNAUTHORIZED"),
    facts.CredentialMissing: (401, "UNAUTHORIZED"),
    facts.CredentialReportExpired: (400, "UNSUPPORTED"),
    facts.CredentialReportMissing: (400, "UNSUPPORTED"),
    facts.CredentialUnknown: (401, "UNAUTHORIZED"),
    facts.DigestInvalid: (400, "DIGEST_INVALID"),
    facts.DigestMismatch: (400, "DIGEST_INVALID"),
    facts.EntityAlreadyExists: (409, "DENIED"),
    facts.EntityInUse: (409, "DENIED"),
    facts.EntityNotFound: (404, "NAME_UNKNOWN"),
    facts.EntityProtected: (400, "UNSUPPORTED"),
    facts.IdentityInputInvalid: (400, "UNSUPPORTED"),
    facts.ImageAlreadyExists: (409, "TAG_INVALID"),
    facts.ImageDigestMismatch: (400, "DIGEST_INVALID"),
    facts.ImageNotFound: (404, "MANIFEST_UNKNOWN"),
    facts.ImageReferenced: (409, "DENIED"),
    facts.InlinePoliciesTooLarge: (400, "UNSUPPORTED"),
    facts.LayerAlreadyExists: (409, "BLOB_UPLOAD_INVALID"),
    facts.LayerPartTooSmall: (400, "SIZE_INVALID"),
    facts.LayersTooMany: (400, "MANIFEST_INVALID"),
    facts.LengthMismatch: (400, "SIZE_INVALID"),
    facts.ManagedPolicyInUse: (409, "DENIED"),
    facts.ManagedPolicyNotFound: (404, "NAME_UNKNOWN"),
    facts.ManagedPolicyReserved: (400, "UNSUPPORTED"),
    facts.ManifestInvalid: (400, "MANIFEST_INVALID"),
    facts.ManifestTooLarge: (413, "MANIFEST_INVALID"),
    facts.MediaTypeUnsupported: (405, "UNSUPPORTED"),
    facts.MfaCodeWrong: (400, "UNSUPPORTED"),
    facts.MfaRefused: (403, "DENIED"),
    facts.NameInvalid: (400, "NAME_INVALID"),
    facts.NotAcceptable: (404, "MANIFEST_UNKNOWN"),
    facts.OperationUnsupported: (405, "UNSUPPORTED"),
    facts.PageTokenInvalid: (400, "UNSUPPORTED"),
    facts.ParameterInvalid: (400, "UNSUPPORTED"),
    facts.PasswordRefused: (400, "UNSUPPORTED"),
    facts.PasswordsForUsersOnly: (400, "UNSUPPORTED"),
    facts.PolicyMalformed: (400, "UNSUPPORTED"),
    facts.PolicyTooLarge: (400, "UNSUPPORTED"),
    facts.PolicyVersionsTooMany: (400, "UNSUPPORTED"),
    facts.PublicAliasNotFound: (404, "NAME_UNKNOWN"),
    facts.PublicAliasTaken: (409, "DENIED"),
    facts.PublicRegionNotServed: (404, "NAME_UNKNOWN"),
    facts.QuotaExceeded: (400, "UNSUPPORTED"),
    facts.RangeUnsatisfiable: (416, "SIZE_INVALID"),
    facts.RateExceeded: (429, "TOOMANYREQUESTS"),
    facts.RegionNotServed: (404, "NAME_UNKNOWN"),
    facts.RegistryNotFound: (404, "NAME_UNKNOWN"),
    facts.RegistryPolicyInvalid: (400, "UNSUPPORTED"),
    facts.RegistryPolicyNotFound: (404, "UNSUPPORTED"),
    facts.RepositoryAlreadyExists: (409, "NAME_INVALID"),
    facts.RepositoryNameReserved: (400, "NAME_INVALID"),
    facts.RepositoryNotEmpty: (409, "DENIED"),
    facts.RepositoryNotFound: (404, "NAME_UNKNOWN"),
    facts.RepositoryPolicyInvalid: (400, "UNSUPPORTED"),
    facts.RepositoryPolicyNotFound: (404, "UNSUPPORTED"),
    facts.RequestMalformed: (400, "UNSUPPORTED"),
    facts.RequestSkewed: (403, "DENIED"),
    facts.RequestTooLarge: (413, "SIZE_INVALID"),
    facts.ResourceTagInvalid: (400, "UNSUPPORTED"),
    facts.ResourceTagsTooMany: (400, "DENIED"),
    facts.ServerBusy: (503, "TOOMANYREQUESTS"),
    facts.SessionCannot: (403, "DENIED"),
    facts.SessionExpired: (403, "DENIED"),
    facts.SessionPoliciesTooLarge: (400, "UNSUPPORTED"),
    facts.SessionTooLarge: (400, "UNSUPPORTED"),
    facts.SignatureInvalid: (403, "DENIED"),
    facts.StorageFull: (507, "DENIED"),
    facts.TagImmutable: (400, "TAG_INVALID"),
    facts.TagInvalid: (400, "TAG_INVALID"),
    facts.TagsTooMany: (403, "DENIED"),
    facts.UploadBusy: (409, "BLOB_UPLOAD_INVALID"),
    facts.UploadEmpty: (400, "BLOB_UPLOAD_INVALID"),
    facts.UploadNotFound: (404, "BLOB_UPLOAD_UNKNOWN"),
    facts.UploadOutOfOrder: (416, "BLOB_UPLOAD_INVALID"),
    facts.UploadTooLarge: (413, "SIZE_INVALID"),
}


def show(fact: Fact) -> Answer:
    """The response that tells a fact; HEAD answers carry no body, which the server sees to."""
    status, code = TABLE[type(fact)]
    detail = {name: str(value) for name, value in fact.fields.items()}
    body = msgspec.json.encode({"errors": [{"code": code, "message": str(fact), "detail": detail}]})
    return Answer(status, dict(JSON), body)
