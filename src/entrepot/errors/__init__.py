"""What can be wrong, as facts with names: one tree, no HTTP and no AWS words.

Each leaf is a fact (`RepositoryNotFound`); its fields are keywords; `str(error)` tells a person what was wrong, with
which value, and what to do. Each door maps leaves to its wire form in one table (oci/errors.py, aws/errors.py); a
test proves both tables total. Message texts that tools match on are those of AWS.
"""

from entrepot.errors.access import (
    AccessDenied,
    AccountAlreadyExists,
    AccountNotFound,
    AuthorizationMessageInvalid,
    CredentialExpired,
    CredentialInvalid,
    CredentialMisplaced,
    CredentialMissing,
    CredentialUnknown,
    MfaRefused,
    RequestSkewed,
    SessionCannot,
    SessionExpired,
    SignatureInvalid,
)
from entrepot.errors.alarms import (
    AlarmInUse,
    AlarmInvalid,
    AlarmNotFound,
    AlarmPageTokenInvalid,
    AlarmReasonInvalid,
    AlarmsTooMany,
    DashboardInvalid,
    DashboardNotFound,
    MonitoredResourceNotFound,
    MonitoringInputInvalid,
    WidgetInvalid,
)
from entrepot.errors.audit import LookupAttributesInvalid, LookupTimesInvalid, LookupTokenInvalid
from entrepot.errors.blobs import (
    BlobArchived,
    BlobBytesMissing,
    BlobInUse,
    BlobNotFound,
    BlobsNotFound,
    BlobUnreferenced,
    DigestMismatch,
    LayerAlreadyExists,
    LayerPartTooSmall,
    LengthMismatch,
    RangeUnsatisfiable,
    StorageFull,
    UploadBusy,
    UploadEmpty,
    UploadNotFound,
    UploadOutOfOrder,
    UploadTooLarge,
)
from entrepot.errors.events import (
    EventBusAlreadyExists,
    EventBusNotFound,
    EventBusPolicyTooLarge,
    EventInputInvalid,
    EventPatternInvalid,
    EventQuotaExceeded,
    EventResourceAlreadyExists,
    EventResourceNotFound,
    EventRuleNotFound,
    ReplayStateIllegal,
    ScheduleExpressionInvalid,
    TargetInputInvalid,
)
from entrepot.errors.expressions import ExpressionInvalid, ExpressionTooLarge, PeriodInvalid, StatisticInvalid
from entrepot.errors.fact import Fact
from entrepot.errors.federation import (
    IdentityClaimRejected,
    IdentityProviderUnreachable,
    IdentityTokenExpired,
    IdentityTokenInvalid,
    RoleRefused,
)
from entrepot.errors.identities import (
    CredentialReportExpired,
    CredentialReportMissing,
    EntityAlreadyExists,
    EntityInUse,
    EntityNotFound,
    EntityProtected,
    IdentityInputInvalid,
    ManagedPolicyInUse,
    ManagedPolicyNotFound,
    ManagedPolicyReserved,
    MfaCodeWrong,
    PasswordRefused,
    PasswordsForUsersOnly,
    PolicyVersionsTooMany,
    QuotaExceeded,
)
from entrepot.errors.images import (
    ChildrenNotFound,
    CopyTooLarge,
    ImageAlreadyExists,
    ImageArchived,
    ImageDigestMismatch,
    ImageNotAdmitted,
    ImageNotFound,
    ImageReferenced,
    LayersTooMany,
    ManifestInvalid,
    ManifestTooLarge,
    MediaTypeUnsupported,
    NotAcceptable,
    StorageClassUpdateRefused,
    TagImmutable,
    TagsTooMany,
)
from entrepot.errors.inspector import (
    InspectorFilterAlreadyExists,
    InspectorFilterNotFound,
    InspectorFiltersTooMany,
    InspectorFilterTagsInvalid,
    InspectorInputInvalid,
    InspectorReportNotFound,
)
from entrepot.errors.keys import (
    CiphertextInvalid,
    GrantNotFound,
    GrantPrincipalInvalid,
    GrantTokenInvalid,
    KeyAliasAlreadyExists,
    KeyAliasInvalid,
    KeyDisabled,
    KeyDryRun,
    KeyFeatureUnsupported,
    KeyMarkerInvalid,
    KeyMismatch,
    KeyNotFound,
    KeyQuotaExceeded,
    KeySignatureWrong,
    KeyStateInvalid,
    KeyTagInvalid,
    KeyUsageInvalid,
)
from entrepot.errors.lifecycle import (
    LifecyclePolicyInvalid,
    LifecyclePolicyNotFound,
    LifecyclePreviewInProgress,
    LifecyclePreviewNotFound,
)
from entrepot.errors.metrics import (
    MetricInputConflict,
    MetricInputInvalid,
    MetricInputMissing,
    MetricPageTokenInvalid,
    MetricQueryInvalid,
)
from entrepot.errors.policies import (
    InlinePoliciesTooLarge,
    PolicyMalformed,
    PolicyTooLarge,
    RegistryPolicyInvalid,
    RegistryPolicyNotFound,
    RepositoryPolicyInvalid,
    RepositoryPolicyNotFound,
    SessionPoliciesTooLarge,
    SessionTooLarge,
)
from entrepot.errors.quotas import (
    BytePrefixInvalid,
    ByteQuotaNotFound,
    BytesTooMany,
    ImagesTooMany,
    LayerPartsTooMany,
    LayerPartTooLarge,
    RepositoriesTooMany,
    ServiceQuotaOutOfBounds,
    ServiceQuotaUnknown,
)
from entrepot.errors.replication import BackfillInProgress, BackfillNotFound, BackfillStatusInvalid
from entrepot.errors.repositories import (
    PublicAliasNotFound,
    PublicAliasTaken,
    PublicRegionNotServed,
    PullExclusionAlreadyExists,
    PullExclusionNotFound,
    PullExclusionsTooMany,
    RegionNotServed,
    RegistryNotFound,
    RepositoryAlreadyExists,
    RepositoryNameReserved,
    RepositoryNotEmpty,
    RepositoryNotFound,
    ResourceTagInvalid,
    ResourceTagsTooMany,
)
from entrepot.errors.requests import (
    DigestInvalid,
    NameInvalid,
    OperationUnsupported,
    PageTokenInvalid,
    ParameterInvalid,
    RateExceeded,
    RequestMalformed,
    RequestTooLarge,
    ServerBusy,
    TagInvalid,
    Throttled,
)
from entrepot.errors.scans import (
    ImageNotScannable,
    ImageScanned,
    ManualScanUnavailable,
    ScanningConfigurationInvalid,
    ScanNotFound,
    ScansTooMany,
)
from entrepot.errors.secrets import (
    CredentialSecretInaccessible,
    CredentialSecretNotFound,
    CredentialSecretUnreadable,
    SecretAlreadyExists,
    SecretInputInvalid,
    SecretNotDecrypted,
    SecretNotEncrypted,
    SecretNotFound,
    SecretPageTokenInvalid,
    SecretPolicyMalformed,
    SecretPolicyPublic,
    SecretQuotaExceeded,
    SecretStateInvalid,
    SecretVersionNotFound,
)
from entrepot.errors.signing import (
    SigningConfigurationNotFound,
    SigningInputInvalid,
    SigningJobNotFound,
    SigningPermissionConflict,
    SigningPermissionNotFound,
    SigningPermissionsTooMany,
    SigningPlatformNotFound,
    SigningProfileNotFound,
    SigningTaggedNotFound,
    SigningTagsInvalid,
)
from entrepot.errors.templates import TemplateAlreadyExists, TemplateNotFound, TemplateRoleUnusable
from entrepot.errors.trails import (
    BucketNameInvalid,
    BucketNotFound,
    BucketNotWritable,
    BucketPrefixInvalid,
    EventSelectorsInvalid,
    InsightsNotEnabled,
    InsightSourceUnclear,
    KeyTimesReversed,
    OrganizationsAbsent,
    TaggedResourceNotFound,
    TaggedResourceUnsupported,
    TrailAlreadyExists,
    TrailArnInvalid,
    TrailBusy,
    TrailElsewhere,
    TrailFeatureUnsupported,
    TrailNameInvalid,
    TrailNotFound,
    TrailsTooMany,
    TrailTagsTooMany,
)
from entrepot.errors.trash import BlobTrashed, RepositoryProtected, TrashedNotFound

__all__ = [name for name in dir() if name[:1].isupper()]
