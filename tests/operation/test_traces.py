"""Traces: a real server tells a collector on loopback of requests and jobs, in the traces of its clients; no secret."""

import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import urllib3
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.factories import origins
from tests.factories.layouts import image
from tests.factories.origins import Origin
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import entrepot

PATH = "/v1/traces"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PATIENCE = 15.0
Span = dict[str, Any]


def spans(collector: Origin) -> list[Span]:
    """Every span that has arrived, its attributes and those of its process as one."""
    found: list[Span] = []
    for asked in list(collector.asked):
        if asked.path != PATH:
            continue
        for of_process in ExportTraceServiceRequest.FromString(asked.body).resource_spans:
            about = {each.key: plain(each.value) for each in of_process.resource.attributes}
            for scope in of_process.scope_spans:
                found += [
                    {
                        "name": span.name,
                        "trace": span.trace_id.hex(),
                        "parent": span.parent_span_id.hex(),
                        "millis": (span.end_time_unix_nano - span.start_time_unix_nano) / 1e6,
                        **about,
                        **{each.key: plain(each.value) for each in span.attributes},
                    }
                    for span in scope.spans
                ]
    return found


def plain(value: Any) -> Any:
    """An attribute's value."""
    return getattr(value, value.WhichOneof("value"))


def until(collector: Origin, is_there: Callable[[Span], bool]) -> Span:
    """The first such span, as soon as it has arrived."""
    found = wait(lambda: next(filter(is_there, spans(collector)), None), PATIENCE, "a span")
    assert found is not None
    return found


def ask(server: Server, path: str, **headers: str) -> int:
    with urllib3.PoolManager(retries=False) as pool:
        return int(pool.request("GET", f"{server.base_url}{path}", headers=headers).status)


def test_requests_and_jobs_are_told_to_a_collector(tmp_path):
    with origins.origin(tmp_path / "collector", tls=False) as collector:
        collector.answers[PATH] = origins.body(b"")
        with serve(tmp_path, extra=("--otel-endpoint", collector.url().rstrip("/"))) as server:
            server.client().create_repository(repositoryName="traced/one")
            token = server.token()
            registry = Registry(server, token)
            registry.push("traced/one", image(1), "v1")
            assert ask(server, f"/v2/?password={token}", traceparent=f"00-{TRACE}-{PARENT}-01") == 401
            assert ask(server, "/healthz") == 200

            made = until(collector, lambda span: span["name"] == "ecr.CreateRepository")
            assert (made["rpc.service"], made["rpc.method"]) == ("ecr", "CreateRepository")
            assert (made["http.request.method"], made["http.response.status_code"]) == ("POST", 200)
            assert (made["service.name"], made["client.address"]) == ("entrepot", "127.0.0.1")
            assert "Boto3" in made["user_agent.original"]
            assert 0 < made["millis"] < 10_000

            followed = until(collector, lambda span: span["trace"] == TRACE)
            assert followed["parent"] == PARENT
            assert followed["url.path"] == "/v2/"
            assert until(collector, lambda span: span["name"] == "job fold")["entrepot.job.reads"] > 0

        told = spans(collector)
        assert {span["trace"] for span in told if span["trace"] != TRACE} >= {made["trace"]}
        assert not any(span.get("url.path") == "/healthz" for span in told)
        everything = b"".join(asked.body for asked in collector.asked)
        keys = server.credentials
        for secret in (token, keys.secret_access_key, b64encode(f"AWS:{token}".encode()).decode(), "password"):
            assert secret.encode() not in everything


def test_a_trace_that_its_caller_does_not_want_is_not_told(tmp_path):
    with origins.origin(tmp_path / "collector", tls=False) as collector:
        collector.answers[PATH] = origins.body(b"")
        with serve(tmp_path, extra=("--otel-endpoint", collector.url().rstrip("/"), "--otel-ratio", "0")) as server:
            ask(server, "/v2/", traceparent=f"00-{TRACE}-{PARENT}-00")
            ask(server, "/v2/")
            ask(server, "/v2/", traceparent="00-garbage")
            ask(server, "/v2/", traceparent=f"00-{TRACE[::-1]}-{PARENT}-01", tracestate="a=b,,=,&")
        assert {span["trace"] for span in spans(collector)} == {TRACE[::-1]}


def test_a_collector_that_is_away_costs_nothing_but_spans(tmp_path):
    with serve(tmp_path, extra=("--otel-endpoint", "http://127.0.0.1:9")) as server:
        began = time.monotonic()
        for _ in range(50):
            assert ask(server, "/v2/") == 401
        assert time.monotonic() - began < 5
        wait(lambda: "traces not sent" in server.log.read_text())
        began = time.monotonic()
    assert time.monotonic() - began < 10
    lines = [line for line in server.log.read_text().splitlines() if "traces not sent" in line]
    assert 1 <= len(lines) <= 4  # one of each process, now and then


def test_a_collector_that_is_no_url_is_refused_at_the_start(tmp_path):
    refused = entrepot("serve", "--data", tmp_path / "data", "--otel-endpoint", "collector:4318")
    assert refused.status == 1
    assert "--otel-endpoint" in refused.complaint


def test_traces_without_the_extra_are_refused_at_the_start(tmp_path):
    without = "import sys; sys.modules['opentelemetry'] = None; from entrepot.cli.main import main; sys.exit(main())"
    command = [sys.executable, "-c", without, "serve", "--data", str(tmp_path / "data")]
    refused = subprocess.run(
        [*command, "--otel-endpoint", "http://127.0.0.1:4318"], capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 1
    assert "pip install 'entrepot[otel]'" in refused.stderr
    assert not (tmp_path / "data").exists()
