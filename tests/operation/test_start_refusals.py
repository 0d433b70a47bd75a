"""A server that cannot start says why, ends with status 1, and leaves nothing that the next start trips over."""

import socket
from pathlib import Path

import pysqlite3
import pytest

from entrepot.app import certificates
from tests.factories.processes import free_port, serve
from tests.operation.commands import refused

WEAK = {"ENTREPOT_ROOT_ACCESS_KEY_ID": "test", "ENTREPOT_ROOT_SECRET_ACCESS_KEY": "test"}


def files(data: Path) -> dict[str, bytes]:
    """Everything in a data directory but locks, counters, and the database, which any reader may tidy."""
    found = [path for path in sorted(data.rglob("*")) if path.is_file() and path.parent.name != "metrics"]
    kept = [path for path in found if path.suffix != ".lock" and "entrepot.db" not in path.name]
    return {str(path.relative_to(data)): path.read_bytes() for path in kept}


@pytest.fixture
def used(tmp_path: Path) -> Path:
    """A data directory that a server has used."""
    with serve(tmp_path) as server:
        return server.data


def start(data: Path, *arguments: object, **variables: str) -> str:
    port = () if "--port" in arguments else ("--port", free_port())
    return refused("serve", "--data", data, "--workers", "1", *port, *arguments, **variables)


def test_a_taken_port_is_named_with_what_to_do(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} is taken" in start(tmp_path / "data", "--port", port)
    assert not (tmp_path / "data" / "entrepot.db").exists()
    assert not (tmp_path / "data" / "credentials").exists()
    with serve(tmp_path, port=port) as server:  # what the refusal left behind is in nobody's way
        assert server.port == port


def test_an_address_of_another_machine_is_refused(tmp_path):
    assert "cannot listen on 192.0.2.1" in start(tmp_path / "data", "--host", "192.0.2.1")
    assert "cannot listen on no-such-host.invalid" in start(tmp_path / "data", "--host", "no-such-host.invalid")


def test_a_data_directory_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert f"{tmp_path / 'file'} cannot be written to" in start(tmp_path / "file")
    assert f"{tmp_path / 'file' / 'data'} cannot be written to" in start(tmp_path / "file" / "data")
    assert "/proc cannot be written to" in start(Path("/proc"))
    assert (tmp_path / "file").read_text() == "in the way"


def test_authorities_that_cannot_be_read_are_named_before_anyone_is_called(tmp_path):
    broken = tmp_path / "ca.pem"
    for content in (None, "", "no certificate"):
        if content is not None:
            broken.write_text(content)
        assert f"outbound_ca: {broken} holds no" in start(tmp_path / "data", ENTREPOT_OUTBOUND_CA=str(broken))


def test_a_schema_of_a_newer_version_is_left_alone(used):
    connection = pysqlite3.connect(str(used / "entrepot.db"))
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = files(used)
    assert "schema 9999, newer than" in start(used)
    assert "schema 9999, newer than" in refused("account", "list", "--data", used)
    assert files(used) == before


def test_a_file_that_is_no_database_is_left_alone(used):
    for name in ("entrepot.db-wal", "entrepot.db-shm"):
        (used / name).unlink(missing_ok=True)
    content = b"no database " * 1000
    (used / "entrepot.db").write_bytes(content)
    for said in (start(used), refused("fsck", "--data", used), refused("gc", "--data", used)):
        assert f"the database {used / 'entrepot.db'} cannot be used" in said
    assert (used / "entrepot.db").read_bytes() == content


def test_a_wrong_master_key_is_refused_before_anything_is_sealed_with_it(used):
    (used / "secret.key").write_text("ab" * 32)
    (used / "secret.key").chmod(0o600)
    before = files(used)
    assert "not the one that this data was sealed with" in start(used)
    assert files(used) == before


def test_a_lost_master_key_is_not_replaced_by_a_fresh_one(used):
    key = (used / "secret.key").read_bytes()
    (used / "secret.key").unlink()
    before = files(used)
    assert f"{used / 'secret.key'} is not there; put it back" in start(used)
    assert files(used) == before
    (used / "secret.key").write_bytes(key)
    (used / "secret.key").chmod(0o600)
    with serve(used.parent) as server:
        assert server.client("sts").get_caller_identity()["Account"] == "000000000000"


def test_a_master_key_that_others_may_read_is_refused_with_the_command_that_mends_it(used):
    (used / "secret.key").chmod(0o644)
    assert f"chmod 600 {used / 'secret.key'}" in start(used)


def test_a_master_key_that_is_none_is_refused(tmp_path):
    (tmp_path / "key").write_text("short")
    (tmp_path / "key").chmod(0o600)
    assert "not a master key" in start(tmp_path / "data", "--secret-key-file", tmp_path / "key")


def test_weak_root_keys_are_refused_on_an_address_that_others_reach(tmp_path):
    said = start(tmp_path / "data", "--host", "0.0.0.0", **WEAK)
    assert "too weak to listen on 0.0.0.0" in said
    assert not (tmp_path / "data").exists()


def test_weak_root_keys_made_for_loopback_are_refused_when_the_server_moves(tmp_path):
    with serve(tmp_path, environment=WEAK) as server:
        assert server.credentials.secret_access_key == "test"
    said = start(tmp_path / "data", "--host", "0.0.0.0")
    assert "entrepot key rotate --account 000000000000" in said


def test_faults_in_settings_are_told_together_before_anything_is_touched(tmp_path):
    (tmp_path / "entrepot.toml").write_text('drain_seconds = -1\nunheard_of = 1\nregions = ["nowhere"]\n')
    said = start(tmp_path / "data", "--config", tmp_path / "entrepot.toml", ENTREPOT_DATABASE="mysql://canary@host/db")
    for fault in ("drain_seconds", "unheard_of", "nowhere", "ENTREPOT_DATABASE = ***"):
        assert fault in said
    assert not (tmp_path / "data").exists()


def test_a_database_that_this_version_does_not_run_on_is_refused(tmp_path):
    said = start(tmp_path / "data", ENTREPOT_DATABASE="postgresql://user:canary@localhost/db")
    assert "SQLite only" in said
    assert "canary" not in said
    assert not (tmp_path / "data").exists()


def test_a_certificate_that_is_none_or_not_of_this_key_is_refused(tmp_path):
    (tmp_path / "cert.pem").write_text("no certificate")
    (tmp_path / "key.pem").write_text("no key")
    pair = ("--tls-cert", tmp_path / "cert.pem", "--tls-key", tmp_path / "key.pem")
    assert f"the certificate {tmp_path / 'cert.pem'} cannot be used" in start(tmp_path / "data", *pair)
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        certificates.self_signed(tmp_path / folder, ["localhost"])
    mixed = ("--tls-cert", tmp_path / "one/tls/leaf.pem", "--tls-key", tmp_path / "two/tls/leaf.key")
    assert "cannot be used with the key" in start(tmp_path / "data", *mixed)


def test_commands_refuse_a_directory_that_no_server_has_used(tmp_path):
    for command in (("account", "list"), ("gc",), ("fsck",), ("key", "rotate"), ("db", "upgrade"), ("token", "issue")):
        assert "holds no data of entrepot" in refused(*command, "--data", tmp_path)
    assert list(tmp_path.iterdir()) == []
