"""Operations on accounts: whether Inspector watches them, and what they may ask of it."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core.inspector import accounts
from entrepot.core.inspector.accounts import Standing

Output = Mapping[str, Any]
_FOREIGN = "The account is not a member of an organization that this account administers."
_DONE = {True: "ENABLED", False: "DISABLED"}
_NOT_HERE = ("ec2", "lambda", "lambdaCode", "codeRepository", "ami")
_OPERATIONS = ("ENABLE_SCANNING", "DISABLE_SCANNING", "ENABLE_REPOSITORY", "DISABLE_REPOSITORY")


async def enable(call: Call) -> Output:
    """Enable."""
    named, types = call.input.get("accountIds", ()), call.input["resourceTypes"]
    return _changed(await call.core.units.write(accounts.enable, call.caller, named, types))


async def disable(call: Call) -> Output:
    """Disable."""
    named, types = call.input.get("accountIds", ()), call.input.get("resourceTypes", ())
    return _changed(await call.core.units.write(accounts.disable, call.caller, named, types))


async def batch_get_account_status(call: Call) -> Output:
    """BatchGetAccountStatus."""
    standing = await call.core.units.read(accounts.status, call.caller, call.input.get("accountIds", ()))
    return {
        "accounts": [
            {
                "accountId": account,
                "state": {"status": _DONE[watched]},
                "resourceState": {"ecr": {"status": _DONE[watched]}, **_all_not_here({"status": _DONE[False]})},
            }
            for account, watched in standing.known
        ],
        "failedAccounts": _failed(standing),
    }


async def list_account_permissions(call: Call) -> Output:
    """ListAccountPermissions: an account administers itself."""
    accounts.require_permissions(call.caller)
    services = [call.input["service"]] if "service" in call.input else [accounts.ECR]
    return {
        "permissions": [
            {"service": service, "operation": operation}
            for service in services
            if service == accounts.ECR
            for operation in _OPERATIONS
        ]
    }


def _changed(standing: Standing) -> Output:
    return {
        "accounts": [
            {
                "accountId": account,
                "status": _DONE[watched],
                "resourceStatus": {"ecr": _DONE[watched], **_all_not_here(_DONE[False])},
            }
            for account, watched in standing.known
        ],
        "failedAccounts": _failed(standing),
    }


def _all_not_here(state: object) -> dict[str, object]:
    return dict.fromkeys(_NOT_HERE, state)


def _failed(standing: Standing) -> list[dict[str, str]]:
    return [
        {"accountId": account, "errorCode": "ACCESS_DENIED", "errorMessage": _FOREIGN} for account in standing.foreign
    ]
