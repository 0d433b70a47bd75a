"""Operations that encrypt and decrypt, and random bytes."""

import secrets

from entrepot.aws.kms import inputs
from entrepot.aws.kms.inputs import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import access
from entrepot.core.keys import encryption
from entrepot.core.keys.encryption import Encrypted, Sealed
from entrepot.core.keys.names import SERVICE
from entrepot.core.keys.places import Asked
from entrepot.core.keys.vault import SYMMETRIC
from entrepot.core.resources import Resource
from entrepot.errors import KeyFeatureUnsupported, KeyUsageInvalid, ParameterInvalid

_LONGEST_CONTEXT = 8192
_BYTES = {"AES_256": 32, "AES_128": 16}


async def encrypt(call: Call) -> Output:
    """Encrypt."""
    given, context = call.input, _context(call, "EncryptionContext")
    _check(call, "EncryptionAlgorithm")
    made = await call.core.units.read(
        encryption.encrypt, call.caller, call.core.vault, given["KeyId"], given["Plaintext"], context
    )
    return inputs.unless_dry(
        call, {"CiphertextBlob": made.blob, "KeyId": made.key.arn, "EncryptionAlgorithm": SYMMETRIC}
    )


async def decrypt(call: Call) -> Output:
    """Decrypt."""
    _check(call, "EncryptionAlgorithm")
    sealed = _sealed(call, "EncryptionContext", "KeyId")
    found = await call.core.units.read(encryption.decrypt, call.caller, call.core.vault, sealed)
    return inputs.unless_dry(
        call,
        {
            "KeyId": found.key.arn,
            "Plaintext": found.text,
            "EncryptionAlgorithm": SYMMETRIC,
            "KeyMaterialId": found.material_id,
        },
    )


async def re_encrypt(call: Call) -> Output:
    """ReEncrypt."""
    given = call.input
    _check(call, "SourceEncryptionAlgorithm", "DestinationEncryptionAlgorithm")
    sealed = _sealed(call, "SourceEncryptionContext", "SourceKeyId")
    context = _context(call, "DestinationEncryptionContext")
    found = await call.core.units.read(
        encryption.again, call.caller, call.core.vault, sealed, given["DestinationKeyId"], context
    )
    return inputs.unless_dry(
        call,
        {
            "CiphertextBlob": found.after.blob,
            "SourceKeyId": found.before.key.arn,
            "KeyId": found.after.key.arn,
            "SourceEncryptionAlgorithm": SYMMETRIC,
            "DestinationEncryptionAlgorithm": SYMMETRIC,
            "SourceKeyMaterialId": found.before.material_id,
            "DestinationKeyMaterialId": found.after.material_id,
        },
    )


async def generate_data_key(call: Call) -> Output:
    """GenerateDataKey."""
    made = await _data_key(call, "GenerateDataKey")
    return inputs.unless_dry(call, {**_shown(made), "Plaintext": made.text})


async def generate_data_key_without_plaintext(call: Call) -> Output:
    """GenerateDataKeyWithoutPlaintext."""
    return inputs.unless_dry(call, _shown(await _data_key(call, "GenerateDataKeyWithoutPlaintext")))


async def generate_random(call: Call) -> Output:
    """GenerateRandom."""
    access.require(call.caller, "GenerateRandom", Resource(call.account, "*", SERVICE))
    if "CustomKeyStoreId" in call.input or "Recipient" in call.input:
        raise KeyFeatureUnsupported(reason="Custom key stores and Nitro enclaves are not supported here.")
    if "NumberOfBytes" not in call.input:
        raise ParameterInvalid(parameter="numberOfBytes", reason="Member must not be null")
    return {"Plaintext": secrets.token_bytes(call.input["NumberOfBytes"])}


async def _data_key(call: Call, operation: str) -> Encrypted:
    given = call.input
    _check(call)
    if ("NumberOfBytes" in given) == ("KeySpec" in given):
        raise ParameterInvalid(parameter="numberOfBytes", reason="either number of bytes or key spec must be given")
    size = given.get("NumberOfBytes") or _BYTES[given["KeySpec"]]
    asked = Asked(operation, _context(call, "EncryptionContext"))
    return await call.core.units.read(encryption.data_key, call.caller, call.core.vault, given["KeyId"], size, asked)


def _check(call: Call, *algorithms: str) -> None:
    """GrantTokenInvalid; KeyUsageInvalid for algorithms of keys that there are none of; ParameterInvalid."""
    inputs.check_tokens(call)
    for member in algorithms:
        if (algorithm := call.input.get(member, SYMMETRIC)) != SYMMETRIC:
            raise KeyUsageInvalid(arn="The key", usage="ENCRYPT_DECRYPT", operation=algorithm)
    for member in ("Recipient", "DryRunModifiers"):
        if member in call.input:
            raise ParameterInvalid(parameter=member, reason="it is not supported here")


def _sealed(call: Call, context: str, key: str) -> Sealed:
    if "CiphertextBlob" not in call.input:
        raise ParameterInvalid(parameter="ciphertextBlob", reason="Member must not be null")
    return Sealed(call.input["CiphertextBlob"], _context(call, context), call.input.get(key, ""))


def _context(call: Call, member: str) -> dict[str, str]:
    """An encryption context: ParameterInvalid for one that is too large."""
    context: dict[str, str] = call.input.get(member, {})
    if sum(len(text.encode()) for pair in context.items() for text in pair) > _LONGEST_CONTEXT:
        raise ParameterInvalid(parameter=member, reason=f"Member must have {_LONGEST_CONTEXT} bytes at most")
    return context


def _shown(made: Encrypted) -> dict[str, object]:
    return {"CiphertextBlob": made.blob, "KeyId": made.key.arn, "KeyMaterialId": made.material_id}
