"""Principals, policies and requests for tests of the policy engine."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from entrepot.policy.compiled import Policy
from entrepot.policy.document import parse
from entrepot.policy.evaluation import Request, context
from entrepot.policy.principals import Principal
from entrepot.policy.structure import Kind

ACCOUNT, OTHER = "111122223333", "444455556666"
REPOSITORY = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/app"
PULL = "ecr:BatchGetImage"

ROOT = Principal(ACCOUNT, "root", f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT)
ALICE = Principal(ACCOUNT, "user", f"arn:aws:iam::{ACCOUNT}:user/staff/alice", "AIDAALICEALICEALICE12")
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/build"
SESSION = Principal(
    ACCOUNT, "role session", f"arn:aws:sts::{ACCOUNT}:assumed-role/build/run-7", "AROABUILDBUILDBUILD12", ROLE, "run-7"
)
FEDERATED = Principal(
    ACCOUNT, "federated user", f"arn:aws:sts::{ACCOUNT}:federated-user/fred", ACCOUNT, ALICE.arn, "fred"
)
SERVICE = Principal("", "service", "lambda.amazonaws.com")
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.example.com"
WEB_IDENTITY = Principal("", "web identity", PROVIDER, provider=PROVIDER)
ANONYMOUS = Principal("", "anonymous", "anonymous")


def in_account(principal: Principal, account: str) -> Principal:
    """The same principal in another account."""
    return Principal(
        account,
        principal.kind,
        principal.arn.replace(ACCOUNT, account),
        principal.id.replace(ACCOUNT, account),
        principal.behind.replace(ACCOUNT, account),
        principal.session,
    )


def statement(effect: str = "Allow", action: Any = "*", resource: Any = "*", **elements: Any) -> dict[str, Any]:
    """A statement as JSON has it; `resource=None` leaves the element out."""
    tree = {"Effect": effect, "Action": action, **elements}
    return tree if resource is None else {**tree, "Resource": resource}


def text(*statements: Mapping[str, Any], version: str | None = "2012-10-17", **elements: Any) -> str:
    """A document."""
    head = {} if version is None else {"Version": version}
    return json.dumps({**head, **elements, "Statement": list(statements)})


def policy(
    *statements: Mapping[str, Any], kind: Kind = Kind.IDENTITY, name: str = "p", version: str = "2012-10-17"
) -> Policy:
    """A compiled policy of these statements."""
    return Policy(name, parse(text(*statements, version=version), kind))


def repository_policy(*statements: Mapping[str, Any], kind: Kind = Kind.REPOSITORY) -> Policy:
    """A compiled repository policy, or another resource policy."""
    return policy(*statements, kind=kind, name=f"{kind} policy")


def request(
    principal: Principal = ALICE,
    action: str = PULL,
    resource: str = REPOSITORY,
    account: str = ACCOUNT,
    keys: Mapping[str, str | Iterable[str]] | None = None,
) -> Request:
    """A request; the keys that follow from the principal are there too."""
    return Request(principal, action, resource, account, {**principal.context(), **context(keys or {})})
