"""Who acts in the pull-through cache when nobody's permission is meant: the service itself, by its service-linked role;
and the role that a rule names, at a registry of this deployment (ECR user guide, "Amazon ECR service-linked role for
pull through cache").
"""

import uuid
from datetime import datetime, timedelta

from entrepot.core.access import Caller
from entrepot.core.events import passed_roles
from entrepot.core.principals import Principal
from entrepot.core.pull_through.rules import SERVICE, Rule
from entrepot.core.rights import Rights, rights_of
from entrepot.core.stored_policies import compiled
from entrepot.db.database import Transaction
from entrepot.errors import UpstreamLoginUnusable
from entrepot.policy.evaluation import Policies
from entrepot.seal.sessions import Session

_ROLE = "AWSServiceRoleForECRPullThroughCache"
SESSION = "ecr-pullthroughcache"
_LASTS = timedelta(hours=1)
# AWS's policy of that role, said of one account by ARNs in the place of `aws:ResourceAccount`
_POLICY = """{{"Version": "2012-10-17", "Statement": [
{{"Effect": "Allow", "Resource": "arn:aws:ecr:*:{account}:repository/*", "Action": [
"ecr:BatchCheckLayerAvailability", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload",
"ecr:PutImage", "ecr:BatchGetImage", "ecr:BatchImportUpstreamImage", "ecr:GetDownloadUrlForLayer"]}},
{{"Effect": "Allow", "Resource": "arn:aws:secretsmanager:*:{account}:secret:ecr-pullthroughcache/*",
"Action": "secretsmanager:GetSecretValue"}},
{{"Effect": "Allow", "Resource": "arn:aws:kms:*:{account}:key/*", "Action": "kms:Decrypt"}}]}}"""


def itself(account: str, region: str, at: datetime) -> Caller:
    """The service, in an account that has a rule; each caller is a request of its own."""
    arn = f"arn:aws:sts::{account}:assumed-role/{_ROLE}/{SESSION}"
    behind = f"arn:aws:iam::{account}:role/aws-service-role/{SERVICE}/{_ROLE}"
    principal = Principal(
        account, "role session", _ROLE, arn, "", 0, behind=behind, session=_session(account, _ROLE, at)
    )
    policy = compiled(behind, _POLICY.format(account=account))
    return _caller(principal, Rights(principal.subject(), Policies(identity=(policy,))), region, at)


def role_of(tx: Transaction, rule: Rule, region: str, at: datetime) -> Caller:
    """A session of the role that a rule names: UpstreamLoginUnusable unless it is there and trusts the service."""
    arn, account = rule.custom_role_arn, rule.registry.account
    source = f"arn:aws:ecr:{rule.registry.region}:{account}:repository/*"
    found = passed_roles.find(tx, arn)
    if found is None or not passed_roles.trusted(tx, account, arn, source, SERVICE):
        reason = f"the role {arn} does not exist, or does not trust {SERVICE}"
        raise UpstreamLoginUnusable(url=rule.upstream_url, reason=reason)
    session = f"arn:aws:sts::{account}:assumed-role/{found.name}/{SESSION}"
    own = _session(account, found.id, at)
    principal = Principal(account, "role session", found.id, session, "", 0, behind=arn, session=own)
    return _caller(principal, rights_of(tx, principal.subject(), found.id), region, at)


def _session(account: str, role_id: str, at: datetime) -> Session:
    """One that begins with the call, and that nobody has a key of."""
    return Session(
        kind="role", account=account, owner_id=role_id, key_id="", issued_at=at, expires_at=at + _LASTS, name=SESSION
    )


def _caller(principal: Principal, rights: Rights, region: str, at: datetime) -> Caller:
    request_id = str(uuid.uuid4())
    return Caller(principal, rights, region, "", SERVICE, request_id, secure=True, door="worker", at=at)
