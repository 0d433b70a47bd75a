"""Repositories whose keys are at another Key Management Service, of ours and of another make: encrypted there, refused
clearly while the key or its service cannot be used, and whole again afterwards.
"""

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from entrepot.spec import notation
from tests.factories.key_services import ACCOUNT, KeyHouse, moto_keys, our_keys
from tests.factories.layouts import Image, image
from tests.factories.origins import origin
from tests.factories.processes import Credentials, Server, create_account, serve
from tests.factories.registry import Registry
from tests.factories.waiting import wait
from tests.operation.commands import Ended, entrepot

REGIONS = "us-east-1,eu-west-1"
NOTATION = "Notation-OCI-SHA384-ECDSA"
PAYLOAD = notation.payload("application/vnd.oci.image.manifest.v1+json", "sha256:" + "a" * 64, 1)
SIGNED: dict[str, Any] = {"profileName": "far", "payload": PAYLOAD, "payloadFormat": notation.PAYLOAD}
HOUSES = {"ours": our_keys, "moto": moto_keys}


@pytest.fixture(scope="module", params=HOUSES)
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[KeyHouse]:
    with HOUSES[request.param](tmp_path_factory.mktemp(request.param)) as running:
        yield running


@pytest.fixture(scope="module")
def server(house: KeyHouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve(tmp_path_factory.mktemp("far"), environment=house.settings(ENTREPOT_REGIONS=REGIONS)) as running:
        yield running


@pytest.fixture
def key(house: KeyHouse) -> str:
    return str(house.client().create_key()["KeyMetadata"]["Arn"])


def encrypted(server: Server, name: str, key: str) -> Any:
    configuration = {"encryptionType": "KMS", "kmsKey": key}
    made = server.client().create_repository(repositoryName=name, encryptionConfiguration=configuration)
    return made["repository"]["encryptionConfiguration"]


def refused(operation: Any, **given: Any) -> str:
    """The kmsError of a call."""
    with pytest.raises(ClientError) as fault:
        operation(**given)
    assert fault.value.response["Error"]["Code"] == "KmsException", fault.value
    return str(fault.value.response["kmsError"])


def pushed(server: Server, name: str, seed: int) -> Image:
    content = image(seed=seed)
    Registry(server).push(name, content, "v1")
    return content


def status(server: Server) -> dict[str, str]:
    """The states of keys, as an operator sees them."""
    told = entrepot("encryption", "status", "--data", server.data, "--output", "json").result
    return {each["key"]: each["state"] for each in told["keys"]}


def fsck(server: Server) -> Ended:
    """What the check says that may ask services on loopback."""
    return entrepot("fsck", "--data", server.data, "--output", "json", ENTREPOT_OUTBOUND_ALLOW="127.0.0.1")


def is_readable(server: Server, name: str) -> bool:
    return Registry(server).request("GET", f"/v2/{name}/manifests/v1").status == 200


def test_a_repository_is_encrypted_with_a_key_by_its_arn_or_an_alias(server: Server, house: KeyHouse, key: str):
    alias = f"alias/{secrets.token_hex(6)}"
    house.client().create_alias(AliasName=alias, TargetKeyId=key)
    wanted = {"encryptionType": "KMS", "kmsKey": key}
    assert encrypted(server, "by/arn", key) == wanted
    assert encrypted(server, "by/alias", f"{key.rpartition(':')[0]}:{alias}") == wanted
    content = pushed(server, "by/arn", 7001)
    for blob in content.blobs:
        assert Registry(server).pull_blob("by/arn", blob.digest) == blob.data
        (path,) = (server.data / "blobs").rglob(f"{blob.digest.partition(':')[2]}.*")
        assert path.suffix == ".sealed"
        assert blob.data[:64] not in path.read_bytes()
    assert status(server)[key] == "Enabled"
    told = fsck(server)
    assert (told.status, told.result["no key opens"]) == (0, []), told


def test_a_key_that_is_disabled_there_ends_reads_here_and_heals(server: Server, house: KeyHouse, key: str):
    encrypted(server, "disabled", key)
    pushed(server, "disabled", 7002)
    house.client().disable_key(KeyId=key[-36:])
    wait(lambda: not is_readable(server, "disabled"), what="the key is seen to be disabled")
    answer = Registry(server).request("GET", "/v2/disabled/manifests/v1")
    assert (answer.status, b"is disabled" in answer.data) == (403, True), answer.data
    assert refused(server.client().initiate_layer_upload, repositoryName="disabled") == "DisabledException"
    assert status(server)[key] == "Disabled"
    told = fsck(server).result
    assert (told["damaged"], len(told["no key opens"])) == ([], 3)
    house.client().enable_key(KeyId=key[-36:])
    wait(lambda: is_readable(server, "disabled"), what="the key is seen to be enabled")
    assert Registry(server).pull("disabled", "v1")


def test_keys_that_no_repository_can_have_are_refused(server: Server, house: KeyHouse, key: str):
    there, create = house.client(), server.client().create_repository
    off = there.create_key()["KeyMetadata"]["Arn"]
    there.disable_key(KeyId=off[-36:])
    dying = there.create_key()["KeyMetadata"]["Arn"]
    there.schedule_key_deletion(KeyId=dying[-36:], PendingWindowInDays=7)
    pair = there.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    absent = f"{key[:-12]}{'0' * 12}"
    elsewhere = house.client("eu-west-1").create_key()["KeyMetadata"]["Arn"]
    for named, told in (
        (off, "DisabledException"),
        (dying, "KMSInvalidStateException"),
        (pair, "InvalidKeyUsageException"),
        (absent, "NotFoundException"),
        (elsewhere, "NotFoundException"),
    ):
        configuration = {"encryptionType": "KMS", "kmsKey": named}
        assert refused(create, repositoryName="no", encryptionConfiguration=configuration) == told, named


def test_an_account_that_no_setting_names_may_not_use_the_keys(server: Server, key: str):
    stranger = server.client(credentials=create_account(server, "222233334444"))
    configuration = {"encryptionType": "KMS", "kmsKey": key}
    told = refused(stranger.create_repository, repositoryName="no", encryptionConfiguration=configuration)
    assert told == "AccessDeniedException"


def test_identity_policies_say_who_gives_a_key_to_a_repository(server: Server, key: str):
    iam, name = server.client("iam"), f"far-{key[-12:]}"
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    create = server.client(credentials=Credentials(made["AccessKeyId"], made["SecretAccessKey"])).create_repository
    given = {
        "repositoryName": f"by/{key[-12:]}",
        "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": key},
    }

    def allow(*actions: str) -> None:
        via = {"StringEquals": {"kms:ViaService": "ecr.us-east-1.amazonaws.com"}}
        ecr = {"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}
        kms = {"Effect": "Allow", "Action": ["kms:DescribeKey", *actions], "Resource": key, "Condition": via}
        document = json.dumps({"Version": "2012-10-17", "Statement": [ecr, kms]})
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document)

    allow()
    assert refused(create, **given) == "AccessDeniedException"
    allow("kms:CreateGrant")
    assert create(**given)["repository"]["encryptionConfiguration"]["kmsKey"] == key


def test_what_is_done_with_a_key_there_is_told_here(server: Server, key: str):
    encrypted(server, "told", key)
    pushed(server, "told", 7003)
    trail = server.client("cloudtrail")

    def found() -> list[dict[str, Any]]:
        given = [{"AttributeKey": "EventName", "AttributeValue": "GenerateDataKey"}]
        events = trail.lookup_events(LookupAttributes=given)["Events"]
        told = [json.loads(each["CloudTrailEvent"])["requestParameters"] for each in events]
        return [each for each in told if each["keyId"] == key]

    wait(lambda: len(found()) == 3, 30, "one for each blob")
    context = {"aws:ecr:arn": "arn:aws:ecr:us-east-1:000000000000:repository/told"}
    assert all(each["encryptionContext"] == context for each in found())


def test_a_template_makes_repositories_with_a_key_there(server: Server, key: str):
    trust = {"Effect": "Allow", "Principal": {"Service": "ecr.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam, ecr = server.client("iam"), server.client()
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=f"far-{key[-12:]}", AssumeRolePolicyDocument=policy)["Role"]
    rights = {"Effect": "Allow", "Action": ["ecr:*", "kms:DescribeKey", "kms:CreateGrant"], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="keys", PolicyDocument=document)
    ecr.create_repository_creation_template(
        prefix=f"made-{key[-12:]}",
        appliedFor=["CREATE_ON_PUSH"],
        encryptionConfiguration={"encryptionType": "KMS", "kmsKey": key},
        customRoleArn=role["Arn"],
    )
    content = pushed(server, f"made-{key[-12:]}/app", 7004)
    (made,) = ecr.describe_repositories(repositoryNames=[f"made-{key[-12:]}/app"])["repositories"]
    assert made["encryptionConfiguration"]["kmsKey"] == key
    assert Registry(server).pull_blob(f"made-{key[-12:]}/app", content.layers[0].digest) == content.layers[0].data


def test_what_is_replicated_is_encrypted_with_the_destinations_key(server: Server, house: KeyHouse):
    far = str(house.client("eu-west-1").create_key()["KeyMetadata"]["Arn"])
    configuration = {"encryptionType": "KMS", "kmsKey": far}
    there = server.client(region="eu-west-1")
    there.create_repository(repositoryName="replicated", encryptionConfiguration=configuration)
    server.client().create_repository(repositoryName="replicated")
    rule = {
        "destinations": [{"region": "eu-west-1", "registryId": "000000000000"}],
        "repositoryFilters": [{"filter": "replicated", "filterType": "PREFIX_MATCH"}],
    }
    server.client().put_replication_configuration(replicationConfiguration={"rules": [rule]})
    content = pushed(server, "replicated", 7007)
    given = {"repositoryName": "replicated", "imageIds": [{"imageDigest": content.digest}]}
    wait(lambda: there.batch_get_image(**given)["images"], 40, "the image is in the other region")
    (layer, *_) = content.layers
    copies = sorted((server.data / "blobs").rglob(f"{layer.digest.partition(':')[2]}.*"))
    assert [path.suffix == ".sealed" for path in copies].count(True) == 1
    assert Registry(server).pull_blob("000000000000/eu-west-1/replicated", layer.digest) == layer.data


def test_a_payload_is_signed_there_and_refused_while_the_key_is_disabled(server: Server, house: KeyHouse):
    pair = house.client().create_key(KeySpec="ECC_NIST_P384", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    signer = server.client("signer")
    named = {"profileName": "far", "platformId": NOTATION, "signingParameters": {"kmsKeyArn": pair}}
    signer.put_signing_profile(**named)
    assert signer.sign_payload(**SIGNED)["signature"]
    house.client().disable_key(KeyId=pair[-36:])

    def refusal() -> tuple[str, str]:
        try:
            signer.sign_payload(**SIGNED)
        except ClientError as fault:
            return fault.response["Error"]["Code"], fault.response["Error"]["Message"]
        return "", ""

    wait(lambda: refusal()[0], what="the key is seen to be disabled")
    code, message = refusal()
    assert (code, "cannot be used" in message) == ("ValidationException", True), message
    with pytest.raises(ClientError, match="ValidationException"):
        signer.put_signing_profile(**named)
    house.client().enable_key(KeyId=pair[-36:])
    wait(lambda: not refusal()[0], what="the key is seen to be enabled")


def test_no_log_has_what_signs_or_opens(server: Server, house: KeyHouse):
    log = server.log.read_bytes()
    assert house.secret.encode() not in log
    assert b"Plaintext" not in log


def test_a_service_that_is_gone_is_waited_for_and_nothing_breaks(tmp_path: Path):
    with our_keys(tmp_path / "keys") as there:
        settings = there.settings(ENTREPOT_WORKERS="1")
        port = None if there.server is None else there.server.port
        key = str(there.client().create_key()["KeyMetadata"]["Arn"])
        pair = str(there.client().create_key(KeySpec="ECC_NIST_P384", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"])
        with serve(tmp_path / "far", environment=settings) as server:
            encrypted(server, "app", key)
            content = pushed(server, "app", 7005)
            parameters = {"kmsKeyArn": pair}
            server.client("signer").put_signing_profile(
                profileName="far", platformId=NOTATION, signingParameters=parameters
            )
            assert there.server is not None
            there.server.kill()
            assert Registry(server).pull("app", "v1"), "what is open is read on"
            assert refused(server.client().initiate_layer_upload, repositoryName="app") == "KeyUnavailableException"
            with pytest.raises(ClientError, match="InternalServiceErrorException"):
                server.client("signer").sign_payload(**SIGNED)
            wait(lambda: status(server)[key] == "Unreachable", what="the service is seen to be gone")
    with serve(tmp_path / "far", environment=settings) as server:
        registry, layer = Registry(server), content.layers[0]
        answer = registry.request("GET", f"/v2/app/blobs/{layer.digest}")
        assert (answer.status, b"UNAVAILABLE" in answer.data) == (503, True), answer.data
        told = fsck(server).result
        assert (told["damaged"], len(told["no key opens"])) == ([], 3)
        with our_keys(tmp_path / "keys", port):
            wait(lambda: registry.request("GET", f"/v2/app/blobs/{layer.digest}").status == 200, what="it is back")
            assert registry.pull_blob("app", layer.digest) == layer.data
            told = fsck(server)
            assert (told.status, told.result["no key opens"]) == (0, []), told
            wait(lambda: status(server)[key] == "Enabled", what="the service is seen to be back")


def test_without_its_setting_a_key_is_refused_by_name(tmp_path: Path):
    with our_keys(tmp_path / "keys") as there:
        key = str(there.client().create_key()["KeyMetadata"]["Arn"])
        with serve(tmp_path / "far", environment=there.settings()) as server:
            encrypted(server, "app", key)
            pushed(server, "app", 7006)
        with serve(tmp_path / "far") as server:
            wait(lambda: status(server)[key] == "NoEndpoint", 40, "the setting is seen to be gone")
            answer = Registry(server).request("GET", "/v2/app/manifests/v1")
            assert (answer.status, b"kms_endpoints" in answer.data) == (403, True), answer.data


def test_a_service_that_hangs_holds_up_nobody_else(tmp_path: Path):
    def hang(_: BaseHTTPRequestHandler) -> None:
        there.closing.wait(20)

    with origin(tmp_path / "hanging", tls=False) as there, ThreadPoolExecutor(1) as beside:
        there.answers["/"] = hang
        house = KeyHouse(there.url("", "127.0.0.1"), ACCOUNT, "AKIAHANGING0000000000", "secret", tmp_path)
        with serve(tmp_path / "far", environment=house.settings(ENTREPOT_WORKERS="1")) as server:
            configuration = {"encryptionType": "KMS", "kmsKey": f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/slow"}
            create = server.client().create_repository
            waiting = beside.submit(refused, create, repositoryName="app", encryptionConfiguration=configuration)
            wait(lambda: there.asked, what="the service is asked")
            assert server.client("sts").get_caller_identity()["Account"] == "000000000000"
            assert not waiting.done(), "the other call was answered while this one waits"
            assert waiting.result(20) == "KeyUnavailableException"
            there.closing.set()
