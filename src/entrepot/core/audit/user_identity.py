"""`userIdentity`: who called, as CloudTrail shows it.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from entrepot.core.calls import Identity
from entrepot.spec.moments import moment

Json = dict[str, Any]
INTERNAL = "AWS Internal"


def told(who: Identity | None, recipient: str) -> Json:
    """Who called, for a record that goes to `recipient`: of others' identities an account reads the account alone."""
    if who is None:
        return {"type": "Unknown", "principalId": "", "accountId": ""}
    if who.kind in _OF_NO_ACCOUNT:
        return _OF_NO_ACCOUNT[who.kind](who)
    if _is_foreign(who, recipient):
        return {"type": "AWSAccount", "principalId": who.principal_id, "accountId": who.account}
    return _SHOWN[who.kind](who)


def user_name(who: Identity | None, reader: str) -> str:
    """LookupEvents' Username, for an account that reads it: a user's name, a session's name, root; '' for none."""
    if who is None or who.kind in {"anonymous", "service"} or _is_foreign(who, reader):
        return ""
    if who.kind == "root":
        return "root"
    if who.kind == "web identity":
        return who.principal_id
    return who.arn.rpartition("/")[2]


def access_key_id(who: Identity | None, reader: str) -> str:
    """LookupEvents' AccessKeyId, for an account that reads it; '' for none."""
    return "" if who is None or _is_foreign(who, reader) else who.access_key_id


def _is_foreign(who: Identity, reader: str) -> bool:
    return who.kind not in _OF_NO_ACCOUNT and who.account != reader


def _named(who: Identity, kind: str) -> Json:
    return {
        "type": kind,
        "principalId": who.principal_id,
        "arn": who.arn,
        "accountId": who.account,
        "accessKeyId": who.access_key_id,
    }


def _root(who: Identity) -> Json:
    return {**_named(who, "Root"), "principalId": who.account, **_own_session(who)}


def _user(who: Identity) -> Json:
    return {**_named(who, "IAMUser"), "userName": who.arn.rpartition("/")[2], **_own_session(who)}


def _own_session(who: Identity) -> Json:
    return {"sessionContext": {"attributes": _attributes(who)}} if who.issued_at else {}


def _role(who: Identity) -> Json:
    return {
        **_named(who, "AssumedRole"),
        "sessionContext": {
            "sessionIssuer": _issuer(who, "Role"),
            "webIdFederationData": {"federatedProvider": who.provider, "attributes": {}} if who.provider else {},
            "attributes": _attributes(who),
            **({"sourceIdentity": who.source_identity} if who.source_identity else {}),
        },
    }


def _federated(who: Identity) -> Json:
    kind = "Root" if who.issuer.endswith(":root") else "IAMUser"
    return {
        **_named(who, "FederatedUser"),
        "sessionContext": {"sessionIssuer": _issuer(who, kind), "attributes": _attributes(who)},
    }


def _service(who: Identity) -> Json:
    return {"type": "AWSService", "invokedBy": who.principal_id or INTERNAL}


def _web_identity(who: Identity) -> Json:
    return {
        "type": "WebIdentityUser",
        "principalId": who.principal_id,
        "userName": who.principal_id,
        "identityProvider": who.provider or who.arn,
    }


def _anonymous(_: Identity) -> Json:
    return {"type": "AWSAccount", "principalId": "", "accountId": "anonymous"}


def _issuer(who: Identity, kind: str) -> Json:
    named = {} if kind == "Root" else {"userName": who.issuer.rpartition("/")[2]}
    return {
        "type": kind,
        "principalId": who.issuer_id or who.account,
        "arn": who.issuer,
        "accountId": who.account,
        **named,
    }


def _attributes(who: Identity) -> Json:
    return {
        "creationDate": f"{moment(who.issued_at):%Y-%m-%dT%H:%M:%SZ}",
        "mfaAuthenticated": "true" if who.mfa else "false",
    }


_OF_NO_ACCOUNT: Mapping[str, Callable[[Identity], Json]] = {
    "service": _service,
    "web identity": _web_identity,
    "anonymous": _anonymous,
}
_SHOWN: Mapping[str, Callable[[Identity], Json]] = {
    "root": _root,
    "user": _user,
    "role session": _role,
    "federated user": _federated,
}
