"""AWS STS: who a credential is, and temporary credentials of roles and users."""

from collections.abc import Mapping

from entrepot.aws.protocol.call import Operation
from entrepot.aws.sts import credentials, identity, web_identity

OPERATIONS: Mapping[str, Operation] = {
    "AssumeRole": credentials.assume_role,
    "AssumeRoleWithWebIdentity": web_identity.assume_role_with_web_identity,
    "DecodeAuthorizationMessage": identity.decode_authorization_message,
    "GetAccessKeyInfo": identity.get_access_key_info,
    "GetCallerIdentity": identity.get_caller_identity,
    "GetFederationToken": credentials.get_federation_token,
    "GetSessionToken": credentials.get_session_token,
}
