"""Why a request was denied, for those who may ask (STS API reference, "DecodeAuthorizationMessage").

What a stranger reads says which kind of policy decided; the rest is sealed for the account of whom was denied.
"""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from entrepot.core.resources import Resource
from entrepot.errors import AuthorizationMessageInvalid
from entrepot.policy.decision import Decision
from entrepot.policy.principals import Principal as Subject
from entrepot.seal import Seal, packing

_CONTEXT = b"authorization-message"
_ROOM = 1024
_SECRET = frozenset({"sts:externalid"})
Values = tuple[tuple[str, tuple[str, ...]], ...]


class Denial(msgspec.Struct, frozen=True, omit_defaults=True):
    """One denial: of whom, of what, by which statement; and the condition keys that were looked at, with their values.

    Of a policy of another account only its kind is told, and not what it looked at: so whether it is there.
    """

    account: str
    principal_id: str
    principal: str
    action: str
    resource: str
    kind: str
    explicit: bool = False
    policy: str = ""
    statement: int | None = None
    sid: str = ""
    values: Values = ()


_DECODER = msgspec.json.Decoder(Denial)


def of(subject: Subject, resource: Resource, decision: Decision, values: Mapping[str, tuple[str, ...]]) -> Denial:
    """The denial that a decision is; `values` are those of the keys that were read."""
    reason = decision.reason
    own = subject.account == resource.account
    told = own or reason.kind != "resource-based policy"
    return Denial(
        account=subject.account,
        principal_id=f"{subject.id}:{subject.session}" if subject.session else subject.id,
        principal=decision.principal,
        action=decision.action,
        resource=resource.told_as or decision.resource,
        kind=reason.kind,
        explicit=reason.cause == "denied",
        policy=reason.policy if told else "",
        statement=reason.statement if told else None,
        sid=reason.sid if told else "",
        values=tuple((key, each) for key, each in sorted(values.items()) if own and each and key not in _SECRET),
    )


def encode(seal: Seal, denial: Denial) -> str:
    """The message, always of one length: it must not tell what policies looked at, so whether there are any.

    What does not fit is left out: the keys, then the statement's names.
    """
    without_keys = msgspec.structs.replace(denial, values=())
    without_names = msgspec.structs.replace(without_keys, policy="", sid="")
    fitting = (each for each in (denial, without_keys, without_names) if len(packing.pack(each)) <= _ROOM)
    told = next(fitting, Denial(denial.account, denial.principal_id, "", denial.action, "", denial.kind))
    return packing.issue(seal, told, _CONTEXT, _ROOM)


def decode(seal: Seal, account: str, message: str) -> str:
    """What a message of this account says, as AWS's JSON has it: AuthorizationMessageInvalid."""
    denial = packing.read(seal, message, _CONTEXT, _DECODER)
    if denial is None or denial.account != account:
        raise AuthorizationMessageInvalid
    return json.dumps(_shown(denial))


def _shown(denial: Denial) -> dict[str, Any]:
    statement = {
        "statementId": denial.sid,
        "effect": "DENY",
        "sourcePolicyId": denial.policy,
        "sourcePolicyType": denial.kind,
        "statementIndex": denial.statement,
    }
    return {
        "allowed": False,
        "explicitDeny": denial.explicit,
        "missing": None if denial.explicit else denial.kind,
        "matchedStatements": {"items": [statement] if denial.explicit else []},
        "failures": {"items": []},
        "context": {
            "principal": {
                "id": denial.principal_id,
                "name": denial.principal.rpartition("/")[2],
                "arn": denial.principal,
            },
            "action": denial.action,
            "resource": denial.resource,
            "conditions": {
                "items": [
                    {"key": key, "values": {"items": [{"value": value} for value in values]}}
                    for key, values in denial.values
                ]
            },
        },
    }
