"""A server that trusts the authority of one provider, registered in its default account; roles for each test."""

from collections.abc import Iterator

import pytest

from tests.behaviour.identities import Iam
from tests.clients.conftest import engine
from tests.factories.issuers import Issuer, issuer
from tests.factories.processes import Server, serve
from tests.factories.reports import pytest_runtest_makereport
from tests.federation.parties import Federation, register

__all__ = ["engine", "pytest_runtest_makereport"]


@pytest.fixture(scope="session")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    with issuer(tmp_path_factory.mktemp("provider"), "/team") as made:
        yield made


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, provider: Issuer) -> Iterator[Server]:
    environment = {
        "ENTREPOT_OUTBOUND_ALLOW": "localhost",
        "ENTREPOT_OUTBOUND_CA": str(provider.origin.authority),
        "ENTREPOT_WORKERS": "2",
    }
    with serve(tmp_path_factory.mktemp("federation"), environment=environment) as running:
        register(running, provider)
        yield running


@pytest.fixture(scope="session")
def federation(server: Server, provider: Issuer) -> Federation:
    return Federation(server, provider, Iam(server))
