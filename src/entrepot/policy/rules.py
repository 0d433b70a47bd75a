"""What each kind of policy may contain (IAM user guide, "Grammar of the IAM JSON policy language"), and how much.

The sentences are AWS's; what stands behind them in parentheses says where.
"""

import re
from collections import Counter
from typing import Final

from entrepot.policy import conditions
from entrepot.policy.structure import Document, Kind, Listed, Principals, PrincipalType, Statement, Wrong

# characters without white space; the inline policies of one identity together (contract of IAM, "IAM and STS quotas")
LIMITS: Final = {
    Kind.MANAGED: 6_144,
    Kind.BOUNDARY: 6_144,
    Kind.SESSION: 2_048,
    Kind.SERVICE_CONTROL: 5_120,
    Kind.REPOSITORY: 10_240,
    Kind.REGISTRY: 10_240,
    Kind.TRUST: 2_048,
    Kind.KEY: 32_768,
    Kind.EVENT_BUS: 10_240,
}
INLINE_LIMITS: Final = {"user": 2_048, "group": 5_120, "role": 10_240}
WITH_PRINCIPALS: Final = frozenset(
    {Kind.REPOSITORY, Kind.REGISTRY, Kind.TRUST, Kind.KEY, Kind.EVENT_BUS, Kind.RESOURCE}
)
_FREE_SIDS: Final = frozenset({Kind.REPOSITORY, Kind.REGISTRY, Kind.EVENT_BUS, Kind.KEY, Kind.RESOURCE})
_WITHOUT_RESOURCE: Final = frozenset({Kind.REPOSITORY, Kind.TRUST, Kind.RESOURCE})
_SID: Final = re.compile(r"[A-Za-z0-9]*")
_VENDOR: Final = re.compile(r"[A-Za-z0-9.-]+")
_ACTION: Final = re.compile(r"[A-Za-z0-9*?]+")
_PARTITION: Final = re.compile(r"aws(?:-[a-z]+)*|[a-z-]*\*")
_IDENTITY_ARN: Final = (
    r"arn:aws(?:-[a-z]+)*:(?:iam::[0-9]{12}:(?:root|(?:user|role)/[^*?:]+)"
    r"|sts::[0-9]{12}:(?:assumed-role/[^*?:/]+|federated-user)/[^*?:/]+)"
)
_PRINCIPALS: Final[dict[PrincipalType, re.Pattern[str]]] = {
    "AWS": re.compile(rf"[0-9]{{12}}|A(?:IDA|ROA)[A-Z0-9]{{12,124}}|{_IDENTITY_ARN}"),
    "Service": re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+"),
    "Federated": re.compile(
        r"arn:aws(?:-[a-z]+)*:iam::[0-9]{12}:(?:oidc|saml)-provider/[^*?]+|[a-z0-9-]+(?:\.[a-z0-9-]+)+"
    ),
    "CanonicalUser": re.compile(r"[0-9a-f]{64}"),
}


def check(document: Document, kind: Kind) -> None:
    """Refuse what policies of this kind may not contain: Wrong, with AWS's sentence."""
    if kind is Kind.MANAGED and document.version != "2012-10-17":
        raise Wrong("Policy document must be version 2012-10-17 or greater.")
    if kind not in _FREE_SIDS:
        _check_sids(document)
    for statement in document.statements:
        _check_elements(statement, kind)
        _check_actions(statement.action, kind)
        _check_resources(statement.resource)
        if statement.principals is not None:
            _check_principals(statement.principals, statement)
        for condition in statement.conditions:
            conditions.check(condition)


def _check_sids(document: Document) -> None:
    sids = Counter(statement.sid for statement in document.statements if statement.sid)
    for sid, count in sids.items():
        if not _SID.fullmatch(sid):
            raise Wrong(
                "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
                "[0-9A-Za-z]*"
            )
        if count > 1:
            raise Wrong("Statement IDs (SID) in a single policy must be unique.")


def _check_elements(statement: Statement, kind: Kind) -> None:
    if not statement.action.values:
        raise Wrong("Policy statement must contain actions.")
    if statement.principals is not None and kind not in WITH_PRINCIPALS:
        raise Wrong("Policy document should not specify a principal.")
    if statement.principals is None and kind in WITH_PRINCIPALS:
        raise Wrong("Missing required field Principal")
    if statement.resource is not None and kind is Kind.TRUST:
        raise Wrong("Has prohibited field Resource")
    if kind not in _WITHOUT_RESOURCE and (statement.resource is None or not statement.resource.values):
        raise Wrong("Policy statement must contain resources.")


def _check_actions(action: Listed, kind: Kind) -> None:
    for name in action.values:
        vendor, colon, rest = name.partition(":")
        if name != "*" and not colon:
            raise Wrong("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
        if ":" in rest:
            raise Wrong("Actions/Condition can contain only one colon.")
        if name != "*" and not _VENDOR.fullmatch(vendor):
            raise Wrong(f"Vendor {_shown(vendor)} is not valid")
        if name != "*" and not _ACTION.fullmatch(rest):
            raise Wrong(f"Syntax errors in policy. ({_shown(name)} is not an action)")
        _check_vendor(name, vendor.lower(), kind)
    if kind is Kind.TRUST and action.negated:
        raise Wrong("Has prohibited field NotAction")


def _check_vendor(name: str, vendor: str, kind: Kind) -> None:
    """Which services' actions a resource policy may name."""
    if kind is Kind.TRUST and vendor != "sts":
        raise Wrong("AssumeRole policy may only specify STS AssumeRole actions.")
    if kind in {Kind.REPOSITORY, Kind.REGISTRY} and vendor not in {"ecr", "ecr-public", "*"}:
        raise Wrong(f"{_shown(name)} is not an action of the registry")
    if kind is Kind.EVENT_BUS and vendor not in {"events", "*"}:
        raise Wrong(f"{_shown(name)} is not an action of EventBridge")


def _check_resources(resource: Listed | None) -> None:
    for name in resource.values if resource is not None else ():
        if name == "*":
            continue
        parts = name.split(":", 3)
        if parts[0] != "arn" or len(parts) < 2:
            raise Wrong(f'Resource {_shown(name)} must be in ARN format or "*".')
        if not _PARTITION.fullmatch(parts[1]):
            raise Wrong(f'Partition "{_shown(parts[1])}" is not valid for resource "{_shown(name)}".')
        if len(parts) < 3 or not _VENDOR.fullmatch(parts[2]):
            raise Wrong("Resource vendor must be fully qualified and cannot contain regexes.")
        if len(parts) < 4:
            raise Wrong(f"The policy failed legacy parsing ({_shown(name)} is not a whole ARN)")


def _check_principals(principals: Principals, statement: Statement) -> None:
    if principals.negated and statement.effect == "Allow":
        raise Wrong("Allow with NotPrincipal is not allowed.")
    for type_, value in principals.values:
        if not _PRINCIPALS[type_].fullmatch(value):
            raise Wrong(f'Invalid principal in policy: "{type_}":"{_shown(value)}"')


def _shown(text: str) -> str:
    """A text of the document, for a message."""
    return text if len(text) <= 200 else f"{text[:200]}..."
