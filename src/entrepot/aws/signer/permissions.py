"""Operations on who else may use a profile."""

from entrepot.aws.protocol.call import Call
from entrepot.aws.signer import pages
from entrepot.aws.signer.pages import Output
from entrepot.core.signing import permissions
from entrepot.core.signing.permissions import Permission


async def add_profile_permission(call: Call) -> Output:
    """AddProfilePermission."""
    given = call.input
    new = Permission(given["statementId"], given["action"], given["principal"], given.get("profileVersion", ""))
    revision = given.get("revisionId", "")
    return {
        "revisionId": await call.core.units.write(permissions.add, call.caller, given["profileName"], new, revision)
    }


async def list_profile_permissions(call: Call) -> Output:
    """ListProfilePermissions: in one page."""
    pages.start(call, "ListProfilePermissions")
    found = await call.core.units.read(permissions.list_of, call.caller, call.input["profileName"])
    return {
        "revisionId": found.profile.revision or None,
        "policySizeBytes": found.size,
        "permissions": [_shown(each) for each in found.permissions],
    }


async def remove_profile_permission(call: Call) -> Output:
    """RemoveProfilePermission."""
    given = call.input
    revision = await call.core.units.write(
        permissions.remove, call.caller, given["profileName"], given["statementId"], given["revisionId"]
    )
    return {"revisionId": revision}


def _shown(found: Permission) -> Output:
    return {
        "action": found.action,
        "principal": found.principal,
        "statementId": found.statement_id,
        "profileVersion": found.version or None,
    }
