"""The caller's AWS credentials and region, from where AWS's own tools take them: the environment, then the files.

These variables are AWS's and no settings of the server: this module, docker_logins.py with Docker's, and
entrepot.settings alone read the environment.
"""

import configparser
import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class AwsCredentials:
    """What a request is signed with."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def find() -> AwsCredentials | None:
    """The credentials in force here, or None."""
    key_id, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if key_id and secret:
        return AwsCredentials(key_id, secret, os.environ.get("AWS_SESSION_TOKEN"))
    profile = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or "default"
    section = _section(_path("AWS_SHARED_CREDENTIALS_FILE", "credentials"), profile)
    section = section or _section(_path("AWS_CONFIG_FILE", "config"), profile, f"profile {profile}")
    key_id, secret = section.get("aws_access_key_id"), section.get("aws_secret_access_key")
    if not key_id or not secret:
        return None
    return AwsCredentials(key_id, secret, section.get("aws_session_token"))


def web_identity() -> tuple[str, str] | None:
    """(role, token of an identity provider) where the environment names them, and no keys: OSError."""
    file, role = os.environ.get("AWS_WEB_IDENTITY_TOKEN_FILE"), os.environ.get("AWS_ROLE_ARN")
    if not file or not role or os.environ.get("AWS_ACCESS_KEY_ID"):
        return None
    return role, Path(file).read_text().strip()


def region() -> str | None:
    """The region in force here, or None."""
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    profile = os.environ.get("AWS_PROFILE") or "default"
    return named or _section(_path("AWS_CONFIG_FILE", "config"), profile, f"profile {profile}").get("region")


def endpoint_url() -> str | None:
    """The endpoint that AWS's tools are pointed at for ECR, or None."""
    return os.environ.get("AWS_ENDPOINT_URL_ECR") or os.environ.get("AWS_ENDPOINT_URL")


def ca_bundle() -> str | None:
    """A file of further authorities to trust, or None."""
    return os.environ.get("AWS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE")


def _path(variable: str, name: str) -> Path:
    named = os.environ.get(variable)
    return Path(named).expanduser() if named else Path.home() / ".aws" / name


def _section(path: Path, *names: str) -> dict[str, str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(path)
    except configparser.Error:
        return {}
    return next((dict(parser[name]) for name in names if parser.has_section(name)), {})
