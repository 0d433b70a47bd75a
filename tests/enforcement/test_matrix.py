"""Every operation and every request of the registry and every kind of caller: the answer that the table of permissions
says, and no other. A caller who is let through may be told of something else that is wrong, never of a denial.
"""

from collections.abc import Callable
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from entrepot.app.services import SERVICES
from entrepot.core.needs import Needs
from entrepot.core.permissions import OCI, OPERATIONS, PUBLIC_REPOSITORY, REPOSITORY
from entrepot.oci.door import ROUTES
from tests.behaviour.sessions import keys_of
from tests.enforcement import inputs
from tests.enforcement.world import (
    ANYTHING,
    NOTHING_HERE,
    TRUST,
    Caller,
    User,
    World,
    document,
    granted,
)

AWS = [(service, operation) for service, table in sorted(OPERATIONS.items()) for operation in sorted(table)]
DOORS = [(service, request) for service, table in sorted(OCI.items()) for request in sorted(table)]
DENIED = {"AccessDeniedException", "AccessDenied"}
NOBODY = {"MissingAuthenticationTokenException", "MissingAuthenticationToken"}
# what temporary credentials of a role can never call, whatever policies say
NOT_BY_SESSIONS = {"GetFederationToken", "GetSessionToken", "ChangePassword"}
UNSIGNED = {"AssumeRoleWithWebIdentity"}  # who calls stands in the identity token
Ask = Callable[[Caller], str]


def asked(world: World, service: str, operation: str) -> Ask:
    """How a caller asks for an operation: the code of the refusal, '' for none."""

    def ask(caller: Caller) -> str:
        client = caller.client(service)
        given = inputs.of(world, service, operation, client)
        try:
            getattr(client, xform_name(operation))(**given)
        except ClientError as refused:
            return str(refused.response["Error"]["Code"])
        return ""

    return ask


def requested(world: World, service: str, request: str) -> Ask:
    """How a caller sends a request to a registry: the status of the refusal, '' for none."""
    method, noun = request.split(" ")
    prefix = world.public_prefix if service == "ecr-public" else ""
    digest = world.image.config.digest
    place = f"/v2/{prefix}{world.names['repository']}"
    path = {
        "ping": "/v2/",
        "catalog": "/v2/_catalog",
        "tags": f"{place}/tags/list",
        "manifests": f"{place}/manifests/{'absent' if method == 'DELETE' else 'v1'}",
        "referrers": f"{place}/referrers/{world.image.digest}",
        "blobs": f"{place}/blobs/{digest}",
        "uploads": f"{place}/blobs/uploads/",
        "upload": f"{place}/blobs/uploads/{world.upload}",
    }[noun]
    path = f"{path}?digest={digest}" if request == "PUT upload" else path

    def ask(caller: Caller) -> str:
        body = b"{}" if method in {"PUT", "POST", "PATCH"} else None
        status = caller.registry(service).request(method, path, body).status
        return str(status) if status in {401, 403} else ""

    return ask


@pytest.fixture(scope="session")
def none(world: World) -> User:
    return world.user()


@pytest.fixture(scope="session")
def full(world: World) -> User:
    return world.user(ANYTHING)


@pytest.fixture(scope="session")
def exact(world: World) -> User:
    return world.user()


@pytest.fixture(scope="session")
def bounded(world: World) -> User:
    made = world.user(ANYTHING)
    policy = world.iam.create_policy(PolicyName="bound", PolicyDocument=document(NOTHING_HERE))["Policy"]["Arn"]
    world.iam.put_user_permissions_boundary(UserName=made.name, PermissionsBoundary=policy)
    return made


@pytest.fixture(scope="session")
def stranger(world: World) -> User:
    return world.user(ANYTHING, theirs=True)


@pytest.fixture(scope="session")
def role(world: World) -> str:
    """A role that may do everything, for sessions that may do less."""
    made = world.iam.create_role(RoleName="sessions", AssumeRolePolicyDocument=document(TRUST))["Role"]
    world.iam.put_role_policy(RoleName="sessions", PolicyName="p", PolicyDocument=document(ANYTHING))
    return str(made["Arn"])


def session(world: World, full: User, role: str, *statements: dict[str, Any]) -> Caller:
    """A session of the role with a session policy."""
    answer = full.client("sts").assume_role(RoleArn=role, RoleSessionName="session", Policy=document(*statements))
    return Caller(world.server, keys_of(answer))


@pytest.fixture(scope="session")
def limited(world: World, full: User, role: str) -> Caller:
    tokens = [
        {"Effect": "Allow", "Action": f"{service}:GetAuthorizationToken", "Resource": "*"}
        for service in ("ecr", "ecr-public")
    ]
    bearer = {"Effect": "Allow", "Action": "sts:GetServiceBearerToken", "Resource": "*"}
    made = session(world, full, role, *tokens, bearer)
    made.log_in()
    return made


def always(needs: tuple[Needs, ...]) -> list[Needs]:
    """What is needed for the inputs of these tests: repositories are named, tags are not given."""
    of_these = {"", "repositories are named", "it is to be listed", "otherwise"}
    return [each for each in needs if each.when in of_these]


def test_the_table_is_total_over_both_doors():
    assert {service: set(table) for service, table in OPERATIONS.items()} == {
        service: set(operations) for service, operations in SERVICES.items()
    }
    for table in OCI.values():
        assert set(table) == {f"{method} {noun}" for method, noun in ROUTES}


@pytest.mark.parametrize(("service", "operation"), AWS)
def test_an_operation_needs_what_the_table_says(
    world: World, full: User, exact: User, none: User, bounded: User, service: str, operation: str
):
    needs, ask = always(OPERATIONS[service][operation]), asked(world, service, operation)
    assert (ask(world.nobody) in NOBODY) is (operation not in UNSIGNED)
    assert ask(full) not in DENIED
    if not needs:
        assert ask(none) not in DENIED
        assert ask(bounded) not in DENIED
        return
    assert ask(none) in DENIED
    assert ask(bounded) in DENIED
    exact.put(*world.allows(operation, needs))
    assert ask(exact) not in DENIED
    for each in needs:
        exact.put(ANYTHING, {"Effect": "Deny", "Action": each.action, "Resource": world.filled(each, operation)})
        assert ask(exact) in DENIED


@pytest.mark.parametrize(("service", "operation"), AWS)
def test_a_session_policy_limits_an_operation(
    world: World, full: User, role: str, limited: Caller, service: str, operation: str
):
    needs, ask = always(OPERATIONS[service][operation]), asked(world, service, operation)
    if operation in NOT_BY_SESSIONS:
        assert ask(limited) != ""
    elif operation == "GetAuthorizationToken" or not needs:
        assert ask(limited) not in DENIED
    else:
        assert ask(limited) in DENIED
        assert ask(session(world, full, role, *world.allows(operation, needs))) not in DENIED


@pytest.mark.parametrize(("service", "operation"), [pair for pair in AWS if pair[0].startswith("ecr")])
def test_another_account_needs_a_grant_for_an_operation_on_what_it_names(
    world: World, stranger: User, service: str, operation: str
):
    given = inputs.of(world, service, operation, stranger.client(service))
    if not {"registryId", "resourceArn"} & set(given):
        return  # it can name nothing of another account
    needs, ask = always(OPERATIONS[service][operation]), asked(world, service, operation)
    assert ask(stranger) in DENIED
    with granted(world, service, [each.action for each in needs]):
        on_repositories = {each.on for each in needs} <= {REPOSITORY, PUBLIC_REPOSITORY}
        described = operation == "DescribeRegistry"
        assert (ask(stranger) not in DENIED) is (on_repositories or described)


@pytest.mark.parametrize(("service", "request_"), DOORS)
def test_a_request_needs_what_the_table_says(
    world: World,
    full: User,
    exact: User,
    none: User,
    bounded: User,
    limited: Caller,
    stranger: User,
    service: str,
    request_: str,
):
    needs, ask = OCI[service][request_], requested(world, service, request_)
    callers = (full, none, bounded, limited, stranger)
    if not needs:
        assert [ask(caller) for caller in callers] == [""] * 5
        assert ask(world.nobody) == ("401" if request_.endswith("ping") else "")
        return
    assert ask(world.nobody) == "401"
    if service == "ecr-public" and request_ == "GET catalog":
        return  # there is no catalog of public registries: a path below public.ecr is always that of a repository
    assert ask(full) == ""
    assert [ask(caller) for caller in (none, bounded, limited, stranger)] == ["403"] * 4
    exact.put(*world.allows(request_, needs))
    assert ask(exact) == ""
    on = "*" if request_ == "GET catalog" else world.filled(needs[0], request_)  # it lists whatever else there is
    exact.put(ANYTHING, {"Effect": "Deny", "Action": needs[0].action, "Resource": on})
    assert ask(exact) == "403"
    with granted(world, service, [needs[0].action]):
        assert ask(stranger) == ""
        assert ask(none) == "403"
