"""Who acts when nobody calls: a service, by itself."""

from datetime import datetime

from entrepot.core.access import Caller
from entrepot.core.principals import Principal
from entrepot.core.rights import Rights
from entrepot.policy.evaluation import Policies


def itself(name: str, account: str, region: str, request_id: str, at: datetime) -> Caller:
    """The service of this name (`kms.amazonaws.com`), which does in an account for nobody what it does by itself; no
    identity policy lets it. `request_id` is a UUID.
    """
    principal = Principal(account, "service", name, name, "", 0)
    rights = Rights(principal.subject(), Policies())
    return Caller(principal, rights, region, "", "", request_id, secure=True, door="worker", at=at)
