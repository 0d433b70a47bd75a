"""How each fact looks to an AWS client: code and status, in one table (ECR API reference, "Errors", "Common errors").

The codes are those of the JSON services; `QUERY_CODES` names what IAM and STS call the common ones. Where the model of
such a service gives an error a code and a status of its own, these stand on the wire.
"""

from collections.abc import Mapping

from entrepot import errors as facts
from entrepot.aws.protocol.models import Model
from entrepot.errors import Fact

TABLE: dict[type[Fact], tuple[str, int]] = {
    facts.AccessDenied: ("AccessDeniedException", 400),
    facts.AccountAlreadyExists: ("InvalidParameterException", 400),
    facts.AccountNotFound: ("InvalidParameterException", 400),
    facts.AlarmInUse: ("ResourceConflict", 409),
    facts.AlarmInvalid: ("ValidationException", 400),
    facts.AlarmNotFound: ("ResourceNotFound", 404),
    facts.AlarmPageTokenInvalid: ("InvalidNextToken", 400),
    facts.AlarmReasonInvalid: ("InvalidFormatFault", 400),
    facts.AlarmsTooMany: ("LimitExceededFault", 400),
    facts.AuthorizationMessageInvalid: ("InvalidAuthorizationMessageException", 400),
    facts.BlobArchived: ("LayerInaccessibleException", 400),
    facts.BlobBytesMissing: ("ServerException", 500),
    facts.BlobInUse: ("InvalidParameterException", 400),
    facts.BlobNotFound: ("LayersNotFoundException", 400),
    facts.BlobsNotFound: ("LayersNotFoundException", 400),
    facts.BlobUnreferenced: ("LayerInaccessibleException", 400),
    facts.BucketNameInvalid: ("InvalidS3BucketNameException", 400),
    facts.BucketNotFound: ("S3BucketDoesNotExistException", 400),
    facts.BucketNotWritable: ("InsufficientS3BucketPolicyException", 400),
    facts.BucketPrefixInvalid: ("InvalidS3PrefixException", 400),
    facts.CatalogDataNotFound: ("RepositoryCatalogDataNotFoundException", 400),
    facts.ChildrenNotFound: ("ReferencedImagesNotFoundException", 400),
    facts.CredentialExpired: ("ExpiredTokenException", 403),
    facts.CredentialInvalid: ("UnrecognizedClientException", 403),
    facts.CredentialMisplaced: ("UnrecognizedClientException", 403),
    facts.CredentialMissing: ("MissingAuthenticationTokenException", 403),
    facts.CredentialReportExpired: ("CredentialReportExpiredException", 400),
    facts.CredentialReportMissing: ("CredentialReportNotPresentException", 400),
    facts.CredentialUnknown: ("UnrecognizedClientException", 403),
    facts.DashboardInvalid: ("DashboardInvalidInputError", 400),
    facts.DashboardNotFound: ("DashboardNotFoundError", 404),
    facts.DigestInvalid: ("InvalidParameterException", 400),
    facts.DigestMismatch: ("InvalidLayerException", 400),
    facts.ManualScanUnavailable: ("ValidationException", 400),
    facts.EntityAlreadyExists: ("EntityAlreadyExistsException", 400),
    facts.EntityInUse: ("DeleteConflictException", 400),
    facts.EntityNotFound: ("NoSuchEntityException", 400),
    facts.EntityProtected: ("UnmodifiableEntityException", 400),
    facts.EventBusAlreadyExists: ("ResourceAlreadyExistsException", 400),
    facts.EventBusNotFound: ("ResourceNotFoundException", 400),
    facts.EventBusPolicyTooLarge: ("PolicyLengthExceededException", 400),
    facts.EventInputInvalid: ("ValidationException", 400),
    facts.EventPatternInvalid: ("InvalidEventPatternException", 400),
    facts.EventSelectorsInvalid: ("InvalidEventSelectorsException", 400),
    facts.ExpressionInvalid: ("ValidationException", 400),
    facts.ExpressionTooLarge: ("ValidationException", 400),
    facts.EventQuotaExceeded: ("LimitExceededException", 400),
    facts.EventResourceAlreadyExists: ("ResourceAlreadyExistsException", 400),
    facts.EventResourceNotFound: ("ResourceNotFoundException", 400),
    facts.EventRuleNotFound: ("ResourceNotFoundException", 400),
    facts.ScheduleExpressionInvalid: ("ValidationException", 400),
    facts.TargetInputInvalid: ("ValidationException", 400),
    facts.IdentityClaimRejected: ("IDPRejectedClaimException", 403),
    facts.IdentityInputInvalid: ("InvalidInputException", 400),
    facts.IdentityProviderUnreachable: ("IDPCommunicationErrorException", 400),
    facts.IdentityTokenExpired: ("ExpiredTokenException", 400),
    facts.IdentityTokenInvalid: ("InvalidIdentityTokenException", 400),
    facts.ImageAlreadyExists: ("ImageAlreadyExistsException", 400),
    facts.ImageArchived: ("ImageArchivedException", 400),
    facts.ImageDigestMismatch: ("ImageDigestDoesNotMatchException", 400),
    facts.ImageNotAdmitted: ("AccessDeniedException", 400),
    facts.ImageNotFound: ("ImageNotFoundException", 400),
    facts.ImageNotScannable: ("UnsupportedImageTypeException", 400),
    facts.ImageReferenced: ("InvalidParameterException", 400),
    facts.ImageScanned: ("LimitExceededException", 400),
    facts.InlinePoliciesTooLarge: ("LimitExceededException", 400),
    facts.InspectorFilterAlreadyExists: ("BadRequestException", 400),
    facts.InspectorFilterNotFound: ("ResourceNotFoundException", 404),
    facts.InspectorFiltersTooMany: ("ServiceQuotaExceededException", 402),
    facts.InspectorFilterTagsInvalid: ("BadRequestException", 400),
    facts.InspectorInputInvalid: ("ValidationException", 400),
    facts.InspectorReportNotFound: ("ResourceNotFoundException", 404),
    facts.InsightsNotEnabled: ("InsightNotEnabledException", 400),
    facts.InsightSourceUnclear: ("InvalidParameterCombinationException", 400),
    facts.KeyTimesReversed: ("InvalidTimeRangeException", 400),
    facts.LayerAlreadyExists: ("LayerAlreadyExistsException", 400),
    facts.LayerPartTooSmall: ("LayerPartTooSmallException", 400),
    facts.LayersTooMany: ("InvalidParameterException", 400),
    facts.LengthMismatch: ("InvalidParameterException", 400),
    facts.LookupAttributesInvalid: ("InvalidLookupAttributesException", 400),
    facts.LookupTimesInvalid: ("InvalidTimeRangeException", 400),
    facts.LookupTokenInvalid: ("InvalidNextTokenException", 400),
    facts.ManagedPolicyInUse: ("DeleteConflictException", 400),
    facts.ManagedPolicyNotFound: ("NoSuchEntityException", 400),
    facts.ManagedPolicyReserved: ("PolicyNotAttachableException", 400),
    facts.ManifestInvalid: ("InvalidParameterException", 400),
    facts.ManifestTooLarge: ("InvalidParameterException", 400),
    facts.MediaTypeUnsupported: ("InvalidParameterException", 400),
    facts.MetricInputConflict: ("InvalidParameterCombinationException", 400),
    facts.MetricInputInvalid: ("InvalidParameterValueException", 400),
    facts.MetricInputMissing: ("MissingRequiredParameterException", 400),
    facts.MetricPageTokenInvalid: ("InvalidNextToken", 400),
    facts.MetricQueryInvalid: ("ValidationException", 400),
    facts.MfaCodeWrong: ("InvalidAuthenticationCodeException", 400),
    facts.MfaRefused: ("AccessDeniedException", 403),
    facts.MonitoredResourceNotFound: ("ResourceNotFoundException", 404),
    facts.MonitoringInputInvalid: ("InvalidParameterValueException", 400),
    facts.NameInvalid: ("InvalidParameterException", 400),
    facts.NotAcceptable: ("ImageNotFoundException", 400),
    facts.OperationUnsupported: ("UnknownOperationException", 400),
    facts.OrganizationsAbsent: ("OrganizationsNotInUseException", 400),
    facts.PageTokenInvalid: ("InvalidParameterException", 400),
    facts.ParameterInvalid: ("InvalidParameterException", 400),
    facts.PasswordRefused: ("PasswordPolicyViolationException", 400),
    facts.PasswordsForUsersOnly: ("InvalidUserTypeException", 400),
    facts.PeriodInvalid: ("ValidationException", 400),
    facts.PolicyMalformed: ("MalformedPolicyDocumentException", 400),
    facts.PolicyTooLarge: ("LimitExceededException", 400),
    facts.PolicyVersionsTooMany: ("LimitExceededException", 400),
    facts.PublicAliasNotFound: ("InvalidParameterException", 400),
    facts.PublicAliasTaken: ("InvalidParameterException", 400),
    facts.PublicRegionNotServed: ("UnsupportedCommandException", 400),
    facts.QuotaExceeded: ("LimitExceededException", 400),
    facts.RangeUnsatisfiable: ("InvalidParameterException", 400),
    facts.RateExceeded: ("ThrottlingException", 400),
    facts.RegionNotServed: ("InvalidParameterException", 400),
    facts.RegistryNotFound: ("RegistryNotFoundException", 400),
    facts.RegistryPolicyInvalid: ("InvalidParameterException", 400),
    facts.RegistryPolicyNotFound: ("RegistryPolicyNotFoundException", 400),
    facts.RepositoryAlreadyExists: ("RepositoryAlreadyExistsException", 400),
    facts.RepositoryNameReserved: ("InvalidParameterException", 400),
    facts.RepositoryNotEmpty: ("RepositoryNotEmptyException", 400),
    facts.RepositoryNotFound: ("RepositoryNotFoundException", 400),
    facts.RepositoryPolicyInvalid: ("InvalidParameterException", 400),
    facts.RepositoryPolicyNotFound: ("RepositoryPolicyNotFoundException", 400),
    facts.ReplayStateIllegal: ("IllegalStatusException", 400),
    facts.RequestMalformed: ("SerializationException", 400),
    facts.RequestSkewed: ("InvalidSignatureException", 403),
    facts.RequestTooLarge: ("RequestEntityTooLargeException", 413),
    facts.ResourceTagInvalid: ("InvalidTagParameterException", 400),
    facts.ResourceTagsTooMany: ("TooManyTagsException", 400),
    facts.RoleRefused: ("AccessDeniedException", 403),
    facts.ScanNotFound: ("ScanNotFoundException", 400),
    facts.ScanningConfigurationInvalid: ("ValidationException", 400),
    facts.ScansTooMany: ("LimitExceededException", 400),
    facts.ServerBusy: ("ThrottlingException", 400),
    facts.SessionCannot: ("AccessDeniedException", 403),
    facts.SessionExpired: ("ExpiredTokenException", 403),
    facts.SessionPoliciesTooLarge: ("PackedPolicyTooLargeException", 400),
    facts.SessionTooLarge: ("PackedPolicyTooLargeException", 400),
    facts.SignatureInvalid: ("InvalidSignatureException", 403),
    facts.StatisticInvalid: ("ValidationException", 400),
    facts.StorageClassUpdateRefused: ("ImageStorageClassUpdateNotSupportedException", 400),
    facts.StorageFull: ("ServerException", 500),
    facts.TaggedResourceNotFound: ("ResourceNotFoundException", 400),
    facts.TaggedResourceUnsupported: ("ResourceTypeNotSupportedException", 400),
    facts.TagImmutable: ("ImageTagAlreadyExistsException", 400),
    facts.TagInvalid: ("InvalidParameterException", 400),
    facts.TagsTooMany: ("LimitExceededException", 400),
    facts.TrailAlreadyExists: ("TrailAlreadyExistsException", 400),
    facts.TrailArnInvalid: ("CloudTrailARNInvalidException", 400),
    facts.TrailBusy: ("ConflictException", 400),
    facts.TrailElsewhere: ("InvalidHomeRegionException", 400),
    facts.TrailFeatureUnsupported: ("UnsupportedOperationException", 400),
    facts.TrailNameInvalid: ("InvalidTrailNameException", 400),
    facts.TrailNotFound: ("TrailNotFoundException", 400),
    facts.TrailsTooMany: ("MaximumNumberOfTrailsExceededException", 400),
    facts.TrailTagsTooMany: ("TagsLimitExceededException", 400),
    facts.UploadBusy: ("ThrottlingException", 400),
    facts.UploadEmpty: ("EmptyUploadException", 400),
    facts.UploadNotFound: ("UploadNotFoundException", 400),
    facts.UploadOutOfOrder: ("InvalidLayerPartException", 400),
    facts.UploadTooLarge: ("LimitExceededException", 400),
    facts.WidgetInvalid: ("ValidationException", 400),
}
# what a service calls a common code otherwise
OF_SERVICE: Mapping[str, Mapping[str, str]] = {
    "cloudwatch": {
        "InvalidParameterException": "ValidationException",
        "InvalidTagParameterException": "ValidationException",
        "TooManyTagsException": "ValidationException",
    },
    "inspector2": {"InvalidParameterException": "ValidationException", "ServerException": "InternalServerException"},
    "events": {"InvalidParameterException": "ValidationException", "ServerException": "InternalException"},
}
CODES = {fact: code for fact, (code, _) in TABLE.items()}
COMMON = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "RequestEntityTooLargeException",
        "SerializationException",
        "ServerException",
        "ThrottlingException",
        "UnknownOperationException",
        "UnrecognizedClientException",
        "ValidationException",
    }
)
QUERY_CODES = {
    "AccessDeniedException": "AccessDenied",
    "ExpiredTokenException": "ExpiredToken",
    "InvalidParameterException": "ValidationError",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "LimitExceededException": "LimitExceeded",
    "MalformedPolicyDocumentException": "MalformedPolicyDocument",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "PackedPolicyTooLargeException": "PackedPolicyTooLarge",
    "SerializationException": "MalformedInput",
    "ServerException": "InternalFailure",
    "ThrottlingException": "Throttling",
    "UnknownOperationException": "InvalidAction",
    "UnrecognizedClientException": "InvalidClientTokenId",
    "ValidationException": "ValidationError",
}
# not what a model of theirs calls by the same name: the credential that signed, not the one that was sent
QUERY_FACTS: dict[type[Fact], tuple[str, int]] = {facts.SessionExpired: ("ExpiredToken", 403)}


def code(service: str, fact: type[Fact]) -> tuple[str, int]:
    """The code and the status of a fact at a service, by the name of its model."""
    code, status = TABLE[fact]
    return OF_SERVICE.get(service, {}).get(code, code), status


def query_code(model: Model, fact: Fact, code: str, status: int) -> tuple[str, int]:
    """What the query protocol says for a code and a status."""
    return QUERY_FACTS.get(type(fact)) or model.wire_error(code) or (QUERY_CODES.get(code, code), status)


def members(fact: Fact, account: str) -> dict[str, object]:
    """The modelled members of an error beside its message."""
    if isinstance(fact, facts.UploadOutOfOrder):
        return {
            "registryId": account,
            "repositoryName": fact.name,
            "uploadId": fact.upload,
            "lastValidByteReceived": int(str(fact.offset)) - 1,
        }
    if isinstance(fact, facts.DashboardInvalid) and isinstance(fact.messages, list):
        told = [{"DataPath": path, "Message": message} for path, message in fact.messages]
        return {"dashboardValidationMessages": told}
    return {}
