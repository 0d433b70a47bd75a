"""Keys and secrets after a kill: what was acknowledged is there, opens what it closed, and stays closed to the disk."""

from pathlib import Path
from typing import Any

from tests.behaviour.identities import refusal
from tests.factories.processes import Server, serve

CANARY = b"canary-of-keys-and-secrets"
OTHERS = b"canary-that-nobody-restored"


def kept(server: Server) -> tuple[Any, Any]:
    return server.client("kms"), server.client("secretsmanager")


def test_keys_and_secrets_survive_a_kill_and_are_nowhere_in_the_open(tmp_path: Path):
    with serve(tmp_path, extra=("--workers", "1")) as server:
        kms, secrets = kept(server)
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        pair = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName="alias/kept", TargetKeyId=key)
        blob = kms.encrypt(KeyId=key, Plaintext=CANARY, EncryptionContext={"a": "b"})["CiphertextBlob"]
        kms.rotate_key_on_demand(KeyId=key)
        how = {"KeyId": pair, "SigningAlgorithm": "ECDSA_SHA_256", "Message": CANARY}
        signature = kms.sign(**how)["Signature"]
        secrets.create_secret(Name="kept", SecretString=CANARY.decode(), KmsKeyId="alias/kept")
        secrets.put_secret_value(SecretId="kept", SecretBinary=CANARY)
        secrets.create_secret(Name="gone", SecretString=OTHERS.decode())
        secrets.delete_secret(SecretId="gone", ForceDeleteWithoutRecovery=True)
        kms.disable_key(KeyId=pair)
        server.kill()
    with serve(tmp_path, extra=("--workers", "1")) as server:
        kms, secrets = kept(server)
        opened = kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"}, KeyId="alias/kept")
        assert opened["Plaintext"] == CANARY
        assert refusal(kms.verify, **how, Signature=signature)[0] == "DisabledException"
        kms.enable_key(KeyId=pair)
        assert kms.verify(**how, Signature=signature)["SignatureValid"]
        assert secrets.get_secret_value(SecretId="kept")["SecretBinary"] == CANARY
        previous = secrets.get_secret_value(SecretId="kept", VersionStage="AWSPREVIOUS")
        assert previous["SecretString"] == CANARY.decode()
        assert refusal(secrets.get_secret_value, SecretId="gone")[0] == "ResourceNotFoundException"
        for day in (secrets.describe_secret, secrets.list_secret_version_ids):
            assert day(SecretId="kept")["Name"] == "kept"
        assert list(held(server.data, CANARY, OTHERS)) == []
        assert CANARY not in server.log.read_bytes()


def held(data: Path, *texts: bytes) -> list[str]:
    """The files below a directory that hold one of these in the open."""
    files = [path for path in data.rglob("*") if path.is_file()]
    return [str(path) for path in files if any(text in path.read_bytes() for text in texts)]
