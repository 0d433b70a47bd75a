"""Each documented error of each operation that is built: provoked, and told by its code; or why it is not."""

from collections.abc import Iterator
from functools import partial

import pytest

from entrepot.app.services import SERVICES
from entrepot.aws.protocol import models
from entrepot.aws.protocol.models import ROUTES
from tests.effects.refusals import ANY, NOT_PROVOKED, NOT_YET, PROVOKED
from tests.effects.refusing import Ground, furnish, told
from tests.factories.processes import serve
from tests.factories.shown import Shows

# faults of the server, which tests of faults provoke below the API
LEFT_OUT = {"ServerException"}
MODELS = {route.name: models.load(route.name, route.version) for route in ROUTES if route.name in NOT_PROVOKED}


def listed(service: str) -> list[tuple[str, str]]:
    """(operation, code) of all errors that the model lists for what is built."""
    built = sorted(SERVICES[service])
    return [(name, code) for name in built for code in sorted(MODELS[service].errors(name) - LEFT_OUT)]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    settings = {"ENTREPOT_REGIONS": "us-east-1,eu-west-1"}
    with serve(tmp_path_factory.mktemp("errors"), environment=settings, extra=("--role", "api")) as server:
        yield furnish(server)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", NOT_PROVOKED)
def test_every_documented_error_is_told_by_its_code(ground: Ground, shows: Shows, service: str):
    wrong = {}
    for operation, code in listed(service):
        if (service, operation, code) in NOT_YET:
            continue
        if (operation, code) in NOT_PROVOKED[service]:
            shows(service, operation, f"except {code}: {NOT_PROVOKED[service][operation, code]}")
            continue
        found, message = told(partial(provoke, ground, service, operation, code))
        shows(service, operation, f"error {code}")
        if found != code or not message:
            wrong[operation, code] = (found, message)
    assert wrong == {}


def provoke(ground: Ground, service: str, operation: str, code: str) -> None:
    """Bring about the error."""
    if (operation, code) in PROVOKED:
        PROVOKED[operation, code](ground, service)
    else:
        ANY[code](ground, service, operation)


def test_what_is_provoked_or_not_is_listed_by_a_model():
    for service, reasons in NOT_PROVOKED.items():
        assert [pair for pair in reasons if pair not in listed(service)] == []
    assert [pair for pair in PROVOKED if not any(pair in listed(service) for service in NOT_PROVOKED)] == []
    assert [pair for pair in PROVOKED if all(pair in NOT_PROVOKED[service] for service in NOT_PROVOKED)] == []
