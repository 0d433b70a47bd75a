"""Each documented error of each operation that is built: provoked, and told by its code; or why it is not."""

from collections.abc import Iterator
from functools import partial

import pytest

from entrepot.app.services import SERVICES
from entrepot.aws.protocol import models
from entrepot.aws.protocol.models import ROUTES
from tests.effects.refusals import ANY, NOT_PROVOKED, PROVOKED
from tests.effects.refusing import Ground, furnish, told
from tests.effects.replication_refusals import REGIONS
from tests.factories.processes import serve
from tests.factories.shown import Shows

# faults of the server, which tests of faults provoke below the API
LEFT_OUT = {"ServerException"}
MODELS = {route.name: models.load(route.name, route.version) for route in ROUTES if route.name in NOT_PROVOKED}


def codes(service: str, operation: str) -> list[str]:
    """The errors that the model lists for an operation."""
    return sorted(MODELS[service].errors(operation) - LEFT_OUT)


def listed(service: str) -> list[tuple[str, str]]:
    """(operation, code) of all errors that the model lists for what is built."""
    built = sorted(SERVICES[service])
    return [(name, code) for name in built for code in codes(service, name)]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    settings = {"ENTREPOT_REGIONS": ",".join(REGIONS)}
    with serve(tmp_path_factory.mktemp("errors"), environment=settings, extra=("--role", "api")) as server:
        yield furnish(server)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("service", NOT_PROVOKED)
def test_every_documented_error_is_told_by_its_code(ground: Ground, shows: Shows, service: str):
    wrong = {}
    for operation, code in listed(service):
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
    known = {
        service: {(name, code) for name in MODELS[service].operations for code in codes(service, name)}
        for service in MODELS
    }
    for service, reasons in NOT_PROVOKED.items():
        assert [pair for pair in reasons if pair not in known[service]] == []
    assert [pair for pair in PROVOKED if not any(pair in known[service] for service in NOT_PROVOKED)] == []
    assert [pair for pair in PROVOKED if all(pair in NOT_PROVOKED[service] for service in NOT_PROVOKED)] == []
