"""What provokes the errors of signing configurations."""

from collections.abc import Mapping

from tests.effects.case import ACCOUNT
from tests.effects.refusing import NO_IMAGE, Ask, call

_ELSEWHERE = f"arn:aws:signer:eu-west-1:{ACCOUNT}:/signing-profiles/elsewhere"
PROVOKED: Mapping[tuple[str, str], Ask] = {
    ("DeleteSigningConfiguration", "SigningConfigurationNotFoundException"): call("DeleteSigningConfiguration"),
    ("DescribeImageSigningStatus", "ImageNotFoundException"): call("DescribeImageSigningStatus", imageId=NO_IMAGE),
    ("GetSigningConfiguration", "SigningConfigurationNotFoundException"): call("GetSigningConfiguration"),
    ("PutSigningConfiguration", "InvalidParameterException"): call(
        "PutSigningConfiguration", signingConfiguration={"rules": [{"signingProfileArn": _ELSEWHERE}]}
    ),
}
