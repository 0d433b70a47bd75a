"""Service-linked roles: made for a service with the policy that it needs; only the service changes them."""

import uuid

import msgspec

from entrepot.core import entities, roles
from entrepot.core.access import Caller
from entrepot.core.aws_policies import all_policies
from entrepot.core.entities import ROLE, Draft
from entrepot.core.held_policies import SERVICE_PATH
from entrepot.core.roles import DEFAULT_SESSION_SECONDS, NamedRole
from entrepot.db import accounts, grants
from entrepot.db import entities as entity_rows
from entrepot.db import roles as role_rows
from entrepot.db.database import Transaction
from entrepot.db.identity_records import Role
from entrepot.errors import EntityAlreadyExists, EntityNotFound, IdentityInputInvalid

# service: (its role's name, the policy that is attached)
SERVICE_ROLES = {
    "ecr.amazonaws.com": ("AWSServiceRoleForECRTemplate", "ECRTemplateServiceRolePolicy"),
    "inspector2.amazonaws.com": ("AWSServiceRoleForAmazonInspector2", "AmazonInspector2ServiceRolePolicy"),
    "pullthroughcache.ecr.amazonaws.com": (
        "AWSServiceRoleForECRPullThroughCache",
        "AWSECRPullThroughCache_ServiceRolePolicy",
    ),
    "replication.ecr.amazonaws.com": ("AWSServiceRoleForECRReplication", "ECRReplicationServiceRolePolicy"),
}


def create(tx: Transaction, caller: Caller, service: str, description: str, role_id: str) -> NamedRole:
    """Make the role of a service, with the policy that it needs: IdentityInputInvalid for a service without one."""
    keys = {"iam:awsservicename": (service,)}
    if service not in SERVICE_ROLES:
        entities.allow_account(caller, "CreateServiceLinkedRole", keys)
        raise IdentityInputInvalid(reason=f"{service} has no service-linked role here.")
    name, policy = SERVICE_ROLES[service]
    draft = Draft(name, role_id, f"{SERVICE_PATH}{service}/", description)
    entities.allow(caller, "CreateServiceLinkedRole", ROLE, name, draft.path, keys)
    accounts.lock(tx, caller.principal.account)
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": [service]}}],
    }
    role = Role(msgspec.json.encode(trust).decode(), DEFAULT_SESSION_SECONDS, service, None, None)
    try:
        made = roles.add(tx, caller, draft, role)
    except EntityAlreadyExists:
        taken = f"Service role name {name} has been taken in this account, please try a different suffix."
        raise IdentityInputInvalid(reason=taken) from None
    for arn, known in all_policies().items():
        if known.name == policy:
            grants.attach(tx, made.entity.id, arn)
    told = {"aWSServiceName": service, "description": description}
    entities.changed(tx, caller, "CreateServiceLinkedRole", told)
    return made


def ensure(tx: Transaction, caller: Caller, service: str, role_id: str) -> None:
    """Make the role of a service unless it is there: AccessDenied unless the caller may."""
    name, _ = SERVICE_ROLES[service]
    if entity_rows.find(tx, caller.principal.account, ROLE.name, name) is None:
        create(tx, caller, service, "", role_id)


def delete(tx: Transaction, caller: Caller, name: str) -> str:
    """Remove the role of a service; the id of the task that did it, which is done when this returns."""
    found = entities.require_locked(tx, caller, "DeleteServiceLinkedRole", ROLE, name)
    role = role_rows.find(tx, found.id)
    if role is None or role.service is None:
        raise EntityNotFound(entity=f"The service-linked role with name {name}")
    for arn in grants.attached(tx, found.id):
        grants.detach(tx, found.id, arn)
    roles.remove(tx, found)
    entities.changed(tx, caller, "DeleteServiceLinkedRole", {"roleName": name})
    return _task(found.account, role.service, name)


def deletion_status(caller: Caller, task: str) -> str:
    """How the removal of a service's role went: it is done when its task has an id. EntityNotFound for no such id."""
    entities.allow_account(caller, "GetServiceLinkedRoleDeletionStatus")
    tasks = {_task(caller.principal.account, service, name) for service, (name, _) in SERVICE_ROLES.items()}
    if task not in tasks:
        raise EntityNotFound(entity=f"The deletion task {task}")
    return "SUCCEEDED"


def _task(account: str, service: str, name: str) -> str:
    path = f"{SERVICE_PATH}{service}/{name}"
    return f"task{path}/{uuid.uuid5(uuid.NAMESPACE_URL, account + path)}"
