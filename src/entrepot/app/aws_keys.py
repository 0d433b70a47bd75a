"""What signs requests to AWS-compatible endpoints."""

import configparser

from entrepot.errors.start import AwsCredentialsUnusable
from entrepot.outbound.signing import Keys
from entrepot.settings import Settings


def aws_keys(settings: Settings) -> Keys | None:
    """The profile `default` of a shared credentials file (docs: "Configuration and credential file settings")."""
    path = settings.aws_credentials
    if path is None:
        return None
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text())
        profile = parser["default"]
        return Keys(
            profile["aws_access_key_id"], profile["aws_secret_access_key"], profile.get("aws_session_token") or None
        )
    except (OSError, UnicodeDecodeError, configparser.Error, KeyError) as fault:
        raise AwsCredentialsUnusable(path=path, reason=type(fault).__name__) from None
