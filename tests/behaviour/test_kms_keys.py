"""Keys through boto3: what is encrypted comes back to who may have it, and to nobody else."""

import base64
import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from tests.behaviour.callers import User, allow, deny, policy
from tests.behaviour.identities import ACCOUNT, refusal
from tests.factories.processes import Server

PLACE = f"arn:aws:kms:us-east-1:{ACCOUNT}"
TEXT = b"canary-of-keys"
ABSENT = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="session")
def kms(server: Server) -> Any:
    return server.client("kms")


@pytest.fixture
def key(kms: Any) -> str:
    return str(kms.create_key()["KeyMetadata"]["KeyId"])


def key_policy(*statements: dict[str, Any]) -> str:
    return policy(*({"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, **each} for each in statements))


def test_a_key_is_described_listed_and_named_by_aliases(kms: Any):
    made = kms.create_key(Description="for tests", Tags=[{"TagKey": "team", "TagValue": "a"}])["KeyMetadata"]
    key, alias = made["KeyId"], f"alias/named-{made['KeyId']}"
    assert made["Arn"] == f"{PLACE}:key/{key}"
    assert (made["KeyState"], made["Enabled"], made["KeyManager"]) == ("Enabled", True, "CUSTOMER")
    assert (made["KeySpec"], made["EncryptionAlgorithms"]) == ("SYMMETRIC_DEFAULT", ["SYMMETRIC_DEFAULT"])
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    for named in (key, made["Arn"], alias, f"{PLACE}:{alias}"):
        found = kms.describe_key(KeyId=named)["KeyMetadata"]
        assert (found["KeyId"], found["Description"]) == (key, "for tests")
    pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 1})
    assert key in [each["KeyId"] for page in pages for each in page["Keys"]]
    (listed,) = kms.list_aliases(KeyId=key)["Aliases"]
    assert (listed["AliasArn"], listed["TargetKeyId"]) == (f"{PLACE}:{alias}", key)
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "team", "TagValue": "a"}]
    assert refusal(kms.create_alias, AliasName=alias, TargetKeyId=key)[0] == "AlreadyExistsException"
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=alias, TargetKeyId=other)
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"] == other
    kms.delete_alias(AliasName=alias)
    assert refusal(kms.describe_key, KeyId=alias) == ("NotFoundException", f"Alias {PLACE}:{alias} does not exist")
    assert refusal(kms.describe_key, KeyId=ABSENT)[0] == "NotFoundException"
    assert refusal(kms.create_alias, AliasName="alias/aws/own", TargetKeyId=key)[0] == "InvalidAliasNameException"


def test_tags_and_description_are_changed(kms: Any, key: str):
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "1"}, {"TagKey": "b", "TagValue": "2"}])
    kms.untag_resource(KeyId=key, TagKeys=["a", "absent"])
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "b", "TagValue": "2"}]
    reserved = [{"TagKey": "aws:x", "TagValue": "1"}]
    assert refusal(kms.tag_resource, KeyId=key, Tags=reserved)[0] == "TagException"
    kms.update_key_description(KeyId=key, Description="new")
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "new"


def test_what_is_encrypted_is_decrypted_in_its_context_only(kms: Any, key: str):
    context = {"b": "2", "a": "1"}
    made = kms.encrypt(KeyId=key, Plaintext=TEXT, EncryptionContext=context)
    blob = made["CiphertextBlob"]
    assert (made["KeyId"], TEXT in blob) == (f"{PLACE}:key/{key}", False)
    found = kms.decrypt(CiphertextBlob=blob, EncryptionContext=dict(sorted(context.items())))
    assert (found["Plaintext"], found["KeyId"]) == (TEXT, f"{PLACE}:key/{key}")
    for other in ({}, {"a": "1"}, {"a": "1", "b": "3"}, {"a": "12", "b": ""}):
        refused = refusal(kms.decrypt, CiphertextBlob=blob, EncryptionContext=other)
        assert refused[0] == "InvalidCiphertextException"
    other_key = kms.create_key()["KeyMetadata"]["KeyId"]
    wrong = {"CiphertextBlob": blob, "EncryptionContext": context, "KeyId": other_key}
    assert refusal(kms.decrypt, **wrong)[0] == "IncorrectKeyException"
    assert refusal(kms.decrypt, CiphertextBlob=b"not one of ours")[0] == "InvalidCiphertextException"
    assert (
        kms.encrypt(KeyId=key, Plaintext=TEXT)["CiphertextBlob"]
        != kms.encrypt(KeyId=key, Plaintext=TEXT)["CiphertextBlob"]
    )
    again = kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext=context, DestinationKeyId=other_key)
    found = kms.decrypt(CiphertextBlob=again["CiphertextBlob"])
    assert (found["Plaintext"], found["KeyId"]) == (TEXT, f"{PLACE}:key/{other_key}")


def test_data_keys_and_random_bytes_have_the_length_asked_for(kms: Any, key: str):
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext={"for": "this"})
    assert len(made["Plaintext"]) == 32
    opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext={"for": "this"})
    assert opened["Plaintext"] == made["Plaintext"]
    hidden = kms.generate_data_key_without_plaintext(KeyId=key, NumberOfBytes=17)
    assert "Plaintext" not in hidden
    assert len(kms.decrypt(CiphertextBlob=hidden["CiphertextBlob"])["Plaintext"]) == 17
    assert len(kms.generate_random(NumberOfBytes=24)["Plaintext"]) == 24
    both = {"KeyId": key, "KeySpec": "AES_256", "NumberOfBytes": 3}
    assert refusal(kms.generate_data_key, **both)[0] == "ValidationException"
    assert refusal(kms.encrypt, KeyId=key, Plaintext=TEXT, DryRun=True)[0] == "DryRunOperationException"


def test_a_disabled_key_does_nothing_until_it_is_enabled(kms: Any, key: str):
    blob = kms.encrypt(KeyId=key, Plaintext=TEXT)["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    refused = ("DisabledException", f"{PLACE}:key/{key} is disabled.")
    assert refusal(kms.decrypt, CiphertextBlob=blob) == refused
    assert refusal(kms.encrypt, KeyId=key, Plaintext=TEXT) == refused
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == TEXT


def test_rotation_decrypts_what_was_encrypted_before(kms: Any, key: str):
    first = kms.encrypt(KeyId=key, Plaintext=TEXT)["CiphertextBlob"]
    before = kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    kms.rotate_key_on_demand(KeyId=key)
    after = kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    second = kms.encrypt(KeyId=key, Plaintext=TEXT)["CiphertextBlob"]
    opened = [kms.decrypt(CiphertextBlob=blob) for blob in (first, second)]
    assert [(each["Plaintext"], each["KeyMaterialId"]) for each in opened] == [(TEXT, before), (TEXT, after)]
    (listed,) = kms.get_paginator("list_key_rotations").paginate(KeyId=key).build_full_result()["Rotations"]
    assert (listed["RotationType"], listed["KeyMaterialId"]) == ("ON_DEMAND", after)
    everything = kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert [each["KeyMaterialState"] for each in everything] == ["NON_CURRENT", "CURRENT"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=180)
    status = kms.get_key_rotation_status(KeyId=key)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 180)
    kms.disable_key_rotation(KeyId=key)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


def test_a_key_that_waits_for_its_end_does_nothing_and_can_be_kept(kms: Any, key: str):
    answer = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert answer["KeyState"] == "PendingDeletion"
    refused = ("KMSInvalidStateException", f"{PLACE}:key/{key} is pending deletion.")
    assert refusal(kms.encrypt, KeyId=key, Plaintext=TEXT) == refused
    assert refusal(kms.enable_key, KeyId=key) == refused
    described = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert described["DeletionDate"] == answer["DeletionDate"]
    assert (answer["DeletionDate"] - described["CreationDate"]).days >= 6
    kms.cancel_key_deletion(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"
    assert refusal(kms.cancel_key_deletion, KeyId=key)[0] == "KMSInvalidStateException"
    assert refusal(kms.schedule_key_deletion, KeyId=key, PendingWindowInDays=6)[0] == "ValidationException"


def test_the_key_policy_is_the_root_of_authority(kms: Any, server: Server, user: User):
    own = server.client("kms", credentials=user.keys)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert refusal(own.describe_key, KeyId=key)[0] == "AccessDeniedException"
    user.put("p", allow("kms:*"))
    assert own.describe_key(KeyId=key)["KeyMetadata"]["KeyId"] == key  # the default policy lets identity policies
    named = {"Principal": {"AWS": user.arn}, "Effect": "Allow", "Action": "kms:*", "Resource": "*"}
    kms.put_key_policy(KeyId=key, Policy=policy(named), BypassPolicyLockoutSafetyCheck=True)
    assert refusal(kms.describe_key, KeyId=key)[0] == "AccessDeniedException"  # also the root
    user.put("p", deny("kms:Encrypt"))
    assert own.describe_key(KeyId=key)["KeyMetadata"]["KeyId"] == key  # without an identity policy
    assert refusal(own.encrypt, KeyId=key, Plaintext=TEXT)[0] == "AccessDeniedException"
    assert json.loads(own.get_key_policy(KeyId=key)["Policy"])["Statement"][0]["Principal"] == {"AWS": user.arn}
    assert own.list_key_policies(KeyId=key)["PolicyNames"] == ["default"]
    locked = policy({**named, "Action": "kms:Decrypt"})
    assert refusal(own.put_key_policy, KeyId=key, Policy=locked)[0] == "MalformedPolicyDocumentException"
    nobody = policy({**named, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/absent"}})
    assert refusal(own.put_key_policy, KeyId=key, Policy=nobody)[0] == "MalformedPolicyDocumentException"


def test_conditions_look_at_the_encryption_context(kms: Any, server: Server, user: User):
    own = server.client("kms", credentials=user.keys)
    condition = {"StringEquals": {"kms:EncryptionContext:team": "a"}}
    statements: list[dict[str, Any]] = [
        {"Effect": "Allow", "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*", "Principal": {"AWS": user.arn}}
        | {"Condition": condition},
    ]
    key = kms.create_key(Policy=key_policy(*statements))["KeyMetadata"]["KeyId"]
    assert own.encrypt(KeyId=key, Plaintext=TEXT, EncryptionContext={"team": "a"})["KeyId"]
    for other in ({"team": "b"}, {}):
        refused = refusal(own.encrypt, KeyId=key, Plaintext=TEXT, EncryptionContext=other)
        assert refused[0] == "AccessDeniedException"


def test_a_grant_lets_its_grantee_until_it_is_revoked_or_retired(kms: Any, server: Server, user: User):
    own, key = server.client("kms", credentials=user.keys), kms.create_key()["KeyMetadata"]["KeyId"]
    given = {
        "KeyId": key,
        "GranteePrincipal": user.arn,
        "RetiringPrincipal": user.arn,
        "Operations": ["Encrypt", "Decrypt"],
        "Constraints": {"EncryptionContextSubset": {"team": "a"}},
        "Name": "n",
    }
    named = {"KeyId": key, "Plaintext": TEXT}
    assert refusal(own.encrypt, **named, EncryptionContext={"team": "a"})[0] == "AccessDeniedException"
    assert refusal(kms.create_grant, **given, DryRun=True)[0] == "DryRunOperationException"
    made = kms.create_grant(**given)
    assert kms.create_grant(**given)["GrantId"] == made["GrantId"]
    context = {"team": "a", "more": "x"}
    blob = own.encrypt(KeyId=key, Plaintext=TEXT, EncryptionContext=context, GrantTokens=[made["GrantToken"]])
    assert own.decrypt(CiphertextBlob=blob["CiphertextBlob"], EncryptionContext=context)["Plaintext"] == TEXT
    assert refusal(own.encrypt, **named, EncryptionContext={"team": "b"})[0] == "AccessDeniedException"
    assert refusal(own.describe_key, KeyId=key)[0] == "AccessDeniedException"
    wrong = {"KeyId": key, "Plaintext": TEXT, "GrantTokens": ["bm90IG9uZQ=="]}
    assert refusal(kms.encrypt, **wrong)[0] == "InvalidGrantTokenException"
    (listed,) = kms.get_paginator("list_grants").paginate(KeyId=key).build_full_result()["Grants"]
    assert (listed["GrantId"], listed["GranteePrincipal"], listed["Name"]) == (made["GrantId"], user.arn, "n")
    assert listed["Constraints"] == given["Constraints"]
    (retirable,) = kms.list_retirable_grants(RetiringPrincipal=user.arn)["Grants"]
    assert retirable["GrantId"] == made["GrantId"]
    own.retire_grant(GrantToken=made["GrantToken"])
    assert refusal(own.encrypt, KeyId=key, Plaintext=TEXT, EncryptionContext=context)[0] == "AccessDeniedException"
    equals = {"EncryptionContextEquals": {"team": "a"}}
    exact = kms.create_grant(**{**given, "Constraints": equals})["GrantId"]
    assert refusal(own.encrypt, KeyId=key, Plaintext=TEXT, EncryptionContext=context)[0] == "AccessDeniedException"
    assert own.encrypt(KeyId=key, Plaintext=TEXT, EncryptionContext={"team": "a"})["KeyId"]
    kms.revoke_grant(KeyId=key, GrantId=exact)
    assert kms.list_grants(KeyId=key)["Grants"] == []
    assert refusal(kms.revoke_grant, KeyId=key, GrantId=exact)[0] == "NotFoundException"


def test_who_may_give_on_by_a_grant_gives_no_more_than_that(kms: Any, server: Server, user: User):
    own, key = server.client("kms", credentials=user.keys), kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_grant(KeyId=key, GranteePrincipal=user.arn, Operations=["CreateGrant", "Encrypt"])
    to = {"KeyId": key, "GranteePrincipal": f"arn:aws:iam::{ACCOUNT}:root"}
    assert own.create_grant(**to, Operations=["Encrypt"])["GrantId"]
    assert refusal(own.create_grant, **to, Operations=["Encrypt", "Decrypt"])[0] == "AccessDeniedException"


@pytest.mark.parametrize(
    ("spec", "algorithm"),
    [
        ("RSA_2048", "RSASSA_PSS_SHA_256"),
        ("RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512"),
        ("ECC_NIST_P256", "ECDSA_SHA_256"),
        ("ECC_NIST_P384", "ECDSA_SHA_384"),
    ],
)
def test_signatures_are_verified_here_and_with_the_public_key(kms: Any, spec: str, algorithm: str):
    key = kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    assert algorithm in key["SigningAlgorithms"]
    named = {"KeyId": key["KeyId"], "SigningAlgorithm": algorithm}
    how = getattr(hashes, f"SHA{algorithm[-3:]}")()
    signature = kms.sign(**named, Message=TEXT)["Signature"]
    digest = hashlib.new(f"sha{algorithm[-3:]}", TEXT).digest()
    assert kms.verify(**named, Message=digest, MessageType="DIGEST", Signature=signature)["SignatureValid"] is True
    wrong = refusal(kms.verify, **named, Message=b"other", Signature=signature)
    assert wrong[0] == "KMSInvalidSignatureException"
    assert refusal(kms.sign, **named, Message=b"short", MessageType="DIGEST")[0] == "ValidationException"
    public = serialization.load_der_public_key(kms.get_public_key(KeyId=key["KeyId"])["PublicKey"])
    if isinstance(public, rsa.RSAPublicKey):
        pss = padding.PSS(padding.MGF1(how), how.digest_size)
        public.verify(signature, TEXT, pss if "PSS" in algorithm else padding.PKCS1v15(), how)
    else:
        assert isinstance(public, ec.EllipticCurvePublicKey)
        public.verify(signature, TEXT, ec.ECDSA(how))
    assert refusal(kms.encrypt, KeyId=key["KeyId"], Plaintext=TEXT)[0] == "InvalidKeyUsageException"


@pytest.mark.parametrize(
    "given",
    [
        {"MultiRegion": True},
        {"Origin": "EXTERNAL"},
        {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
        {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"},
        {"CustomKeyStoreId": "cks-1"},
    ],
)
def test_what_keys_cannot_be_here_is_refused_by_its_name(kms: Any, given: dict[str, Any]):
    code, message = refusal(kms.create_key, **given)
    assert code == "UnsupportedOperationException"
    assert "not supported" in message


def test_a_key_of_another_region_is_not_here(kms: Any, server: Server, key: str):
    there = server.client("kms", region="eu-west-1")
    blob = kms.encrypt(KeyId=key, Plaintext=TEXT)["CiphertextBlob"]
    assert refusal(there.describe_key, KeyId=f"{PLACE}:key/{key}")[0] == "NotFoundException"
    assert refusal(there.decrypt, CiphertextBlob=blob)[0] == "AccessDeniedException"


def test_a_blob_that_was_changed_anywhere_is_refused(kms: Any, key: str):
    blob = kms.encrypt(KeyId=key, Plaintext=TEXT)["CiphertextBlob"]
    for place in range(0, len(blob), 7):
        broken = bytearray(blob)
        broken[place] ^= 1
        with pytest.raises(ClientError) as refused:
            kms.decrypt(CiphertextBlob=bytes(broken))
        code = refused.value.response["Error"]["Code"]
        assert code in {"InvalidCiphertextException", "AccessDeniedException"}, base64.b64encode(broken)
