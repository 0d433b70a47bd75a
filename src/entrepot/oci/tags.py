"""The tags of a repository, paged (Distribution specification, "Listing tags")."""

from urllib.parse import quote

import msgspec

from entrepot.core import tags
from entrepot.http.answer import JSON, Answer
from entrepot.oci.call import Call

_DEFAULT = 1000
_MOST = 10_000


async def get(call: Call) -> Answer:
    """A page in byte order after `last`; `Link` leads to the next one, if there is one."""
    limit = call.limit(default=_DEFAULT, most=_MOST)
    page = await call.core.units.read(tags.list_of, call.caller, call.key, limit, call.query("last") or "")
    headers = dict(JSON)
    if page.after is not None:
        headers["Link"] = f'<{call.location("tags/list")}?n={limit}&last={quote(page.after[0], safe="")}>; rel="next"'
    body = msgspec.json.encode({"name": call.name, "tags": page.items})
    return Answer(headers=headers, body=body)
