"""`aws secretsmanager` and `aws kms`, unmodified."""

import base64
import json
from typing import Any

from tests.clients.workplace import Workplace


def said(workplace: Workplace, *command: str) -> Any:
    return json.loads(workplace.run("aws", *command, "--output", "json"))


def test_the_cli_keeps_and_reads_a_secret_under_a_key_of_its_own(workplace: Workplace):
    name = f"{workplace.repository}-hidden"
    key = said(workplace, "kms", "create-key", "--description", "of the cli")["KeyMetadata"]["KeyId"]
    made = said(
        *(workplace, "secretsmanager", "create-secret", "--name", name, "--kms-key-id", key),
        *("--secret-string", '{"username":"me","accessToken":"t"}'),
    )
    found = said(workplace, "secretsmanager", "get-secret-value", "--secret-id", made["ARN"])
    assert json.loads(found["SecretString"]) == {"username": "me", "accessToken": "t"}
    listed = said(workplace, "secretsmanager", "list-secrets", "--filters", f"Key=name,Values={name}")
    assert [each["Name"] for each in listed["SecretList"]] == [name]
    workplace.run("aws", "kms", "disable-key", "--key-id", key)
    refused = workplace.run("aws", "secretsmanager", "get-secret-value", "--secret-id", name, succeeds=False)
    assert "DecryptionFailure" in refused


def test_the_cli_encrypts_and_decrypts(workplace: Workplace):
    key = said(workplace, "kms", "create-key")["KeyMetadata"]["KeyId"]
    text, blob = workplace.path / "text", workplace.path / "blob"
    text.write_bytes(b"\x00text")
    context = ("--encryption-context", "for=tests")
    made = said(workplace, "kms", "encrypt", "--key-id", key, "--plaintext", f"fileb://{text}", *context)
    blob.write_bytes(base64.b64decode(made["CiphertextBlob"]))
    given = ("--ciphertext-blob", f"fileb://{blob}")
    opened = said(workplace, "kms", "decrypt", *given, *context)["Plaintext"]
    assert base64.b64decode(opened) == text.read_bytes()
    assert "InvalidCiphertextException" in workplace.run("aws", "kms", "decrypt", *given, succeeds=False)
