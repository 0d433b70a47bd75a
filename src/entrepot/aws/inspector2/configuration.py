"""Operations on how long images are scanned continuously."""

from collections.abc import Mapping
from typing import Any

from entrepot.aws.protocol.call import Call
from entrepot.core.inspector import configuration
from entrepot.core.inspector.configuration import WindowsChange

Output = Mapping[str, Any]
_NOT_HERE = ("ec2Configuration", "amiConfiguration", "updateConfigurationInheritance")


async def get_configuration(call: Call) -> Output:
    """GetConfiguration."""
    found = await call.core.units.read(configuration.get, call.caller, call.input.get("accountId"))
    state = {
        "rescanDuration": found.rescan_duration,
        "status": "SUCCESS",
        "updatedAt": found.updated_at,
        "pullDateRescanDuration": found.pull_date_rescan_duration,
        "pullDateRescanMode": found.pull_date_rescan_mode,
    }
    return {"ecrConfiguration": {"rescanDurationState": state}}


async def update_configuration(call: Call) -> Output:
    """UpdateConfiguration."""
    given = call.input
    others = [member for member in _NOT_HERE if member in given]
    await call.core.units.write(
        configuration.update, call.caller, given.get("accountId"), _windows(given.get("ecrConfiguration")), others
    )
    return {}


def _windows(given: Mapping[str, str] | None) -> WindowsChange | None:
    if given is None:
        return None
    return WindowsChange(given["rescanDuration"], given.get("pullDateRescanDuration"), given.get("pullDateRescanMode"))
