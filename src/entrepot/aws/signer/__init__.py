"""AWS Signer: signing profiles and signatures of images; one function an operation. Objects in S3 are not signed."""

from collections.abc import Mapping

from entrepot.aws.protocol.call import Operation
from entrepot.aws.signer import jobs, permissions, platforms, profiles, resource_tags, signatures

OPERATIONS: Mapping[str, Operation] = {
    "AddProfilePermission": permissions.add_profile_permission,
    "CancelSigningProfile": profiles.cancel_signing_profile,
    "DescribeSigningJob": jobs.describe_signing_job,
    "GetRevocationStatus": signatures.get_revocation_status,
    "GetSigningPlatform": platforms.get_signing_platform,
    "GetSigningProfile": profiles.get_signing_profile,
    "ListProfilePermissions": permissions.list_profile_permissions,
    "ListSigningJobs": jobs.list_signing_jobs,
    "ListSigningPlatforms": platforms.list_signing_platforms,
    "ListSigningProfiles": profiles.list_signing_profiles,
    "ListTagsForResource": resource_tags.list_tags_for_resource,
    "PutSigningProfile": profiles.put_signing_profile,
    "RemoveProfilePermission": permissions.remove_profile_permission,
    "RevokeSignature": signatures.revoke_signature,
    "RevokeSigningProfile": profiles.revoke_signing_profile,
    "SignPayload": signatures.sign_payload,
    "StartSigningJob": jobs.start_signing_job,
    "TagResource": resource_tags.tag_resource,
    "UntagResource": resource_tags.untag_resource,
}
