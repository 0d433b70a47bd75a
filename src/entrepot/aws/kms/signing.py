"""Operations that sign and verify, and public keys."""

from entrepot.aws.kms import inputs
from entrepot.aws.kms.inputs import Output
from entrepot.aws.protocol.call import Call
from entrepot.core.keys import signing
from entrepot.core.keys.signing import RAW, Message
from entrepot.seal import key_pairs


async def sign(call: Call) -> Output:
    """Sign."""
    inputs.check_tokens(call)
    key, signature = await call.core.units.read(
        signing.sign, call.caller, call.core.vault, call.input["KeyId"], _message(call)
    )
    answer = {"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": call.input["SigningAlgorithm"]}
    return inputs.unless_dry(call, answer)


async def verify(call: Call) -> Output:
    """Verify."""
    inputs.check_tokens(call)
    given = call.input
    key = await call.core.units.read(signing.verify, call.caller, given["KeyId"], _message(call), given["Signature"])
    answer = {"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": given["SigningAlgorithm"]}
    return inputs.unless_dry(call, answer)


async def get_public_key(call: Call) -> Output:
    """GetPublicKey."""
    inputs.check_tokens(call)
    found = await call.core.units.read(signing.public_key, call.caller, call.input["KeyId"])
    return {
        "KeyId": found.key.arn,
        "PublicKey": found.public,
        "CustomerMasterKeySpec": found.key.spec,
        "KeySpec": found.key.spec,
        "KeyUsage": found.key.usage,
        "SigningAlgorithms": list(key_pairs.ALGORITHMS[found.key.spec]),
    }


def _message(call: Call) -> Message:
    given = call.input
    return Message(given["Message"], given.get("MessageType", RAW), given["SigningAlgorithm"])
