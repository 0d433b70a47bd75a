"""Simulation agrees with enforcement: random policies in the rows of an account, random requests of its principals."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from entrepot.core import simulation
from entrepot.core.entities import Draft
from entrepot.core.resources import Resource
from entrepot.core.rights import rights_of
from entrepot.core.simulation import Given
from entrepot.db import entities, grants, managed_policies, service_control
from entrepot.db.database import Transaction
from entrepot.db.identity_records import Version
from entrepot.policy import positions
from entrepot.policy.compiled import Policy
from entrepot.policy.document import parse
from entrepot.policy.evaluation import context
from entrepot.policy.principals import Principal
from entrepot.policy.simulation import Verdict
from entrepot.policy.structure import Kind
from tests.factories import random_policies as make
from tests.factories.callers import ACCOUNT
from tests.factories.core_database import CoreDatabase
from tests.factories.identity_cases import DOCUMENT, TRUST, work
from tests.factories.policies import text

NOW = datetime(2026, 1, 1, tzinfo=UTC)
USER = Principal(ACCOUNT, "user", f"arn:aws:iam::{ACCOUNT}:user/staff/alice", "AIDAALICEALICEALICE12")
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/ci/build"
ROLE = Principal(ACCOUNT, "role session", ROLE_ARN, "AROABUILDBUILDBUILD12", ROLE_ARN)
GROUP, BOUND = "AGPAGROUPGROUPGROUP12", f"arn:aws:iam::{ACCOUNT}:policy/bound"
REPOSITORY = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/team/app"
THEIRS = REPOSITORY.replace(ACCOUNT, "444455556666")
VERDICTS: dict[str, Verdict] = {"allowed": "allowed", "denied": "explicitDeny", "not allowed": "implicitDeny"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CoreDatabase]:
    core = CoreDatabase(tmp_path_factory.mktemp("simulation"))
    for name, arguments in (
        ("groups.create", (Draft("devs", GROUP),)),
        ("managed_policies.create", (Draft("bound", "ANPABOUND"), DOCUMENT)),
        ("users.create", (Draft("alice", USER.id, path="/staff/"),)),
        ("roles.create", (Draft("build", ROLE.id, path="/ci/"), TRUST, 3600)),
        ("groups.add_user", ("devs", "alice")),
    ):
        core.write(work(name), *arguments)
    yield core
    core.close()


class Undo(Exception):
    """Raised with what was found, so that the rows of one example are gone before the next."""


def furnished(tx: Transaction, subject: Principal, trees: make.Tree, tags: list[tuple[str, str]]) -> None:
    """Let the rows of the account say what the trees do: of a user every other policy is its group's."""
    for number, tree in enumerate(trees["identity"]):
        holder = GROUP if number % 2 == 0 and subject is USER else subject.id
        grants.put_inline(tx, holder, f"p{number}", text(*tree))
    if trees["boundary"] is not None:
        (version,) = managed_policies.versions(tx, "ANPABOUND")
        managed_policies.remove_version(tx, "ANPABOUND", version.number)
        replaced = Version(version.number, text(*trees["boundary"]), NOW)
        managed_policies.add_version(tx, "ANPABOUND", replaced)
        entities.bound(tx, subject.id, BOUND)
    for number, tree in enumerate(tree for level in trees["service_control"][:1] for tree in level):
        service_control.put(tx, ACCOUNT, f"p{number}", text(*tree), NOW)
    for key, value in tags:
        entities.put_tag(tx, subject.id, key, value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from((USER, ROLE)),
    make.policy_sets(),
    st.sampled_from(("ecr:BatchGetImage", "ecr:PutImage")),
    st.sampled_from((REPOSITORY, REPOSITORY, THEIRS)),
    make.contexts(),
    st.sampled_from(([], [("team", "team")], [("Team", "other")])),
)
def test_simulation_agrees_with_enforcement(
    house: CoreDatabase,
    subject: Principal,
    trees: make.Tree,
    action: str,
    resource: str,
    keys: dict[str, Any],
    tags: list[tuple[str, str]],
):
    asked = {key: value for key, value in context(keys).items() if not key.startswith("aws:principaltag/")}
    documents = [text(*tree) for tree in trees["resource"][:1]]
    given_ = Given((), resource=documents[0] if documents else None, keys=asked)

    def both(tx: Transaction, caller: Any) -> None:
        furnished(tx, subject, trees, tags)
        (outcome,) = simulation.of_principal(tx, caller, subject.behind or subject.arn, given_, [(action, resource)])
        policies = tuple(Policy("r", parse(each, Kind.RESOURCE)) for each in documents)
        enforced = rights_of(tx, subject).decide(
            action, Resource(resource.split(":")[4], resource, "ecr", policies=policies), asked
        )
        raise Undo(outcome.simulated, enforced)

    with pytest.raises(Undo) as found:
        house.write(both)
    simulated, enforced = found.value.args
    assert simulated.verdict == VERDICTS[enforced.reason.cause]
    assert (simulated.decision.reason.cause, simulated.decision.reason.kind) == (
        enforced.reason.cause,
        enforced.reason.kind,
    )
    assert bool(simulated.matched) <= (simulated.verdict != "implicitDeny")


@given(make.documents(), st.sampled_from((None, 0, 1, 4)))
def test_a_statement_stands_where_its_position_says(statements: list[make.Tree], indent: int | None):
    written = json.dumps({"Version": "2012-10-17", "Statement": statements, "Id": "x"}, indent=indent)
    lines = written.split("\n")
    from_, to = zip(*positions.statements(written), strict=True)
    for tree, start, end in zip(statements, from_, to, strict=True):
        first = sum(len(line) + 1 for line in lines[: start.line - 1]) + start.column - 2
        last = sum(len(line) + 1 for line in lines[: end.line - 1]) + end.column - 1
        assert json.loads(written[first:last]) == tree
