"""Who takes part: a server, a provider, roles that trust it."""

from typing import Any

from tests.behaviour.identities import ACCOUNT, Iam
from tests.behaviour.sessions import Role, allow, keys_of, of, trust
from tests.factories.issuers import AUDIENCE, Issuer
from tests.factories.processes import Credentials, Server

ACTION = "sts:AssumeRoleWithWebIdentity"
LOGIN = allow("ecr:GetAuthorizationToken")


def register(server: Server, provider: Issuer) -> None:
    """Make a provider known to the default account."""
    server.client("iam").create_open_id_connect_provider(
        Url=provider.url, ClientIDList=[AUDIENCE, "other-client"], ThumbprintList=["0" * 40]
    )


class Federation:
    """Roles for whom the provider vouches."""

    def __init__(self, server: Server, provider: Issuer, iam: Iam) -> None:
        self.server, self.provider, self.iam = server, provider, iam
        self.arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{provider.name}"
        self.sts = server.unsigned("sts")

    def trusting(self, **conditions: Any) -> dict[str, Any]:
        """A statement that trusts the provider under conditions on its keys: `sub="StringLike:repo:*"`."""
        found: dict[str, dict[str, str]] = {}
        for key, wanted in conditions.items():
            operator, _, value = wanted.partition(":")
            found.setdefault(operator, {})[f"{self.provider.name}:{key}"] = value
        more = {"Condition": found} if found else {}
        return trust({"Federated": self.arn}, [ACTION, "sts:TagSession", "sts:SetSourceIdentity"], **more)

    def role(self, *statements: Any, trusted: Any = None, **given: Any) -> Role:
        """A role that by default trusts whomever the provider vouches for."""
        return Role(self.iam, *statements, trusted=[trusted or self.trusting()], **given)

    def pusher(self, repository: str, **conditions: Any) -> Role:
        """A role that may push to a repository."""
        self.server.client().create_repository(repositoryName=repository)
        return self.role(LOGIN, allow("ecr:*", of(repository)), trusted=self.trusting(**conditions))

    def ask(self, role_arn: str, token: str, name: str = "run-7", **given: Any) -> dict[str, Any]:
        """The answer to AssumeRoleWithWebIdentity."""
        answer: dict[str, Any] = self.sts.assume_role_with_web_identity(
            RoleArn=role_arn, RoleSessionName=name, WebIdentityToken=token, **given
        )
        return answer

    def assume(self, role: Role, token: str | None = None, **given: Any) -> Credentials:
        """Credentials for a token, by default a good one."""
        return keys_of(self.ask(role.arn, token or self.provider.token(), **given))
