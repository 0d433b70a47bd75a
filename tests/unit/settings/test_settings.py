"""Settings: where a value comes from, and that every fault is told at once."""

from dataclasses import replace
from pathlib import Path

import pytest

from entrepot.cli import settings_page
from entrepot.errors.start import SettingsInvalid
from entrepot.settings import beside, documentation, load, unknown_variables

ROOT = Path(__file__).parents[3]


def faults(flags: dict[str, object], environment: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsInvalid) as refused:
        load(flags, environment or {})
    return str(refused.value)


def test_a_flag_wins_over_the_environment_that_over_the_file_that_over_the_default(tmp_path):
    (tmp_path / "entrepot.toml").write_text("port = 1\nworkers = 1\nscrub_days = 7\n")
    environment = {"ENTREPOT_PORT": "2", "ENTREPOT_WORKERS": "2", "ENTREPOT_DATA": str(tmp_path)}
    settings = load({"port": "3"}, environment)
    assert (settings.port, settings.workers, settings.scrub_days, settings.drain_seconds) == (3, 2, 7.0, 300.0)


def test_a_named_file_is_used_instead_of_the_one_in_the_data_directory(tmp_path):
    (tmp_path / "entrepot.toml").write_text("port = 1\n")
    (tmp_path / "other.toml").write_text('port = 2\nregions = ["eu-west-1", "us-east-1"]\n')
    settings = load({"data": tmp_path, "config": tmp_path / "other.toml"}, {})
    assert (settings.port, settings.regions) == (2, ("eu-west-1", "us-east-1"))


def test_all_faults_are_reported_together_each_with_its_source(tmp_path):
    (tmp_path / "entrepot.toml").write_text("drain_seconds = -1\nnonsense = 1\n")
    told = faults({"data": tmp_path, "port": "70000"}, {"ENTREPOT_REGIONS": "nowhere"})
    assert "--port = '70000'" in told
    assert "ENTREPOT_REGIONS = 'nowhere'" in told
    assert "drain_seconds (in the configuration file) = -1" in told
    assert "nonsense" in told


def test_a_named_file_that_is_absent_or_no_toml_is_a_fault(tmp_path):
    assert "no such file" in faults({"config": tmp_path / "absent.toml"})
    (tmp_path / "broken.toml").write_text("port = = 1")
    assert "broken.toml" in faults({"config": tmp_path / "broken.toml"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "-1"), ("port", "1.5"), ("port", "tcp://10.0.0.1:5000"), ("workers", "0"), ("role", "both"),
        ("account_id", "12345"), ("account_id", "１２３４５６７８９０１２"), ("regions", "us-east-1,us-east-1"),
        ("domain", "a b"), ("aliases", "registry.example.com"), ("public_url", "registry.example.com"),
        ("public_url", "https://registry.example.com/path"), ("trusted_proxies", "10.0.0.0/40"),
        ("tls_self_signed", "yes"), ("database", "mysql://localhost/db"), ("gc_grace_seconds", "nan"),
        ("scrub_days", "0"), ("disk_reserve", "1GB"), ("host", " "), ("root_access_key_id", "a/b"),
        ("download_seconds", "3601"), ("download_seconds", "0"),
        ("token_services", "a.example.com"), ("token_services", "a.example.com=b/c"),
        ("aws_endpoints", "sqs"), ("aws_endpoints", "ec2=http://a"), ("aws_endpoints", "sqs=http://a,sqs=http://b"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_used_is_a_fault_that_names_the_variable(name, value):
    assert f"ENTREPOT_{name.upper()}" in faults({}, {f"ENTREPOT_{name.upper()}": value})


def test_a_list_and_a_size_are_written_as_people_write_them():
    settings = load({}, {"ENTREPOT_TRUSTED_PROXIES": "10.0.0.0/8, ::1", "ENTREPOT_DISK_RESERVE": "2 GiB"})
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
    assert settings.disk_reserve == 2 << 30


def test_an_empty_variable_is_an_absent_one():
    assert load({}, {"ENTREPOT_DOMAIN": ""}).domain is None


def test_secrets_are_shown_nowhere():
    environment = {
        "ENTREPOT_ROOT_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "ENTREPOT_ROOT_SECRET_ACCESS_KEY": "canary/secret/canary",
    }
    settings = load({}, environment)
    assert "canary" not in repr(settings) + str(settings.shown()) + str(settings.agreed())
    database = {"ENTREPOT_DATABASE": "postgresql://user:canary@host/db"}
    assert "canary" not in repr(replace(settings, database=database["ENTREPOT_DATABASE"]).agreed())
    assert "canary" not in faults({"port": "x"}, environment | database)
    assert "canary" not in faults({}, {**environment, "ENTREPOT_DATABASE": "mysql://canary"})


def test_a_database_that_this_version_cannot_use_is_a_fault_and_not_ignored():
    assert "database: " in faults({}, {"ENTREPOT_DATABASE": "postgresql://user@host/db"})


def test_what_servers_agree_on_is_read_back_as_it_was(tmp_path):
    flags = {
        "data": tmp_path,
        "account_id": "111122223333",
        "regions": "eu-west-1,us-east-1",
        "domain": "example.com",
        "aliases": "a.example.org=111122223333/eu-west-1,b.example.org=111122223333/us-east-1",
        "secret_key_file": str(tmp_path / "key"),
        "gc_grace_seconds": "5",
        "upload_expiry_seconds": "0.5",
        "token_services": "a.example.org=login.example.org,b.example.org=login.example.org",
        "aws_endpoints": "sqs=http://127.0.0.1:4566,sns=https://sns.example.com",
    }
    server = load(flags, {})
    assert beside({"data": tmp_path}, server.agreed()) == server
    assert beside({"data": tmp_path}, load({"data": tmp_path}, {}).agreed()) == load({"data": tmp_path}, {})


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "registry.example.com"])
def test_weak_root_keys_are_refused_where_others_can_reach_the_server(host):
    weak = {"ENTREPOT_ROOT_ACCESS_KEY_ID": "test", "ENTREPOT_ROOT_SECRET_ACCESS_KEY": "test"}
    assert "too weak" in faults({"host": host}, weak)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_any_root_keys_will_do_on_loopback(host):
    weak = {"ENTREPOT_ROOT_ACCESS_KEY_ID": "test", "ENTREPOT_ROOT_SECRET_ACCESS_KEY": "test"}
    assert load({"host": host}, weak).root_secret_access_key == "test"


def test_halves_of_pairs_are_faults():
    told = faults({"tls_cert": "a.pem"}, {"ENTREPOT_ROOT_ACCESS_KEY_ID": "test"})
    assert "tls_cert and tls_key go together" in told
    assert "root_access_key_id and root_secret_access_key go together" in told


def test_variables_that_are_no_settings_are_told_apart():
    assert unknown_variables({"ENTREPOT_PROT": "1", "ENTREPOT_PORT": "1", "ENTREPOT_CONFIG": "x", "HOME": "/"}) == (
        "ENTREPOT_PROT",
    )


def test_every_setting_is_documented_in_full_sentences():
    assert [setting.name for setting in documentation() if not setting.doc.endswith(".")] == []


def test_the_settings_page_is_fresh():
    assert (ROOT / "docs" / "settings.md").read_text() == settings_page.page(), "run `make docs`"
