"""Operations on users."""

from entrepot.aws.iam import inputs, shown
from entrepot.aws.iam.shown import Output
from entrepot.aws.protocol.call import Call
from entrepot.core import users
from entrepot.core.entities import USER


async def create_user(call: Call) -> Output:
    """CreateUser."""
    made = await call.core.units.write(users.create, call.caller, inputs.draft(call, USER, "UserName"))
    return {"User": {**shown.user(made.entity), "Tags": shown.tags(made.tags) or None}}


async def get_user(call: Call) -> Output:
    """GetUser: the one named, else the caller."""
    found = await call.core.units.read(users.get, call.caller, call.input.get("UserName"))
    return {"User": {**shown.user(found.entity), "Tags": shown.tags(found.tags) or None}}


async def list_users(call: Call) -> Output:
    """ListUsers."""
    prefix, limit, after = call.input.get("PathPrefix", "/"), inputs.limit(call), inputs.start(call, "ListUsers")
    page = await call.core.units.read(users.list_below, call.caller, prefix, limit, after)
    return {"Users": [shown.user(found) for found in page.items], **inputs.paging(call, "ListUsers", page)}


async def update_user(call: Call) -> Output:
    """UpdateUser."""
    given = call.input
    await call.core.units.write(
        users.update, call.caller, given["UserName"], given.get("NewUserName"), given.get("NewPath")
    )
    return {}


async def delete_user(call: Call) -> Output:
    """DeleteUser."""
    await call.core.units.write(users.delete, call.caller, call.input["UserName"])
    return {}
