"""What rules of the pull-through cache need (Service Authorization Reference, Amazon ECR): a part of core/permissions.
What an upstream is asked with, who names it in a rule must be allowed to use.
"""

from collections.abc import Iterator

from entrepot.core import secrets_permissions as secrets
from entrepot.core.needs import ANY, RESOURCE_TAG, Needs

_ROLE = "arn:aws:iam::{account}:role/{role}"
_PASSED = ("iam:PassedToService", RESOURCE_TAG, "iam:ResourceTag/{key}")


def table() -> Iterator[tuple[str, tuple[Needs, ...]]]:
    """What each operation needs."""
    for verb in ("Create", "Update"):
        name = f"{verb}PullThroughCacheRule"
        yield (
            name,
            (
                Needs(f"ecr:{name}", ANY),
                Needs("secretsmanager:GetSecretValue", secrets.ARN, secrets.ON_SECRETS, "a secret is given"),
                Needs("iam:PassRole", _ROLE, _PASSED, "a role is given"),
            ),
        )
    for name in ("DeletePullThroughCacheRule", "DescribePullThroughCacheRules", "ValidatePullThroughCacheRule"):
        yield name, (Needs(f"ecr:{name}", ANY),)
