"""AssumeRoleWithWebIdentity: temporary credentials for whom an identity provider vouches. Nobody signs it."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.aws.sts import credentials
from entrepot.core import sessions
from entrepot.errors import ParameterInvalid


async def assume_role_with_web_identity(call: Call) -> Mapping[str, Any]:
    """AssumeRoleWithWebIdentity: of an OpenID Connect provider; access tokens of OAuth 2.0 are none."""
    given, identities = call.input, call.core.web_identities
    if "ProviderId" in given:
        raise ParameterInvalid(parameter="ProviderId", reason="the token is one of OpenID Connect; leave it out")
    arn = given["RoleArn"]
    account = sessions.account_of_role(arn)
    vouched = await identities.prove(account, given["WebIdentityToken"])
    drawn = credentials.draft(call, account, given["RoleSessionName"])
    session = await identities.assume(call.caller, vouched, arn, drawn)
    return {
        **credentials.shown(call, session),
        "SubjectFromWebIdentityToken": vouched.identity.subject,
        "AssumedRoleUser": credentials.assumed_role_user(session, arn),
        "Provider": vouched.provider,
        "Audience": vouched.identity.audience,
        "SourceIdentity": session.source_identity or None,
    }
