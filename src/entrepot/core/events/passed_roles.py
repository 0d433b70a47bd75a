"""Roles that a service takes on, EventBridge to deliver: passed by who may pass them, and trusting the service
(EventBridge user guide, "Using IAM roles").
"""

import re

from entrepot.core import access
from entrepot.core.access import Caller
from entrepot.core.entities import ROLE, tags_of
from entrepot.core.events.places import PRINCIPAL
from entrepot.core.resources import Resource
from entrepot.core.stored_policies import compiled
from entrepot.db import entities, roles
from entrepot.db.database import Reader, Transaction
from entrepot.db.identity_records import Entity
from entrepot.policy import evaluation
from entrepot.policy.evaluation import Policies, Request
from entrepot.policy.principals import Principal

_ARN = re.compile(r"arn:aws:iam::([0-9]{12}):role(/(?:[!-~]+/)?)([\w+=,.@-]{1,64})", re.ASCII)


def allow(tx: Transaction, caller: Caller, role_arn: str, service: str = PRINCIPAL) -> None:
    """AccessDenied unless the caller may pass this role, which need not exist, to the service."""
    own = caller.principal.account
    found = find(tx, role_arn)
    named = _ARN.fullmatch(role_arn)
    resource = Resource(own if named is None else named[1], role_arn, "iam", tags=tags_of(tx, found))
    access.require(caller, "PassRole", resource, {"iam:passedtoservice": (service,)})


def trusted(tx: Transaction, account: str, role_arn: str, source_arn: str, service: str = PRINCIPAL) -> bool:
    """Whether a role of this account exists and lets the service take it on for this rule, or whatever it is for."""
    found = find(tx, role_arn)
    role = None if found is None or found.account != account else roles.find(tx, found.id)
    if role is None:
        return False
    keys = evaluation.context({"aws:SourceArn": source_arn, "aws:SourceAccount": account})
    who = Principal("", "service", service)
    policies = Policies(
        resource=(compiled(f"the trust policy of {role_arn}", role.trust_document),), must_be_named=True
    )
    return evaluation.evaluate(Request(who, "sts:AssumeRole", role_arn, account, keys), policies).allowed


def find(tx: Reader, role_arn: str) -> Entity | None:
    """The role of an ARN."""
    named = _ARN.fullmatch(role_arn)
    if named is None:
        return None
    found = entities.find(tx, named[1], ROLE.name, named[3])
    return found if found is not None and found.name == named[3] and found.path == named[2] else None
