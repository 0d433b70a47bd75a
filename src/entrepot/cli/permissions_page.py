"""Writes docs/permissions.md from the table of permissions (`make docs`)."""

import sys
from collections.abc import Iterator

from entrepot.core.needs import Needs, Table
from entrepot.core.permissions import OCI, OPERATIONS

_HEAD = """# Permissions

This page is made from the table of permissions (`src/entrepot/core/permissions.py`) by `make docs`; tests hold the
server to it.

Each request needs the actions that stand beside it, on the resource named, from identity policies or, for repositories,
from the repository's or registry's policy (docs/access.md). The condition keys are those that a request has beside the
ones of every request: `aws:CurrentTime`, `aws:EpochTime`, `aws:PrincipalAccount`, `aws:PrincipalArn`,
`aws:PrincipalTag/{key}`, `aws:PrincipalType`, `aws:RequestedRegion`, `aws:SecureTransport`, `aws:SourceIp`,
`aws:UserAgent`, `aws:userid`, `aws:username`; of sessions also `aws:TokenIssueTime`, `aws:MultiFactorAuthPresent`,
`aws:MultiFactorAuthAge`, `aws:SourceIdentity`, `aws:FederatedProvider`.

`ecr:ImageTag` and `ecr:ImageDigest` are this server's own: the tag and digest that a request names. A request by digest
is asked once for each tag that the image carries, so that a policy which protects a tag protects its image.
"""
_TITLES = {
    "cloudtrail": "CloudTrail",
    "cloudwatch": "CloudWatch",
    "ecr": "Amazon ECR",
    "ecr-public": "Amazon ECR Public",
    "entrepot": "Entrepot's own",
    "events": "Amazon EventBridge",
    "iam": "IAM",
    "inspector2": "Amazon Inspector",
    "kms": "AWS KMS",
    "secretsmanager": "AWS Secrets Manager",
    "signer": "AWS Signer",
    "sts": "STS",
}


def page() -> str:
    """The page's text."""
    return _HEAD + "".join(_sections())


def _sections() -> Iterator[str]:
    yield "\n## Private registries, over OCI\n" + _rows(OCI["ecr"])
    yield "\n## Public registries, over OCI\nReading needs nothing.\n" + _rows(OCI["ecr-public"])
    for service, table in OPERATIONS.items():
        yield f"\n## {_TITLES[service]}\n" + _rows(table)


def _rows(table: Table) -> str:
    lines = ["| request | actions | resource | condition keys |", "|---|---|---|---|"]
    for request, needs in sorted(table.items()):
        lines += [_row(request, each) for each in needs] or [f"| {request} | none | | |"]
    return "\n" + "\n".join(lines) + "\n"


def _row(request: str, needs: Needs) -> str:
    action = f"`{needs.action}`" + (f", when {needs.when}" if needs.when else "")
    return f"| {request} | {action} | `{needs.on}` | {', '.join(f'`{key}`' for key in needs.keys)} |"


if __name__ == "__main__":
    sys.stdout.write(page())
