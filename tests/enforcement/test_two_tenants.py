"""Every identifier of one account, used by another that may do everything in its own: never data, a change or a failure
of the server.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pysqlite3
import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from entrepot.core.permissions import OCI, OPERATIONS
from tests.enforcement import inputs
from tests.enforcement.world import ANYTHING, User, World, document
from tests.factories.layouts import OCI_CONFIG, OCI_MANIFEST, Content, sha256
from tests.factories.registry import Registry, error_codes

AWS = [(service, operation) for service, table in sorted(OPERATIONS.items()) for operation in sorted(table)]
DOORS = [(service, request) for service, table in sorted(OCI.items()) for request in sorted(table)]
MARK = "only-the-owner-knows"
NOTHING: Mapping[str, Any] = {}


@pytest.fixture(scope="session")
def stranger(world: World) -> User:
    return world.user(ANYTHING, theirs=True)


@pytest.fixture(scope="session")
def marked(world: World) -> World:
    """The world, with a mark in whatever can be read of it."""
    tag = [{"Key": "mark", "Value": MARK}]
    statement = {"Sid": MARK.replace("-", ""), "Effect": "Allow", "Action": "s3:*", "Resource": f"arn:aws:s3:::{MARK}"}
    grant = {"Sid": MARK, "Effect": "Deny", "Principal": {"AWS": "000000000000"}, "Action": "ecr:ReplicateImage"}
    names, iam = world.names, world.iam
    iam.tag_user(UserName=names["user"], Tags=tag)
    iam.tag_role(RoleName=names["role"], Tags=tag)
    iam.update_role(RoleName=names["role"], Description=MARK)
    for kind in ("user", "group", "role"):
        put = getattr(iam, f"put_{kind}_policy")
        put(**{f"{kind.title()}Name": names[kind]}, PolicyName="p", PolicyDocument=document(statement))
    arn = f"arn:aws:iam::000000000000:policy/{names['policy']}"
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(statement), SetAsDefault=True)
    iam.create_account_alias(AccountAlias=MARK)
    world.monitoring.put_dashboard(DashboardName=names["dashboard"], DashboardBody=json.dumps(dashboard(MARK)))
    alarm = f"arn:aws:cloudwatch:us-east-1:000000000000:alarm:{names['alarm']}"
    world.monitoring.tag_resource(ResourceARN=alarm, Tags=tag)
    world.monitoring.set_alarm_state(AlarmName=names["alarm"], StateValue="INSUFFICIENT_DATA", StateReason=MARK)
    world.trails.stop_logging(Name=names["trail"])  # else what is delivered changes its status
    world.trails.add_tags(ResourceId=f"arn:aws:cloudtrail:us-east-1:000000000000:trail/{names['trail']}", TagsList=tag)
    world.inspector.update_filter(filterArn=_filter(world), description=MARK)
    _mark_secrets(world)
    world.signer.tag_resource(resourceArn=_signing_profile(world), tags={"mark": MARK})
    for client, place in ((world.ecr, "ecr:us-east-1:"), (world.public, "ecr-public::")):
        client.tag_resource(resourceArn=f"arn:aws:{place}000000000000:repository/{names['repository']}", tags=tag)
    world.ecr.set_repository_policy(repositoryName=names["repository"], policyText=document(grant))
    world.ecr.put_registry_policy(policyText=document({**grant, "Resource": "*"}))
    _mark_events(world)
    config = Content(OCI_CONFIG, json.dumps({"author": MARK}).encode())
    body = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config.descriptor(), "layers": []}
    root = Registry(world.server)
    root.push_blob(names["repository"], config)
    manifest = Content(OCI_MANIFEST, json.dumps({**body, "annotations": {"note": MARK}}).encode())
    assert root.put_manifest(names["repository"], "hidden", manifest).status == 201
    return world


def _filter(world: World) -> str:
    return f"arn:aws:inspector2:us-east-1:000000000000:owner/000000000000/filter/{world.names['filter']}"


def _signing_profile(world: World) -> str:
    return f"arn:aws:signer:us-east-1:000000000000:/signing-profiles/{world.names['signing_profile']}"


def _signing_state(world: World) -> list[Any]:
    name, signer = world.names["signing_profile"], world.signer
    return [
        signer.list_signing_profiles(includeCanceled=True),
        signer.list_profile_permissions(profileName=name),
        signer.list_signing_jobs(),
        signer.list_tags_for_resource(resourceArn=_signing_profile(world)),
    ]


def dashboard(text: str) -> dict[str, Any]:
    """A dashboard that says this."""
    return {"widgets": [{"type": "text", "properties": {"markdown": text}}]}


def _mark_secrets(world: World) -> None:
    key = world.names["key_id"]
    world.kms.update_key_description(KeyId=key, Description=MARK)
    world.kms.tag_resource(KeyId=key, Tags=[{"TagKey": "mark", "TagValue": MARK}])
    world.secrets.update_secret(SecretId=world.names["secret"], Description=MARK, SecretString=MARK)


def _secrets_state(world: World) -> list[Any]:
    key, kms = world.names["key_id"], world.kms
    return [
        kms.describe_key(KeyId=key),
        kms.list_resource_tags(KeyId=key),
        kms.get_key_policy(KeyId=key),
        kms.list_grants(KeyId=key),
        kms.list_aliases(),
        kms.get_key_rotation_status(KeyId=key),
        world.secrets.describe_secret(SecretId=world.names["secret"]),
        world.secrets.list_secret_version_ids(SecretId=world.names["secret"]),
    ]


def _mark_events(world: World) -> None:
    """What callers of other tests may have made already is marked all the same."""
    names, events = world.names, world.server.client("events")
    place = "arn:aws:events:us-east-1:000000000000"
    bus, rule = f"{place}:event-bus/{names['bus']}", f"{place}:rule/{names['rule']}"
    pattern = json.dumps({"source": [MARK]})
    _made_or_changed(events, "event_bus", Name=names["bus"], Description=MARK)
    events.put_rule(Name=names["rule"], EventPattern=pattern, Description=MARK)
    for arn in (bus, rule):
        events.tag_resource(ResourceARN=arn, Tags=[{"Key": "mark", "Value": MARK}])
    target = {"Id": "t", "Arn": bus, "Input": json.dumps({"note": MARK})}
    assert events.put_targets(Rule=names["rule"], Targets=[target])["FailedEntryCount"] == 0
    of_bus = {"EventSourceArn": bus}
    _made_or_changed(events, "archive", of_bus, ArchiveName=names["archive"], Description=MARK, EventPattern=pattern)
    key = {"ApiKeyAuthParameters": {"ApiKeyName": MARK, "ApiKeyValue": "v"}}
    named: dict[str, Any] = {"Name": names["connection"], "Description": MARK}
    _made_or_changed(events, "connection", AuthorizationType="API_KEY", AuthParameters=key, **named)
    _made_or_changed(
        events,
        "api_destination",
        Name=names["destination"],
        Description=MARK,
        ConnectionArn=events.describe_connection(Name=names["connection"])["ConnectionArn"],
        InvocationEndpoint=f"https://example.com/{MARK}",
        HttpMethod="POST",
    )


def _made_or_changed(events: Any, kind: str, once: Mapping[str, Any] = NOTHING, **given: Any) -> None:
    """Create a thing, or change the one of its name; `once` is what cannot be changed."""
    try:
        getattr(events, f"create_{kind}")(**once, **given)
    except events.exceptions.ResourceAlreadyExistsException:
        getattr(events, f"update_{kind}")(**given)


def _events_state(world: World) -> list[Any]:
    names, events = world.names, world.server.client("events")
    return [
        events.describe_event_bus(Name=names["bus"]),
        events.list_rules(),
        events.list_targets_by_rule(Rule=names["rule"]),
        events.list_tags_for_resource(ResourceARN=f"arn:aws:events:us-east-1:000000000000:rule/{names['rule']}"),
        events.describe_archive(ArchiveName=names["archive"]),
        events.list_replays(),
        events.describe_connection(Name=names["connection"]),
        events.describe_api_destination(Name=names["destination"]),
    ]


def state(world: World) -> str:
    """What there is in the account, as its root reads it."""
    details = world.iam.get_account_authorization_details()
    aliases = world.iam.list_account_aliases()["AccountAliases"]
    name = world.names["repository"]
    read: list[Any] = [details, aliases]
    for client in (world.ecr, world.public):
        read += [client.describe_repositories(), client.describe_images(repositoryName=name)]
    read += [world.ecr.get_repository_policy(repositoryName=name), world.ecr.get_registry_policy()]
    read += [world.iam.list_access_keys(UserName=world.names["user"]), world.iam.list_virtual_mfa_devices()]
    trail = f"arn:aws:cloudtrail:us-east-1:000000000000:trail/{world.names['trail']}"
    read += [world.trails.describe_trails(), world.trails.list_tags(ResourceIdList=[trail])]
    status = world.trails.get_trail_status(Name=trail)
    # what was told while it logged is delivered later
    read += [{name: value for name, value in status.items() if not name.startswith("Latest")}]
    read += [world.trails.get_event_selectors(TrailName=trail)]
    read += _secrets_state(world)
    read += [world.monitoring.describe_alarms(), world.monitoring.list_dashboards()]
    read += [world.monitoring.get_dashboard(DashboardName=world.names["dashboard"])]
    read += [world.inspector.list_filters(), world.inspector.list_tags_for_resource(resourceArn=_filter(world))]
    read += [world.inspector.batch_get_account_status(), world.inspector.get_configuration()]
    read += _events_state(world)
    read += _signing_state(world)
    for answer in read:
        if isinstance(answer, dict):
            answer.pop("ResponseMetadata")
            for image in answer.get("imageDetails", ()):
                image.pop("lastRecordedPullTime", None)  # counted a moment after its owner has pulled it
    return json.dumps(read, default=str)


class Watch:
    """The state of the account, read again only when something was committed to a database since: most that a stranger
    asks for commits nothing, and forty calls to see that would be most of what these tests do.
    """

    def __init__(self, world: World, databases: list[Any]) -> None:
        self._world, self._databases = world, databases
        self._read()

    def has_changed(self) -> bool:
        """Whether the account is another than when this was asked last."""
        if self._versions() == self._known:
            return False
        before = self.state
        self._read()
        return self.state != before

    def _read(self) -> None:
        self._known = self._versions()  # first: what is committed while the state is read has it read again
        self.state = state(self._world)

    def _versions(self) -> list[int]:
        return [each.execute("PRAGMA data_version").fetchall()[0][0] for each in self._databases]


@pytest.fixture(scope="module")
def watch(marked: World) -> Iterator[Watch]:
    """Of the module: what tests of others do in between is before it, or after."""
    with contextlib.ExitStack() as opened:
        files = sorted(marked.server.data.glob("*.db"))
        assert "entrepot.db" in {path.name for path in files}
        connections = [pysqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None) for path in files]
        yield Watch(marked, [opened.enter_context(contextlib.closing(each)) for each in connections])


def test_the_mark_is_seen_by_the_owner(marked: World):
    seen = state(marked)
    assert seen.count(MARK) > 5


def test_what_the_owner_changes_is_a_change(marked: World, watch: Watch):
    assert not watch.has_changed()
    marked.iam.create_user(UserName="a-change")
    assert watch.has_changed()
    marked.iam.delete_user(UserName="a-change")
    assert watch.has_changed()
    assert not watch.has_changed()


@pytest.mark.parametrize(("service", "operation"), AWS)
def test_an_operation_of_another_account_tells_and_changes_nothing(
    marked: World, watch: Watch, stranger: User, service: str, operation: str
):
    client = stranger.client(service)
    given = inputs.of(marked, service, operation, client)
    assert not watch.has_changed()
    for asked in (given, {name: value for name, value in given.items() if name != "registryId"}):
        try:
            answer = getattr(client, xform_name(operation))(**asked)
        except ClientError as refused:
            answer = refused.response
        assert answer["ResponseMetadata"]["HTTPStatusCode"] < 500
        assert MARK not in json.dumps(answer, default=str)
        if "registryId" in asked:
            assert answer["Error"]["Code"] == "AccessDeniedException"
    assert not watch.has_changed()


@pytest.mark.parametrize(("service", "request_"), DOORS)
@pytest.mark.parametrize("of_whom", ["owner", "stranger"])
def test_a_request_of_another_account_tells_and_changes_nothing(
    marked: World, watch: Watch, stranger: User, service: str, request_: str, of_whom: str
):
    """At the owner's address, and at the stranger's own with the owner's upload, digest and names."""
    method, noun = request_.split(" ")
    digest = sha256(json.dumps({"author": MARK}).encode())
    own = f"{stranger.account}/us-east-1/" if of_whom == "stranger" and service == "ecr" else ""
    prefix = own or (marked.public_prefix if service == "ecr-public" else "")
    place = f"/v2/{prefix}{marked.names['repository']}"
    path = {
        "ping": "/v2/",
        "catalog": f"/v2/{own}_catalog",
        "tags": f"{place}/tags/list",
        "manifests": f"{place}/manifests/hidden",
        "referrers": f"{place}/referrers/{digest}",
        "blobs": f"{place}/blobs/{digest}",
        "uploads": f"{place}/blobs/uploads/?mount={digest}&from={marked.names['repository']}",
        "upload": f"{place}/blobs/uploads/{marked.upload}?digest={digest}",
    }[noun]
    assert not watch.has_changed()
    answer = stranger.registry(service).request(method, path, b"{}" if method in {"PUT", "POST", "PATCH"} else None)
    assert answer.status < 500
    if service == "ecr" and noun not in {"ping", "catalog"}:
        assert (answer.status, error_codes(answer) if method != "HEAD" else []) in (
            [(403, ["DENIED"]), (403, [])] if of_whom == "owner" else [(404, ["NAME_UNKNOWN"]), (404, [])]
        )
    assert MARK not in answer.data.decode()
    assert not watch.has_changed()


def test_a_token_of_one_account_is_worth_nothing_to_another(marked: World, stranger: User):
    """The stranger's own token at the owner's registry, and a download URL of the owner's at another blob."""
    name = marked.names["repository"]
    assert stranger.registry("ecr").request("GET", f"/v2/{name}/manifests/v1").status == 403
    layer = marked.image.layers[0].digest
    url = marked.ecr.get_download_url_for_layer(repositoryName=name, layerDigest=layer)["downloadUrl"]
    anybody = Registry(marked.server, "")
    assert anybody.request("GET", url).status == 200
    assert anybody.request("GET", url.replace(layer, marked.image.config.digest)).status == 401
    assert anybody.request("DELETE", url).status == 401
