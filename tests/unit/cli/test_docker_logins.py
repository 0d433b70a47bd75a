"""Credentials as docker keeps them: of a file, of helpers, and nothing where there are none."""

import base64
import json
from pathlib import Path

import pytest

from entrepot.cli import docker_logins
from entrepot.outbound.registries import Place
from entrepot.outbound.registry_logins import ANONYMOUS, Login

AUTH = base64.b64encode(b"user:pass:word").decode()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path / "config.json"


def login(address: str = "registry.example.com:5000/a") -> Login:
    return docker_logins.login(Place.parse(address))


def helper(config: Path, name: str, script: str) -> None:
    program = config.parent / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


@pytest.mark.parametrize("name", ["registry.example.com:5000", "https://registry.example.com:5000"])
def test_a_log_in_is_found_by_the_registrys_name(config, name):
    config.write_text(json.dumps({"auths": {name: {"auth": AUTH}}}))
    assert login() == Login("user", "pass:word")
    assert login("registry.example.com/a") == ANONYMOUS


def test_docker_hub_has_a_name_of_its_own(config):
    config.write_text(json.dumps({"auths": {"https://index.docker.io/v1/": {"auth": AUTH}}}))
    assert login("docker.io/library/a") == Login("user", "pass:word")


def test_an_identity_token_is_taken(config):
    config.write_text(json.dumps({"auths": {"registry.example.com:5000": {"auth": AUTH, "identitytoken": "t"}}}))
    assert login().identity_token == "t"


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_a_helper_is_asked(config, key):
    named: object = "it" if key == "credsStore" else {"registry.example.com:5000": "it"}
    config.write_text(json.dumps({key: named}))
    helper(config, "it", 'read server; echo "{\\"Username\\": \\"$server\\", \\"Secret\\": \\"s\\"}"')
    assert login() == Login("registry.example.com:5000", "s")


def test_a_helper_may_give_a_token(config):
    config.write_text(json.dumps({"credsStore": "it"}))
    helper(config, "it", 'echo \'{"Username": "<token>", "Secret": "t"}\'')
    assert login() == Login(identity_token="t")


@pytest.mark.parametrize("script", ["exit 1", "echo nonsense", "echo '{}'"])
def test_where_a_helper_knows_nothing_the_file_counts(config, script):
    config.write_text(json.dumps({"credsStore": "it", "auths": {"registry.example.com:5000": {"auth": AUTH}}}))
    helper(config, "it", script)
    assert login() == Login("user", "pass:word")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"auths": 1}', '{"auths": {"registry.example.com:5000": {"auth": "%"}}}',
             '{"credsStore": "../it"}', '{"credsStore": "none"}'],
)  # fmt: skip
def test_what_cannot_be_read_is_nobody(config, text):
    config.write_text(text)
    assert login() == ANONYMOUS
