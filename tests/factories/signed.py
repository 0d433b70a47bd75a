"""Requests to the AWS door below boto3: any bytes as body, signed by botocore, and the error that comes back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import urllib3
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.factories.processes import REGION, Server

TARGET = "AmazonEC2ContainerRegistry_V20150921"


@dataclass(frozen=True)
class Reply:
    """What came back: status, headers, the body, and for JSON its document."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The JSON body."""
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def code(self) -> str:
        """The code of a JSON error."""
        return str(self.document["__type"])

    @property
    def message(self) -> str:
        """The words of a JSON error."""
        return str(self.document["message"])


class Wire:
    """Sends to one server; each connection is used again, as SDKs do."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._pool = urllib3.PoolManager(retries=False, timeout=20, maxsize=4)
        server.resources.callback(self._pool.clear)

    def credentials(self, token: str | None = None) -> Credentials:
        """The root keys."""
        keys = self.server.credentials
        return Credentials(keys.access_key_id, keys.secret_access_key, token)

    def signed(
        self,
        operation: str,
        body: bytes,
        *,
        headers: Mapping[str, str] | None = None,
        service: str = "ecr",
        region: str = REGION,
        credentials: Credentials | None = None,
    ) -> AWSRequest:
        """A call of an ECR operation, signed but not sent."""
        names = {"X-Amz-Target": f"{TARGET}.{operation}", "Content-Type": "application/x-amz-json-1.1"}
        given = {**names, **(headers or {})}
        return self.posted("/", body, headers=given, service=service, region=region, credentials=credentials)

    def posted(
        self,
        path: str,
        body: bytes,
        *,
        headers: Mapping[str, str],
        service: str,
        region: str = REGION,
        credentials: Credentials | None = None,
    ) -> AWSRequest:
        """Any body to any path, signed but not sent."""
        request = AWSRequest("POST", f"{self.server.base_url}{path}", headers=dict(headers), data=body)
        SigV4Auth(credentials or self.credentials(), service, region).add_auth(request)
        return request

    def presigned(self, method: str, target: str, service: str = "sts", expires: int = 60) -> str:
        """The URL of a request signed in its query."""
        request = AWSRequest(method, f"{self.server.base_url}{target}")
        SigV4QueryAuth(self.credentials(), service, REGION, expires=expires).add_auth(request)
        return str(request.url)

    def call(self, operation: str, body: bytes, **how: Any) -> Reply:
        """A call of an ECR operation."""
        return self.send(self.signed(operation, body, **how))

    def send(self, request: AWSRequest) -> Reply:
        """A signed request as it is."""
        data = request.data if isinstance(request.data, bytes) else str(request.data or "").encode()
        return self.request(request.method, request.url, data, dict(request.headers.items()))

    def request(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Anything."""
        parts = urlsplit(url)
        target = url if parts.netloc else f"{self.server.base_url}{url}"
        answer = self._pool.request(method, target, body=body, headers=dict(headers or {}), redirect=False)
        return Reply(answer.status, answer.headers, answer.data)
