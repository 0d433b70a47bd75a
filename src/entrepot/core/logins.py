"""Who may log in to registries: who may have a token for them (ECR user guide, "Private registry authentication").

Who logs in with a long-term key and its secret has no token: then this is asked on every request.
"""

from collections.abc import Sequence

from entrepot.core import access, public_registries, resources
from entrepot.core.access import Caller
from entrepot.errors import AccessDenied
from entrepot.spec.repository import RegistryKey


def require(caller: Caller, service: str) -> None:
    """AccessDenied unless the caller may have a token of `ecr` or `ecr-public`."""
    if service == "ecr":
        own = RegistryKey("private", caller.principal.account, caller.region)
        access.require(caller, "GetAuthorizationToken", resources.of_own_registry(own))
    else:
        public_registries.require_token(caller)


def require_any(caller: Caller, services: Sequence[str]) -> str:
    """The first of some services of which the caller may have a token: AccessDenied, as of the first, for none."""
    for service in services:
        if _allows(caller, service):
            return service
    require(caller, services[0])
    return services[0]


def _allows(caller: Caller, service: str) -> bool:
    try:
        require(caller, service)
    except AccessDenied:
        return False
    return True
