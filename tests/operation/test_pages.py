"""/healthz, /readyz and /metrics, and what is in the log."""

import json
import re
from base64 import b64encode

import pytest
import urllib3

from tests.factories.layouts import image
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait

# loopback proxies may say who the client is: the way to be another address without a second machine
BEHIND_A_PROXY = ("--workers", "2", "--trusted-proxies", "127.0.0.1", "--metrics-allow", "198.51.100.0/24")
FAR = "203.0.113.9"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with serve(tmp_path_factory.mktemp("pages"), extra=BEHIND_A_PROXY) as running:
        yield running


def ask(server: Server, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
    return Registry(server, "").request("GET", path, None, **headers)


def test_a_server_is_alive_and_ready(server):
    assert ask(server, "/healthz").data == b"ok\n"
    assert json.loads(ask(server, "/readyz").data) == {"ready": True}


@pytest.mark.parametrize("lost", [".", "blobs", "uploads"])
def test_without_its_data_a_server_is_alive_but_not_ready_and_says_why(tmp_path, lost):
    with serve(tmp_path, extra=("--workers", "1")) as server:
        assert ask(server, "/readyz").status == 200  # with a database that is open
        place = server.data / lost if lost != "." else server.data
        away = place.with_name("away")
        place.rename(away)
        try:
            answer = ask(server, "/readyz")
            assert answer.status == 503
            assert json.loads(answer.data) == {"ready": False, "faults": ["blob store: No such file or directory"]}
            assert ask(server, "/healthz").status == 200
        finally:
            away.rename(place)
        assert ask(server, "/readyz").status == 200


def test_metrics_count_the_requests_of_all_workers(server):
    before = requests(server)
    for _ in range(40):  # each on a connection of its own: the kernel spreads them over both workers
        assert ask(server, "/healthz").status == 200
    assert requests(server) >= before + 40


def requests(server: Server) -> float:
    text = ask(server, "/metrics").data.decode()
    found = re.findall(r'entrepot_http_request_seconds_count\{method="GET",status="200"\} ([\d.]+)', text)
    return sum(map(float, found))


def test_metrics_are_for_loopback_for_allowed_addresses_and_for_a_token_alone(server):
    token = b64encode(f"AWS:{server.token()}".encode()).decode()
    wrong = b64encode(b"AWS:wrong").decode()
    assert ask(server, "/metrics").status == 200
    assert ask(server, "/metrics", X_Forwarded_For="198.51.100.7").status == 200
    refused = ask(server, "/metrics", X_Forwarded_For=FAR)
    assert (refused.status, refused.headers["WWW-Authenticate"].split()[0]) == (401, "Basic")
    assert ask(server, "/metrics", X_Forwarded_For=FAR, Authorization=f"Basic {wrong}").status == 401
    assert ask(server, "/metrics", X_Forwarded_For=FAR, Authorization=f"Basic {token}").status == 200
    assert ask(server, "/metrics", X_Forwarded_For=FAR, Authorization=f"Bearer {server.token()}").status == 200
    assert ask(server, "/healthz", X_Forwarded_For=FAR).status == 200


def test_an_address_that_is_forwarded_by_nobody_trusted_counts_for_nothing(tmp_path):
    with serve(tmp_path, extra=("--workers", "1")) as server:
        assert ask(server, "/metrics", X_Forwarded_For=FAR).status == 200


def test_each_line_of_the_log_is_an_object_with_a_constant_message(tmp_path):
    with serve(tmp_path, extra=("--workers", "1"), environment={"ENTREPOT_UNHEARD_OF": "1"}) as server:
        server.client().create_repository(repositoryName="logged")
        Registry(server).push("logged", image(61), "one")
        Registry(server).request("GET", "/v2/logged/manifests/one?query=canary")
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert all(isinstance(line["timestamp"], str) for line in lines)
    messages = {line["event"] for line in lines}
    always = {"unknown setting in the environment", "starting", "request", "draining", "stopped"}
    assert messages - {"job done"} == always  # whether a job has something to do depends on how long the test takes
    found = next(line for line in lines if line.get("method") == "GET" and "manifests" in line["path"])
    assert (found["method"], found["status"], found["source_ip"]) == ("GET", 200, "127.0.0.1")
    assert "canary" not in server.log.read_text()


def test_the_access_log_can_be_left_out(tmp_path):
    with serve(tmp_path, extra=("--workers", "1", "--no-access-log")) as server:
        Registry(server).request("GET", "/v2/")
    told = {json.loads(line)["event"] for line in server.log.read_text().splitlines()}
    assert told - {"job done"} == {"starting", "draining", "stopped"}


def test_a_log_for_people_is_text_the_access_log_too(tmp_path):
    with serve(tmp_path, extra=("--workers", "1", "--log-format", "text")) as server:
        Registry(server).request("GET", "/v2/?canary")
    text = server.log.read_text()
    assert re.search(r"info +\] starting", text)
    assert re.search(r"^\S+ 127\.0\.0\.1 GET /v2/ 200 \d+ [\d.]+ ms$", text, re.MULTILINE)
    assert "{" not in text
    assert "canary" not in text


def test_an_upload_that_nobody_continues_ends_and_its_spool_goes(tmp_path):
    with serve(tmp_path, extra=("--workers", "1", "--upload-expiry-seconds", "0.1")) as server:
        server.client().create_repository(repositoryName="expired")
        registry = Registry(server)
        location = registry.request("POST", "/v2/expired/blobs/uploads/", b"").headers["Location"]
        assert registry.request("PATCH", location, b"some").status == 202
        path = location.removeprefix(server.base_url)
        wait(lambda: registry.request("GET", path).status == 404)
        wait(lambda: list((server.data / "uploads").iterdir()) == [])
