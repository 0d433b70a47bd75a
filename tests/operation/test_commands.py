"""The commands beside a running server: what they print, what holds at once, and refusals without tracebacks."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.factories.layouts import image
from tests.factories.processes import Credentials, Server, read_credentials, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import entrepot, refused

SECOND = "222233334444"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory):
    with serve(tmp_path_factory.mktemp("commands"), extra=["--workers", "2", "--gc-grace-seconds", "0.2"]) as running:
        yield running


def run(server: Server, *arguments: object):
    ended = entrepot(*arguments, "--data", server.data, "--output", "json")
    assert (ended.status, ended.complaint) == (0, ""), ended
    return ended.result


def test_an_account_made_beside_the_server_can_be_used_at_once(server):
    made = run(server, "account", "create", "--id", SECOND, "--name", "second")
    assert sorted(made) == ["access_key_id", "account_id", "secret_access_key"]
    assert made["account_id"] == SECOND
    keys = Credentials(made["access_key_id"], made["secret_access_key"])
    assert server.client("sts", credentials=keys).get_caller_identity()["Account"] == SECOND
    listed = {item["account_id"]: item["name"] for item in run(server, "account", "list")}
    assert listed == {"000000000000": "default", SECOND: "second"}


def test_an_account_without_an_id_gets_a_random_one(server):
    made = [run(server, "account", "create")["account_id"] for _ in range(2)]
    assert len(set(made)) == 2
    assert all(len(account) == 12 and account.isdigit() for account in made)


def test_an_account_is_made_once_and_only_with_an_id_of_12_digits(server):
    run(server, "account", "create", "--id", "555566667777")
    assert "555566667777" in refused("account", "create", "--id", "555566667777", "--data", server.data)
    for wrong in ("1", "abcdefghijkl", "１２３４５６７８９０１２"):
        assert "12 digits" in refused("account", "create", "--id", wrong, "--data", server.data)


def test_a_rotated_key_voids_the_old_one_and_its_tokens_at_once_on_every_worker(server):
    account = "888899990000"
    made = run(server, "account", "create", "--id", account)
    old = Credentials(made["access_key_id"], made["secret_access_key"])
    token = server.token(old)
    path = f"/v2/{account}/us-east-1/absent/tags/list"
    assert {Registry(server, token).request("GET", path).status for _ in range(8)} == {404}
    fresh = run(server, "key", "rotate", "--account", account)
    assert sorted(fresh) == ["access_key_id", "account_id", "secret_access_key"]
    # each on a connection of its own, so that both workers are asked
    assert {Registry(server, token).request("GET", path).status for _ in range(16)} == {401}
    with pytest.raises(ClientError, match=r"UnrecognizedClient|InvalidClientTokenId"):
        server.client("sts", credentials=old).get_caller_identity()
    keys = Credentials(fresh["access_key_id"], fresh["secret_access_key"])
    assert server.client("sts", credentials=keys).get_caller_identity()["Account"] == account
    assert read_credentials(server.data) == server.credentials  # those of the default account are not touched


def test_rotating_the_default_accounts_key_writes_the_credentials_file_anew(tmp_path):
    with serve(tmp_path) as server:
        fresh = run(server, "key", "rotate")
        path = server.data / "credentials"
        written = read_credentials(server.data)
        assert written == Credentials(fresh["access_key_id"], fresh["secret_access_key"]) != server.credentials
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert server.client("sts", credentials=written).get_caller_identity()["Account"] == "000000000000"


def test_an_issued_token_logs_in(server):
    issued = run(server, "token", "issue", "--account", "000000000000")
    assert sorted(issued) == ["expires_at", "password", "username"]
    assert Registry(server, issued["password"]).request("GET", "/v2/").status == 200
    assert "999999999999" in refused("token", "issue", "--account", "999999999999", "--data", server.data)


def test_a_narrow_token_pulls_there_and_does_nothing_else(server):
    for name in ("narrow/one", "other"):
        server.client().create_repository(repositoryName=name)
        Registry(server).push(name, image(1), "v1")
    made = run(server, "token", "create", "--ttl", "15m", "--actions", "pull", "--repositories", "narrow/*")
    assert sorted(made) == ["expires_at", "password", "username"]
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(minutes=14) < left <= timedelta(minutes=15)
    door = Registry(server, made["password"])
    assert door.pull("narrow/one", "v1")
    assert door.put_manifest("narrow/one", "v2", image(1).manifest).status == 403
    assert door.request("GET", "/v2/other/manifests/v1").status == 403
    assert door.request("GET", "/v2/narrow/one/tags/list").status == 403
    made = run(server, "token", "create", "--actions", "push,ecr:ListImages", "--repositories", "narrow/one,absent")
    door = Registry(server, made["password"])
    door.push("narrow/one", image(2), "v2")
    assert door.request("GET", "/v2/narrow/one/tags/list").status == 200
    assert door.request("DELETE", "/v2/narrow/one/manifests/v2").status == 403


def test_a_narrow_token_of_a_user_may_do_no_more_than_the_user_and_goes_with_it(server):
    server.client().create_repository(repositoryName="narrow/user")
    iam = server.client("iam")
    iam.create_user(UserName="narrow")
    made = run(server, "token", "create", "--user", "narrow", "--actions", "ecr:*", "--repositories", "narrow/*")
    door, path = Registry(server, made["password"]), "/v2/narrow/user/tags/list"
    assert door.request("GET", path).status == 403
    statement = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_user_policy(UserName="narrow", PolicyName="p", PolicyDocument=document)
    assert door.request("GET", path).status == 200
    iam.delete_user_policy(UserName="narrow", PolicyName="p")
    iam.delete_user(UserName="narrow")
    assert door.request("GET", path).status == 401


def test_a_narrow_token_of_the_root_goes_with_its_key(server):
    made = run(server, "account", "create", "--id", "777788889999")
    narrow = run(server, "token", "create", "--account", made["account_id"])
    assert Registry(server, narrow["password"]).request("GET", "/v2/").status == 200
    run(server, "key", "rotate", "--account", made["account_id"])
    assert Registry(server, narrow["password"]).request("GET", "/v2/").status == 401


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--ttl", "13h"), "12h"),
        (("--ttl", "0"), "ttl"),
        (("--ttl", "soon"), "soon"),
        (("--actions", "pull,s3:GetObject"), "s3:GetObject"),
        (("--repositories", "a,B C"), "B C"),
        (("--user", "nobody-of-this-name"), "nobody-of-this-name"),
        (("--account", "999999999999"), "999999999999"),
        (("--account", "me"), "me"),
    ],
)
def test_a_narrow_token_of_nonsense_is_refused(server, flags, told):
    assert told in refused("token", "create", *flags, "--data", server.data)


def test_keys_of_an_account_that_is_absent_cannot_be_rotated(server):
    assert "999999999999" in refused("key", "rotate", "--account", "999999999999", "--data", server.data)


def test_an_up_to_date_schema_stays_as_it_is(server):
    upgraded = run(server, "db", "upgrade")
    assert [each["database"] for each in upgraded] == ["entrepot", "events", "audit", "metrics"]
    assert all(each["before"] == each["after"] for each in upgraded)


def test_gc_says_what_could_go_and_takes_the_running_servers_grace(server):
    server.client().create_repository(repositoryName="collected")
    registry = Registry(server)
    content = image(41)
    registry.push("collected", content, "one")
    server.client().batch_delete_image(repositoryName="collected", imageIds=[{"imageTag": "one"}])
    wait_until_old(server)
    previewed = run(server, "gc", "--dry-run")
    assert sorted(previewed["candidates"]) == sorted(blob.digest for blob in (content.config, *content.layers))
    assert all(registry.request("HEAD", f"/v2/collected/blobs/{digest}").status == 200 for digest in blobs(content))
    assert run(server, "gc")["condemned"] == len(previewed["candidates"])
    assert all(registry.request("HEAD", f"/v2/collected/blobs/{digest}").status == 404 for digest in blobs(content))


def blobs(content) -> list[str]:
    return [blob.digest for blob in (content.config, *content.layers)]


def wait_until_old(server: Server) -> None:
    """Until the blobs are older than the grace that the server runs with, which the commands were not told."""
    wait(lambda: run(server, "gc", "--dry-run")["candidates"], 60)


def test_fsck_counts_every_manifest_and_ends_with_1_when_bytes_are_missing(tmp_path):
    with serve(tmp_path) as server:
        server.client().create_repository(repositoryName="checked")
        Registry(server).push("checked", image(42), "one")
        found = run(server, "fsck")
        assert (found["every manifest resolvable"], found["clean"]) == ("1/1", True)
        layer = image(42).layers[0].digest.partition(":")[2]
        next(server.data.rglob(f"{layer}.*")).unlink()
        ended = entrepot("fsck", "--data", server.data, "--output", "json")
        assert (ended.status, ended.complaint) == (1, "")
        assert (ended.result["every manifest resolvable"], ended.result["clean"]) == ("0/1", False)
        assert "Traceback" not in entrepot("fsck", "--data", server.data).out


def test_text_is_for_people_and_a_wrong_command_is_status_2(server):
    assert "account_id" in entrepot("account", "list", "--data", server.data).out
    for wrong in (("nonsense",), ("gc", "--nonsense"), ("account", "list", "--output", "xml")):
        ended = entrepot(*wrong)
        assert ended.status == 2
        assert "Traceback" not in ended.complaint + ended.out


def test_a_command_says_what_is_wrong_with_its_configuration(tmp_path: Path, server):
    (tmp_path / "broken.toml").write_text("port = = 1")
    assert "broken.toml" in refused("gc", "--data", server.data, "--config", tmp_path / "broken.toml")
