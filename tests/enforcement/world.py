"""One account with a thing of every kind, another that is a stranger to it, and callers of each kind of rights."""

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from entrepot.core.needs import Needs
from entrepot.core.signing.platforms import NOTATION
from entrepot.spec import notation
from tests.factories.layouts import Image, image
from tests.factories.processes import REGION, Credentials, Server, create_account
from tests.factories.registry import Registry

ACCOUNT = "000000000000"
STRANGER = "777788889999"
ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NOTHING_HERE = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
TRUST = {"Effect": "Allow", "Principal": {"AWS": [ACCOUNT, STRANGER]}, "Action": ["sts:AssumeRole", "sts:TagSession"]}
_numbers = itertools.count()


def document(*statements: Mapping[str, Any]) -> str:
    """A policy of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Caller:
    """Keys and a registry token for each kind of registry; without keys, nobody."""

    def __init__(self, server: Server, keys: Credentials | None) -> None:
        self.server, self.keys = server, keys
        self._clients: dict[str, Any] = {}
        self.tokens = {"ecr": "", "ecr-public": ""}

    def log_in(self) -> None:
        """Get tokens: for who may."""
        self.tokens["ecr"] = self.server.token(self.keys)
        self.tokens["ecr-public"] = self.server.public_token(self.keys)

    def client(self, service: str) -> Any:
        """A client that signs with the keys, or does not sign."""
        if service not in self._clients:
            server, keys = self.server, self.keys
            self._clients[service] = server.client(service, credentials=keys) if keys else server.unsigned(service)
        return self._clients[service]

    def registry(self, service: str) -> Registry:
        """The registry as this caller sees it."""
        return Registry(self.server, self.tokens[service])


class User(Caller):
    """A user with one key and one policy."""

    def __init__(self, server: Server, iam: Any, name: str, *statements: Mapping[str, Any]) -> None:
        self.iam, self.name = iam, name
        self.arn = iam.create_user(UserName=name)["User"]["Arn"]
        self.account = self.arn.split(":")[4]
        self.put(ANYTHING)
        made = iam.create_access_key(UserName=name)["AccessKey"]
        super().__init__(server, Credentials(made["AccessKeyId"], made["SecretAccessKey"]))
        self.log_in()
        if statements:
            self.put(*statements)
        else:
            iam.delete_user_policy(UserName=name, PolicyName="p")

    def put(self, *statements: Mapping[str, Any]) -> None:
        """What it may do from now on."""
        self.iam.put_user_policy(UserName=self.name, PolicyName="p", PolicyDocument=document(*statements))


class World:
    """The names of what there is, by what the table of permissions and the models call it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.nobody = Caller(server, None)
        self.iam, self.ecr = server.client("iam"), server.client("ecr")
        self.public = server.client("ecr-public")
        self.image: Image = image(1)
        self.stranger = self._stranger()
        self.theirs = server.client("iam", credentials=self.stranger)
        self.names = self._make("world", self.iam, ACCOUNT)
        self.repository = "world/app"
        self.monitoring = server.client("cloudwatch")
        self.trails = server.client("cloudtrail")
        self._watch("world")
        self.names["filter"] = self._filter("world")
        self._keep("world")
        self._sign("world")
        self.push("world/app")
        root = Registry(server)
        self.upload = root.request("POST", "/v2/world/app/blobs/uploads/", b"").headers["Location"].rpartition("/")[2]

    def push(self, name: str) -> None:
        """A private and a public repository of this name, with an image."""
        self.ecr.create_repository(repositoryName=name)
        Registry(self.server).push(name, self.image, "v1")
        uri = self.public.create_repository(repositoryName=name)["repository"]["repositoryUri"]
        self.public_prefix = uri.partition("/")[2].removesuffix(name)
        Registry(self.server, self.server.public_token(None)).push(f"{self.public_prefix}{name}", self.image, "v1")

    def _filter(self, name: str) -> str:
        """The id of a new filter of Inspector's that matches nothing."""
        self.inspector = self.server.client("inspector2")
        criteria = {"vulnerabilityId": [{"comparison": "EQUALS", "value": name}]}
        arn: str = self.inspector.create_filter(name=name, action="NONE", filterCriteria=criteria)["arn"]
        return arn.rpartition("/")[2]

    def _keep(self, name: str) -> None:
        """A key with an alias, what it has encrypted, and a secret."""
        self.kms, self.secrets = self.server.client("kms"), self.server.client("secretsmanager")
        self.names |= {"key_id": self.kms.create_key()["KeyMetadata"]["KeyId"], "key_alias": name, "secret": name}
        self.alias()
        self.ciphertext: bytes = self.kms.encrypt(KeyId=self.names["key_id"], Plaintext=b"text")["CiphertextBlob"]
        self.secrets.create_secret(Name=name, SecretString="nobody is told of it")

    def _sign(self, name: str) -> None:
        """A signing profile, a signature, and a registry that is to sign nothing."""
        self.signer = self.server.client("signer")
        self.signer.put_signing_profile(profileName=name, platformId=NOTATION)
        payload = notation.payload("text/plain", self.image.digest, 1)
        signed = self.signer.sign_payload(profileName=name, payload=payload, payloadFormat=notation.PAYLOAD)
        self.names |= {"signing_profile": name, "signing_job": signed["jobId"]}
        self.ecr.put_signing_configuration(signingConfiguration={"rules": []})

    def alias(self) -> None:
        """See to it that the key has its alias."""
        with suppress(self.kms.exceptions.AlreadyExistsException):
            self.kms.create_alias(AliasName=f"alias/{self.names['key_alias']}", TargetKeyId=self.names["key_id"])

    def _watch(self, name: str) -> None:
        """An alarm and a dashboard of this name."""
        self.trails.create_trail(Name=name, S3BucketName="entrepot")
        self.monitoring.put_metric_alarm(
            AlarmName=name,
            Namespace="World",
            MetricName="Things",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",  # its state is not a matter of time
        )
        self.monitoring.put_dashboard(DashboardName=name, DashboardBody='{"widgets": []}')

    def user(self, *statements: Mapping[str, Any], theirs: bool = False) -> User:
        """A new user, of the stranger's account if it is `theirs`."""
        return User(self.server, self.theirs if theirs else self.iam, f"caller{next(_numbers)}", *statements)

    def named(self, operation: str) -> Mapping[str, str]:
        """The names that an operation is tried with: what IAM would remove is nothing that there is."""
        if not operation.startswith("Delete"):
            return self.names
        return {name: f"absent-{value}" for name, value in self.names.items() if name != "repository"} | {
            **{name: self.names[name] for name in ("repository", "key_id", "key_alias")},
            "provider": "absent.example.com",
            "key": "AKIAABSENTABSENTABSE",
        }

    def filled(self, needs: Needs, operation: str) -> str:
        """The resource that an action is needed on."""
        return needs.on.format(account=ACCOUNT, region=REGION, **self.named(operation))

    def allows(self, operation: str, needs: Iterable[Needs]) -> list[dict[str, Any]]:
        """Statements that allow this and nothing else."""
        return [{"Effect": "Allow", "Action": each.action, "Resource": self.filled(each, operation)} for each in needs]

    def _make(self, name: str, iam: Any, account: str) -> dict[str, str]:
        trust = document(TRUST)
        iam.create_user(UserName=name)
        iam.create_group(GroupName=name)
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.create_policy(PolicyName=name, PolicyDocument=document(NOTHING_HERE))
        iam.create_instance_profile(InstanceProfileName=name)
        iam.create_open_id_connect_provider(Url=f"https://{name}.example.com", ClientIDList=["x"])
        device = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]["SerialNumber"]
        key = iam.create_access_key(UserName=name)["AccessKey"]["AccessKeyId"]
        return {
            **dict.fromkeys(("user", "group", "role", "policy", "profile", "name", "prefix"), name),
            **dict.fromkeys(("bus", "rule", "archive", "replay", "connection", "destination"), name),
            "repository": f"{name}/app",
            "trail": name,
            "alarm": name,
            "dashboard": name,
            "provider": f"{name}.example.com",
            "device": device.rpartition("/")[2],
            "key": key,
            "caller": "caller*",
            "service": "replication.ecr.amazonaws.com",
            "linked": "AWSServiceRoleForECRReplication",
        }

    def _stranger(self) -> Credentials:
        return create_account(self.server, STRANGER)


@contextmanager
def granted(world: World, service: str, actions: list[str]) -> Iterator[None]:
    """The stranger's account may do this to the repository: by the registry's policy, or the public repository's."""
    grant = {"Effect": "Allow", "Principal": {"AWS": STRANGER}, "Action": actions}
    if service == "ecr":
        world.ecr.put_registry_policy(policyText=document({**grant, "Resource": "*"}))
        yield
        world.ecr.delete_registry_policy()
        return
    name = world.names["repository"]
    grant["Action"] = [action for action in actions if action.startswith("ecr-public:")]
    world.public.set_repository_policy(repositoryName=name, policyText=document(grant))
    yield
    try:
        world.public.delete_repository_policy(repositoryName=name)
    except world.public.exceptions.RepositoryPolicyNotFoundException:
        return  # that was what was granted
