"""The custom roles of creation templates, which ECR assumes to create repositories: passed by who may pass them,
trusting ecr.amazonaws.com (ECR user guide, "IAM role for repository creation templates").
"""

from collections.abc import Mapping

from entrepot.core import access, lookup
from entrepot.core.access import Caller
from entrepot.core.events import passed_roles
from entrepot.core.rights import Rights, rights_of
from entrepot.db.database import Transaction
from entrepot.db.templates import Template
from entrepot.errors import TemplateRoleUnusable
from entrepot.policy.principals import Principal
from entrepot.spec.repository import RepositoryKey

_SERVICE = "ecr.amazonaws.com"
_SESSION = "ECRTemplate"


def allow_role(tx: Transaction, caller: Caller, role_arn: str) -> None:
    """AccessDenied unless the caller may pass this role, which need not exist, to ECR."""
    passed_roles.allow(tx, caller, role_arn, _SERVICE)


def require_role(
    tx: Transaction, key: RepositoryKey, template: Template, tags: Mapping[str, tuple[str, ...]]
) -> Rights:
    """The rights of the template's role: TemplateRoleUnusable unless it is there and trusts ECR, AccessDenied (of its
    session) unless it may create a repository of this name with these tags.
    """
    arn = template.custom_role_arn
    found = passed_roles.find(tx, arn)
    if found is None or not passed_roles.trusted(tx, key.registry.account, arn, key.arn, _SERVICE):
        raise TemplateRoleUnusable(name=key.name, prefix=template.prefix, role=arn)
    session = f"arn:aws:sts::{found.account}:assumed-role/{found.name}/{_SESSION}"
    subject = Principal(found.account, "role session", session, found.id, behind=arn, session=_SESSION)
    rights, acted_upon = rights_of(tx, subject, found.id), lookup.resource(tx, key, None)
    for action in ("CreateRepository", "TagResource") if template.resource_tags else ("CreateRepository",):
        access.authorize(rights, f"ecr:{action}", acted_upon, tags)
    return rights
