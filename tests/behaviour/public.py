"""What tests of the public registry share: repositories in it, who pushes to it, and anybody."""

import base64
import itertools
import json
from collections.abc import Callable
from typing import Any

from tests.behaviour.identities import Iam
from tests.factories.processes import Credentials, Server
from tests.factories.registry import Registry

ACCOUNT = "000000000000"
PUSH = (
    "BatchCheckLayerAvailability",
    "InitiateLayerUpload",
    "UploadLayerPart",
    "CompleteLayerUpload",
    "PutImage",
)
TOKEN = ("ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken")
_numbers = itertools.count()


class PublicRegistry:
    """The default account's public registry, as its root."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.api = server.client("ecr-public")
        self.iam = Iam(server)

    def repository(self, **given: Any) -> str:
        """The name of a new repository."""
        name = f"public/r{next(_numbers)}"
        self.api.create_repository(repositoryName=name, **given)
        return name

    @property
    def alias(self) -> str:
        """The default alias: what addresses begin with after `public.ecr/`."""
        self.repository()
        (registry,) = self.api.describe_registries()["registries"]
        return str(registry["aliases"][0]["name"])

    def token(self, credentials: Credentials | None = None) -> str:
        """A registry password, from GetAuthorizationToken."""
        return password(self.server.client("ecr-public", credentials=credentials))

    def anybody(self) -> Registry:
        """Who sends no credentials."""
        return Registry(self.server, "")

    def user(self, *actions: str, deny: tuple[str, ...] = ()) -> Credentials:
        """The keys of a new user who may do this, and may not do that."""
        name = self.iam.user()
        allow = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        denied = [{"Effect": "Deny", "Action": list(deny), "Resource": "*"}] if deny else []
        document = json.dumps({"Version": "2012-10-17", "Statement": [allow, *denied] if actions else denied})
        self.iam.api.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
        made = self.iam.api.create_access_key(UserName=name)["AccessKey"]
        return Credentials(made["AccessKeyId"], made["SecretAccessKey"])


def password(client: Any) -> str:
    """What `aws ecr-public get-login-password` prints."""
    encoded = client.get_authorization_token()["authorizationData"]["authorizationToken"]
    user, _, found = base64.b64decode(encoded).decode().partition(":")
    assert user == "AWS"
    return found


def answer_of(operation: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
    """An answer without the metadata of the response."""
    return {name: value for name, value in operation(**parameters).items() if name != "ResponseMetadata"}
