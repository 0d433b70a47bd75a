"""Key services of somebody else: another server of ours with its keys, or moto's, each in a process of its own.

Owns no assertions.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.factories import clients
from tests.factories.moto_server import moto_server
from tests.factories.processes import REGION, Server, free_port, serve

ACCOUNT = "111122223333"
"""The account of the keys at our own other server."""


@dataclass
class KeyHouse:
    """A key service: where it is, whose keys it has, what signs; `server` is the process, of one of ours."""

    url: str
    account: str
    key_id: str
    secret: str = field(repr=False)
    path: Path
    server: Server | None = None
    resources: contextlib.ExitStack = field(default_factory=contextlib.ExitStack, repr=False)

    def client(self, region: str = REGION) -> Any:
        """What manages the keys there."""
        made = clients.client("kms", self.url, self.key_id, self.secret, region_name=region)
        self.resources.callback(made.close)
        return made

    def settings(self, **further: str) -> dict[str, str]:
        """The environment of a server that uses these keys."""
        credentials = self.path / "kms-credentials"
        keys = f"aws_access_key_id = {self.key_id}\naws_secret_access_key = {self.secret}\n"
        credentials.write_text(
            f"[default]\naws_access_key_id = none\naws_secret_access_key = none\n[{self.account}]\n{keys}"
        )
        beginnings = [f"arn:aws:kms:{region}:{self.account}:" for region in (REGION, "eu-west-1")]
        return {
            "ENTREPOT_KMS_ENDPOINTS": ",".join(f"{each}={self.url}" for each in beginnings),
            "ENTREPOT_KMS_USERS": ",".join(f"{each}=000000000000" for each in beginnings),
            "ENTREPOT_KMS_CREDENTIALS": str(credentials),
            "ENTREPOT_KMS_CHECK_SECONDS": "0.2",
            "ENTREPOT_OUTBOUND_ALLOW": "127.0.0.1",
            **further,
        }


@contextlib.contextmanager
def moto_keys(path: Path) -> Iterator[KeyHouse]:
    """Keys of moto."""
    path.mkdir(parents=True, exist_ok=True)
    with moto_server("127.0.0.1") as moto:
        made = KeyHouse(moto.url, "123456789012", "AKIATESTSOFKEYS00000", "canary-secret-of-keys", path)
        with made.resources:
            yield made


@contextlib.contextmanager
def our_keys(path: Path, port: int | None = None) -> Iterator[KeyHouse]:
    """Keys of another server of ours; at the same path again it has the same ones."""
    path.mkdir(parents=True, exist_ok=True)
    extra, regions = ("--account-id", ACCOUNT), {"ENTREPOT_REGIONS": f"{REGION},eu-west-1"}
    with serve(path, port=port or free_port(), extra=extra, environment=regions) as server:
        keys = server.credentials
        made = KeyHouse(server.base_url, ACCOUNT, keys.access_key_id, keys.secret_access_key, path, server)
        with made.resources:
            yield made
