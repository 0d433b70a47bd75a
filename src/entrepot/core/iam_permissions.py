"""What IAM's operations need (Service Authorization Reference, IAM): resource -> operations; a part of permissions."""

from collections.abc import Mapping
from typing import Final

ANY: Final = "*"

RESOURCES: Final[Mapping[str, str]] = {
    ANY: (
        "CreateAccountAlias DeleteAccountAlias DeleteAccountPasswordPolicy GenerateCredentialReport "
        "GetAccountAuthorizationDetails GetAccountPasswordPolicy GetAccountSummary GetCredentialReport "
        "GetContextKeysForCustomPolicy GetServiceLinkedRoleDeletionStatus ListAccountAliases ListSAMLProviders "
        "ListServerCertificates SimulateCustomPolicy UpdateAccountPasswordPolicy"
    ),
    "arn:aws:iam::{account}:user/{user}": (
        "AttachUserPolicy CreateAccessKey CreateLoginProfile CreateUser DeactivateMFADevice "
        "DeleteAccessKey DeleteLoginProfile DeleteUser DeleteUserPermissionsBoundary DeleteUserPolicy "
        "DetachUserPolicy EnableMFADevice GetAccessKeyLastUsed GetLoginProfile GetUser GetUserPolicy ListAccessKeys "
        "ListAttachedUserPolicies ListGroupsForUser ListMFADevices ListSSHPublicKeys ListServiceSpecificCredentials "
        "ListSigningCertificates ListUserPolicies ListUserTags PutUserPermissionsBoundary PutUserPolicy "
        "GetContextKeysForPrincipalPolicy ResyncMFADevice SimulatePrincipalPolicy TagUser UntagUser UpdateAccessKey "
        "UpdateLoginProfile UpdateUser"
    ),
    "arn:aws:iam::{account}:group/{group}": (
        "AddUserToGroup AttachGroupPolicy CreateGroup DeleteGroup DeleteGroupPolicy DetachGroupPolicy GetGroup "
        "GetGroupPolicy ListAttachedGroupPolicies ListGroupPolicies PutGroupPolicy RemoveUserFromGroup "
        "UpdateGroup"
    ),
    "arn:aws:iam::{account}:role/{role}": (
        "AttachRolePolicy CreateRole DeleteRole DeleteRolePermissionsBoundary DeleteRolePolicy "
        "DeleteServiceLinkedRole DetachRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies "
        "ListInstanceProfilesForRole ListRolePolicies ListRoleTags PutRolePermissionsBoundary PutRolePolicy "
        "TagRole UntagRole UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription"
    ),
    "arn:aws:iam::{account}:policy/{policy}": (
        "CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy GetPolicyVersion "
        "ListEntitiesForPolicy ListPolicyTags ListPolicyVersions SetDefaultPolicyVersion TagPolicy "
        "UntagPolicy"
    ),
    "arn:aws:iam::{account}:instance-profile/{profile}": (
        "AddRoleToInstanceProfile CreateInstanceProfile DeleteInstanceProfile GetInstanceProfile "
        "ListInstanceProfileTags RemoveRoleFromInstanceProfile TagInstanceProfile "
        "UntagInstanceProfile"
    ),
    "arn:aws:iam::{account}:oidc-provider/{provider}": (
        "AddClientIDToOpenIDConnectProvider CreateOpenIDConnectProvider DeleteOpenIDConnectProvider "
        "GetOpenIDConnectProvider ListOpenIDConnectProviderTags "
        "RemoveClientIDFromOpenIDConnectProvider TagOpenIDConnectProvider UntagOpenIDConnectProvider "
        "UpdateOpenIDConnectProviderThumbprint"
    ),
    "arn:aws:iam::{account}:mfa/{device}": (
        "CreateVirtualMFADevice DeleteVirtualMFADevice GetMFADevice ListMFADeviceTags TagMFADevice UntagMFADevice"
    ),
    "arn:aws:iam::{account}:user/{caller}": "ChangePassword",
    "arn:aws:iam::{account}:role/aws-service-role/{service}/{linked}": "CreateServiceLinkedRole",
    # of a list, below the path that it is asked for
    "arn:aws:iam::{account}:user/": "ListUsers",
    "arn:aws:iam::{account}:group/": "ListGroups",
    "arn:aws:iam::{account}:role/": "ListRoles",
    "arn:aws:iam::{account}:policy/": "ListPolicies",
    "arn:aws:iam::{account}:instance-profile/": "ListInstanceProfiles",
    "arn:aws:iam::{account}:oidc-provider/": "ListOpenIDConnectProviders",
    "arn:aws:iam::{account}:mfa/": "ListVirtualMFADevices",
}
