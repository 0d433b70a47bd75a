"""What tools ask for and no account here has: the answers are empty, or say that there is none.

Users sign with access keys and passwords only: they have no SSH keys, signing certificates or credentials of single
services; there are no SAML providers or server certificates.
"""

from collections.abc import Mapping

from entrepot.aws.iam.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import entities, users

_NOTHING_MORE: Mapping[str, object] = {"IsTruncated": False}


async def list_ssh_public_keys(call: Call) -> Output:
    """ListSSHPublicKeys: none."""
    await _require_user(call, "ListSSHPublicKeys")
    return {"SSHPublicKeys": [], **_NOTHING_MORE}


async def list_signing_certificates(call: Call) -> Output:
    """ListSigningCertificates: none."""
    await _require_user(call, "ListSigningCertificates")
    return {"Certificates": [], **_NOTHING_MORE}


async def list_service_specific_credentials(call: Call) -> Output:
    """ListServiceSpecificCredentials: none."""
    await _require_user(call, "ListServiceSpecificCredentials")
    return {"ServiceSpecificCredentials": [], **_NOTHING_MORE}


async def list_saml_providers(call: Call) -> Output:
    """ListSAMLProviders: none."""
    entities.allow_account(call.caller, "ListSAMLProviders")
    return {"SAMLProviderList": []}


async def list_server_certificates(call: Call) -> Output:
    """ListServerCertificates: none."""
    entities.allow_account(call.caller, "ListServerCertificates")
    return {"ServerCertificateMetadataList": [], **_NOTHING_MORE}


async def _require_user(call: Call, operation: str) -> None:
    await call.core.units.read(users.require_named_or_self, call.caller, operation, call.input.get("UserName"))
