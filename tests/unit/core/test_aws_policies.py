"""AWS's own policies: those that registries have to do with are there, each a policy, each with its source and date."""

import re
from datetime import date

import pytest

from entrepot.core.aws_policies import AwsPolicy, all_policies
from entrepot.core.service_roles import SERVICE_ROLES
from entrepot.policy import document
from entrepot.policy.structure import Kind

NAMES = [
    *(f"AmazonEC2ContainerRegistry{what}" for what in ("FullAccess", "PowerUser", "PullOnly", "ReadOnly")),
    *(f"AmazonElasticContainerRegistryPublic{what}" for what in ("FullAccess", "PowerUser", "ReadOnly")),
    *("AdministratorAccess", "AmazonEKSWorkerNodePolicy", "AmazonInspector2FullAccess", "IAMFullAccess"),
    *("ReadOnlyAccess", "service-role/AmazonECSTaskExecutionRolePolicy"),
]


@pytest.mark.parametrize("name", NAMES)
def test_the_policies_of_registries_have_their_own_arns(name: str):
    assert f"arn:aws:iam::aws:policy/{name}" in all_policies()


@pytest.mark.parametrize("policy", all_policies().values(), ids=lambda policy: policy.name)
def test_each_is_a_policy_and_says_where_it_is_from(policy: AwsPolicy):
    assert document.parse(policy.text, Kind.MANAGED).statements
    assert re.fullmatch(rf"https://docs\.aws\.amazon\.com/aws-managed-policy/.*/{policy.name}\.html", policy.source)
    assert date.fromisoformat(policy.retrieved) >= policy.updated.date()
    assert policy.created <= policy.updated
    assert re.fullmatch("ANPA[A-Z2-7]{17}", policy.id)


def test_no_two_have_one_id():
    assert len({policy.id for policy in all_policies().values()}) == len(all_policies())


@pytest.mark.parametrize("service", SERVICE_ROLES)
def test_the_policy_of_each_service_role_is_there(service: str):
    assert f"arn:aws:iam::aws:policy/aws-service-role/{SERVICE_ROLES[service][1]}" in all_policies()
