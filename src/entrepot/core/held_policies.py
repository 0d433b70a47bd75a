"""The texts of the policies that have a say about a principal of an account: those it holds, and those above it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from entrepot.core.aws_policies import all_policies
from entrepot.db import entities, grants, managed_policies, password_policies, service_control
from entrepot.db.database import Reader
from entrepot.db.identity_records import Entity
from entrepot.policy.principals import Principal

SERVICE_PATH = "/aws-service-role/"  # of the roles that services make for themselves
_OWN_PASSWORDS = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", '
    '"Action": ["iam:ChangePassword", "iam:GetAccountPasswordPolicy"]}]}'
)
# what stands for a boundary that is gone: it allows nothing
NOTHING = '{"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}'
_ARN = re.compile(r"arn:aws:iam::([0-9]{12}):policy/(?:[!-~]+/)?([\w+=,.@-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Held:
    """A policy of a user, group or role: its own under its name, or one that is attached under its ARN."""

    name: str
    text: str
    attached: bool


def of(reader: Reader, account: str, entity_id: str) -> Iterator[Held]:
    """The policies of a user, group or role, by name, then by ARN."""
    for name, text in grants.inline(reader, entity_id):
        yield Held(name, text, attached=False)
    for arn in grants.attached(reader, entity_id):
        found = managed(reader, account, arn)
        if found is not None:
            yield Held(arn, found, attached=True)


def of_account(reader: Reader, holder: Entity) -> Iterator[Held]:
    """What every user of an account holds, whose password policy lets users change their own passwords."""
    if holder.kind == "user":
        policy = password_policies.find(reader, holder.account)
        if policy is not None and policy.users_may_change:
            yield Held("AccountPasswordPolicy", _OWN_PASSWORDS, attached=False)


def managed(reader: Reader, account: str, arn: str) -> str | None:
    """The version in force of a managed policy of the account or of AWS."""
    if arn in all_policies():
        return all_policies()[arn].text
    named = _ARN.fullmatch(arn)
    if named is None or named[1] != account:
        return None
    found = entities.find(reader, account, "policy", named[2])
    return None if found is None else managed_policies.text_in_force(reader, found.id)


def above(reader: Reader, subject: Principal) -> tuple[tuple[str, str], ...]:
    """(name, text) of the service control policies over a principal, () where its account has none. A service-linked
    role, which only its service can assume, has none over it.
    """
    if subject.behind.startswith(f"arn:aws:iam::{subject.account}:role{SERVICE_PATH}"):
        return ()
    return tuple((each.name, each.document) for each in service_control.list_of(reader, subject.account))
