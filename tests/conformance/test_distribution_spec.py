"""Both suites of the OCI distribution specification pass whole; a check is skipped only where a reason is listed.

Left at the suite's defaults, which leave them out: sparse manifests (its sparse image lacks layers, and a manifest is
visible here only with its layers; sparse indexes are in tests/behaviour) and tags as parameters of a put (1.2).
"""

import pytest

from tests.behaviour.public import password
from tests.conformance import suites
from tests.conformance.suites import BUILD, Check
from tests.factories.processes import Server

# the rewritten suite's checks that may be skipped: end of the name -> why it does not concern what is built
MAY_SKIP = {
    # a mount without a source would read a blob of repositories that the caller may not read: 202, as specified
    "mount anonymous/blob-mount-anonymous": "an anonymous mount is optional, and would reveal others' blobs",
}
# and the 1.1.0 suite's: these are the halves of alternatives whose other half runs
MAY_SKIP_LEGACY = {
    "Get tag name from environment": "used for registries that cannot be pushed to",
    "Populate registry with test tags (no push)": "used for registries that cannot be pushed to",
    "Cross-mounting of nonexistent blob should yield session id": "for registries that answer a mount with 202",
    "and automatic content discovery enabled should return a 201": "an anonymous mount would reveal others' blobs",
}
FEWEST_CHECKS = 690
FEWEST_LEGACY_CHECKS = 80


def unexpected(checks: list[Check], may_skip: dict[str, str]) -> list[str]:
    return [
        f"{check.status}: {check.name}: {check.said[:300]}"
        for check in checks
        if check.status == "failed"
        or (check.status == "skipped" and not any(check.name.endswith(name) for name in may_skip))
    ]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("transport", ["plain", "tls"])
def test_the_rewritten_suite_passes_whole(request: pytest.FixtureRequest, transport):
    server: Server = request.getfixturevalue("server" if transport == "plain" else "tls_server")
    checks = run_rewritten(server, transport, ("conformance/one", "conformance/two"), server.token())
    assert unexpected(checks, MAY_SKIP) == []
    assert len(checks) >= FEWEST_CHECKS


@pytest.mark.timeout(900)
def test_the_rewritten_suite_passes_whole_in_a_public_registry(server: Server):
    client = server.client("ecr-public")
    made = [
        client.create_repository(repositoryName=name)["repository"] for name in ("conformance/one", "conformance/two")
    ]
    one, two = (repository["repositoryUri"].partition("/")[2] for repository in made)
    checks = run_rewritten(server, "public", (one, two), password(client))
    assert unexpected(checks, MAY_SKIP) == []
    assert len(checks) >= FEWEST_CHECKS


def run_rewritten(server: Server, name: str, repositories: tuple[str, str], password: str) -> list[Check]:
    """The rewritten suite's checks against two repositories."""
    results = BUILD / f"report-{name}"
    one, two = repositories
    variables = {
        "OCI_REGISTRY": server.host,
        "OCI_TLS": "enabled" if server.ca else "disabled",
        "SSL_CERT_FILE": str(server.ca or ""),
        "OCI_REPO1": one,
        "OCI_REPO2": two,
        "OCI_USERNAME": "AWS",
        "OCI_PASSWORD": password,
        "OCI_VERSION": "1.1",
        "OCI_RESULTS_DIR": str(results),
        "OCI_API_BLOBS_DIGEST_HEADER": "true",
        "OCI_API_MANIFESTS_DIGEST_HEADER": "true",
        "OCI_API_BLOBS_UPLOAD_CANCEL": "true",
    }
    return suites.run(suites.rewritten_suite(), variables, results)


@pytest.mark.timeout(900)
def test_the_suite_of_version_1_1_passes_whole(server: Server):
    try:
        program = suites.legacy_suite()
    except suites.Unobtainable as reason:
        pytest.skip(f"the suite of 1.1.0 cannot be had, and {suites.LEGACY_BINARY} does not name it: {reason}")
    results = BUILD / "report-legacy"
    variables = {
        "OCI_ROOT_URL": server.base_url,
        "OCI_NAMESPACE": "legacy/one",
        "OCI_CROSSMOUNT_NAMESPACE": "legacy/two",
        "OCI_AUTOMATIC_CROSSMOUNT": "false",
        "OCI_USERNAME": "AWS",
        "OCI_PASSWORD": server.token(),
        "OCI_TEST_PULL": "1",
        "OCI_TEST_PUSH": "1",
        "OCI_TEST_CONTENT_DISCOVERY": "1",
        "OCI_TEST_CONTENT_MANAGEMENT": "1",
        "OCI_HIDE_SKIPPED_WORKFLOWS": "0",
        "OCI_REPORT_DIR": str(results),
    }
    checks = suites.run(program, variables, results)
    assert unexpected(checks, MAY_SKIP_LEGACY) == []
    assert len(checks) >= FEWEST_LEGACY_CHECKS
