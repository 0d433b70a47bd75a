"""Operations that give temporary credentials."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core import session_drafts, sessions
from entrepot.core.session_drafts import Draft
from entrepot.core.sessions import Session
from entrepot.errors import ParameterInvalid

_REFUSED = ("ProvidedContexts", "MinimumSessionTokenSize")


async def assume_role(call: Call) -> Mapping[str, Any]:
    """AssumeRole."""
    given = call.input
    arn = given["RoleArn"]
    drawn = draft(call, sessions.account_of_role(arn), given["RoleSessionName"])
    code = mfa(call)
    write, core = call.core.units.write, call.core.credentials
    if code is None:
        session = await write(sessions.assume, call.caller, arn, drawn)
    else:
        with core.guessing(call.caller.principal):
            session = await write(sessions.assume_with_code, call.caller, core.open_seed, arn, drawn, *code)
    return {
        **shown(call, session),
        "AssumedRoleUser": assumed_role_user(session, arn),
        "SourceIdentity": session.source_identity or None,
    }


async def get_session_token(call: Call) -> Mapping[str, Any]:
    """GetSessionToken: needs no permission, and none can deny it."""
    drawn, code = draft(call, call.account, ""), mfa(call)
    write, core = call.core.units.write, call.core.credentials
    if code is None:
        return shown(call, await write(sessions.of_caller, call.caller, drawn))
    with core.guessing(call.caller.principal):
        return shown(call, await write(sessions.of_caller_with_code, call.caller, core.open_seed, drawn, *code))


async def get_federation_token(call: Call) -> Mapping[str, Any]:
    """GetFederationToken."""
    name = call.input["Name"]
    session = await call.core.units.write(sessions.federate, call.caller, draft(call, call.account, name))
    arn = f"arn:aws:sts::{call.account}:federated-user/{name}"
    return {**shown(call, session), "FederatedUser": {"FederatedUserId": f"{call.account}:{name}", "Arn": arn}}


def draft(call: Call, account: str, name: str) -> Draft:
    """What is asked for, with a fresh key of this account."""
    given = call.input
    for member in _REFUSED:
        if member in given:
            raise ParameterInvalid(parameter=member, reason="it cannot be done here")
    key_id, secret = session_drafts.fresh_key(account)
    return Draft(
        key_id,
        secret,
        name,
        given.get("DurationSeconds"),
        given.get("Policy", ""),
        tuple(each["arn"] for each in given.get("PolicyArns", ()) if "arn" in each),
        tuple((tag["Key"], tag["Value"]) for tag in given.get("Tags", ())),
        tuple(given.get("TransitiveTagKeys", ())),
        given.get("SourceIdentity", ""),
        given.get("ExternalId", ""),
    )


def mfa(call: Call) -> tuple[str, str] | None:
    """(serial number, code), if a device's code was given: ParameterInvalid for one without the other."""
    serial, code = call.input.get("SerialNumber"), call.input.get("TokenCode")
    if serial is None and code is None:
        return None
    if serial is None or code is None:
        raise ParameterInvalid(parameter="TokenCode", reason="SerialNumber and TokenCode go together")
    return serial, code


def shown(call: Call, session: Session) -> dict[str, Any]:
    """The credentials of a new session, and how full its token is."""
    return {
        "Credentials": {
            "AccessKeyId": session.key_id,
            "SecretAccessKey": session.secret,
            "SessionToken": call.core.credentials.seal_session(session),
            "Expiration": session.expires_at,
        },
        "PackedPolicySize": session_drafts.percent_packed(session),
    }


def assumed_role_user(session: Session, role_arn: str) -> dict[str, str]:
    """A role's session, as the answer names it."""
    name = role_arn.rpartition("/")[2]
    arn = f"arn:aws:sts::{session.account}:assumed-role/{name}/{session.name}"
    return {"AssumedRoleId": f"{session.owner_id}:{session.name}", "Arn": arn}
