"""Secrets are in no record, event, metric, log file or log, whatever is called: every operation is, with canaries for
what it must not tell, and everything that the server then holds or shows is searched for them.
"""

import gzip
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from entrepot.core.audit import store
from entrepot.core.calls import encode
from entrepot.core.permissions import OPERATIONS
from entrepot.db.sqlite import SqliteDatabase
from tests.enforcement import inputs
from tests.enforcement.world import Caller, World
from tests.factories.layouts import image
from tests.factories.processes import Server, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait

CANARY = "Canary+Secret/Canary+Secret/Canary+1"
# members that are secrets, called sensitive by the models or not
SECRETS = frozenset(
    {
        *("SecretAccessKey", "SessionToken", "authorizationToken", "downloadUrl", "Base32StringSeed", "QRCodePNG"),
        *("Password", "OldPassword", "NewPassword", "WebIdentityToken", "ApiKeyValue", "ClientSecret"),
        *("SecretString", "RandomPassword"),
    }
)
MEANT = frozenset({"credentials", "secret.key"})
LAST = "GetCallerIdentity"
SETTINGS = {"ENTREPOT_TRAIL_SECONDS": "1", "ENTREPOT_PULL_EVENTS": "true"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serve(tmp_path, extra=("--workers", "1"), environment=SETTINGS) as running:
        yield running


def test_no_secret_is_in_what_is_told(server: Server):
    listen(server)
    world = World(server)
    root = Caller(server, None)
    root.keys = server.credentials
    root.log_in()
    found = {CANARY, *root.tokens.values(), world.stranger.secret_access_key}
    for service, table in OPERATIONS.items():
        for operation in table:
            found |= secrets(call(world, root, service, operation))
    use(server, root.tokens["ecr"])
    found |= {b64encode(f"AWS:{token}".encode()).decode() for token in root.tokens.values()}
    assert len(found) > 8, "the operations gave no secrets away"
    settle(server)
    places = told(server)
    assert {"log", "audit records", "trail files", "events.db", "metrics.db", "/metrics"} <= set(places)
    assert LAST.encode() in places["audit records"]
    assert LAST.encode() in places["trail files"]
    leaks = {(place, form[:6]) for place, text in places.items() for form in found if form.encode() in text}
    assert leaks == set()
    held = (server.data / "credentials").read_bytes()
    assert server.credentials.secret_access_key.encode() in held, "the search does find what is there"


def listen(server: Server) -> None:
    """A trail, and an archive of every event."""
    trails, events = server.client("cloudtrail"), server.client("events")
    trails.create_trail(Name="canaries", S3BucketName="entrepot", EnableLogFileValidation=True)
    trails.start_logging(Name="canaries")
    bus = "arn:aws:events:us-east-1:000000000000:event-bus/default"
    events.create_archive(ArchiveName="canaries", EventSourceArn=bus)
    state = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
    events.put_rule(Name="canaries", EventPattern=json.dumps({"account": [{"prefix": ""}]}), State=state)
    user = {"Username": "u", "Password": CANARY}
    for name, kind, parameters in (
        ("basic", "BASIC", {"BasicAuthParameters": user}),
        ("key", "API_KEY", {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": CANARY}}),
    ):
        events.create_connection(Name=name, AuthorizationType=kind, AuthParameters=parameters)


def call(world: World, root: Caller, service: str, operation: str) -> Mapping[str, Any]:
    """Call an operation with canaries in place of secrets; what it answers, whatever that is."""
    client = root.client(service)
    given = inputs.of(world, service, operation, client)
    shape = client.meta.service_model.operation_model(operation).input_shape
    try:
        answer: Mapping[str, Any] = getattr(client, xform_name(operation))(**hidden(shape, given))
    except (ClientError, ParamValidationError) as refused:
        return dict(getattr(refused, "response", {}))
    return answer


def hidden(shape: Any, given: Any) -> Any:
    """The input with its secrets replaced."""
    if shape is None or given is None:
        return given
    if shape.type_name == "structure" and isinstance(given, Mapping):
        members = shape.members
        return {
            name: CANARY if is_secret(name, members[name]) else hidden(members[name], value)
            for name, value in given.items()
        }
    if shape.type_name == "list":
        return [hidden(shape.member, value) for value in given]
    return given


def is_secret(name: str, shape: Any) -> bool:
    return shape.type_name == "string" and (name in SECRETS or bool(shape.metadata.get("sensitive")))


def secrets(answer: Any, name: str = "") -> set[str]:
    """The secrets that an answer gives away, as it must."""
    if isinstance(answer, Mapping):
        return {each for key, value in answer.items() for each in secrets(value, key)}
    if isinstance(answer, list | tuple):
        return {each for value in answer for each in secrets(value, name)}
    if name == "downloadUrl":
        return {answer.partition("token=")[2]}
    return {str(answer)} if name in SECRETS and isinstance(answer, str) else set()


def use(server: Server, token: str) -> None:
    """The registry, with secrets where they belong and where they do not; then a call that is known to be the last."""
    registry = Registry(server, token)
    registry.push("world/app", image(5), "canary")
    registry.pull("world/app", "canary")
    nobody = Registry(server, "")
    for path, headers in (
        (f"/v2/world/app/manifests/{CANARY[:6]}?password={CANARY}", {}),
        (f"/?X-Amz-Security-Token={CANARY}&X-Amz-Signature={CANARY}", {}),
        ("/v2/", {"Authorization": f"Basic {b64encode(f'AKIAX:{CANARY}'.encode()).decode()}"}),
        ("/v2/", {"Authorization": f"Bearer {CANARY}"}),
    ):
        assert nobody.request("GET", path, None, **headers).status < 500
    server.client("sts").get_caller_identity()


def settle(server: Server) -> None:
    """Wait until the last call is in a trail's file."""
    wait(lambda: LAST.encode() in trail_files(server.data), 60)


def told(server: Server) -> dict[str, bytes]:
    """All that the server holds and shows, by place."""
    files = [path for path in server.data.rglob("*") if path.is_file()]
    places = {
        str(path.relative_to(server.data)): path.read_bytes()
        for path in files
        if str(path.relative_to(server.data)) not in MEANT
    }
    page = Registry(server, "").request("GET", "/metrics")
    return places | {
        "log": server.log.read_bytes(),
        "audit records": audit_records(server.data),
        "trail files": trail_files(server.data),
        "/metrics": page.data,
    }


def audit_records(data: Path) -> bytes:
    database = SqliteDatabase(data / "audit.db")
    try:
        blocks = database.read(lambda tx: store.since(tx, 0, 1_000_000))
    finally:
        database.close()
    kept = [encode(each) for block in blocks for each in block.calls()]
    return b"".join(bytes(each.said or b"") + each.common for each in kept)


def trail_files(data: Path) -> bytes:
    return b"".join(gzip.decompress(path.read_bytes()) for path in (data / "trails").rglob("*.json.gz"))
