"""What signs requests to AWS-compatible endpoints."""

import configparser
from pathlib import Path

from entrepot.errors.start import AwsCredentialsUnusable
from entrepot.outbound.signing import Keys
from entrepot.settings import Settings


def aws_keys(settings: Settings) -> Keys | None:
    """What signs for `aws_endpoints`, None where that is not said: AwsCredentialsUnusable."""
    return None if settings.aws_credentials is None else of_profiles("aws_credentials", settings.aws_credentials)


def of_profiles(setting: str, path: Path, preferred: str = "default") -> Keys:
    """The profile of a name in the shared credentials file of a setting, else `default` (docs: "Configuration and
    credential file settings"): AwsCredentialsUnusable.
    """
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text())
        profile = parser[preferred if parser.has_section(preferred) else "default"]
        return Keys(
            profile["aws_access_key_id"], profile["aws_secret_access_key"], profile.get("aws_session_token") or None
        )
    except (OSError, UnicodeDecodeError, configparser.Error, KeyError) as fault:
        raise AwsCredentialsUnusable(setting=setting, path=path, reason=type(fault).__name__) from None
