"""What each operation of ECR and ECR Public does: seen through another one, there after a kill, gone when undone.

The operation is called by a user that may do it and nothing else, and was denied it before.
"""

import pytest

from entrepot.app.services import SERVICES
from tests.effects import (
    both,
    private,
    private_pull_through,
    private_registry,
    private_replication,
    private_signing,
    public,
)
from tests.effects.running import Run
from tests.factories.shown import Shows

ALL = {
    "ecr": (
        *both.cases("ecr"),
        *private.CASES,
        *private_registry.CASES,
        *private_replication.CASES,
        *private_signing.CASES,
        *private_pull_through.CASES,
    ),
    "ecr-public": (*both.cases("ecr-public"), *public.CASES),
}
# a case waits for its operation
CASES = {service: [case for case in cases if case.operation in SERVICES[service]] for service, cases in ALL.items()}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("service", CASES)
def test_every_operation_has_its_effect_for_who_may_and_for_nobody_else(tmp_path, shows: Shows, service: str):
    Run(tmp_path, CASES[service]).check()
    for case in CASES[service]:
        for what in ("effect", "restart", "permission"):
            shows(service, case.operation, what)
        shows(service, case.operation, f"except undone: {case.stays}" if case.stays else "undone")


@pytest.mark.parametrize("service", CASES)
def test_every_operation_that_is_built_has_a_case(service: str):
    assert sorted(case.operation for case in CASES[service]) == sorted(SERVICES[service])
