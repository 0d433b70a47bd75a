"""Clients of boto3, all from one session: botocore reads and parses its models, some of them a megabyte, once a process
and not once a client.
"""

import threading
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from entrepot.aws.protocol.models import OWN

REGION = "us-east-1"
_session = boto3.session.Session()
_session._session.get_component("data_loader").search_paths.append(str(OWN))  # as AWS_DATA_PATH would
_making = threading.Lock()  # a session makes one client at a time


def client(service: str, url: str, key_id: str, secret: str, token: str | None = None, **given: Any) -> Any:
    """A client that signs with these keys; whoever asks for it closes it."""
    given = {"region_name": REGION, **given}
    keys = {"aws_access_key_id": key_id, "aws_secret_access_key": secret, "aws_session_token": token}
    with _making:
        return _session.client(service, endpoint_url=url, **keys, **given)


def unsigned(service: str, url: str) -> Any:
    """A client that signs nothing: its keys are there so that botocore looks for no others."""
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}, inject_host_prefix=False)
    return client(service, url, "none", "none", config=config)
