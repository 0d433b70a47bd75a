"""The repositories of a registry that the caller may describe, paged."""

from urllib.parse import quote

import msgspec

from entrepot.core import repositories
from entrepot.http.answer import JSON, Answer
from entrepot.oci.call import Call

_DEFAULT = 100
_MOST = 1000


async def get(call: Call) -> Answer:
    """A page by name after `last`."""
    limit = call.limit(default=_DEFAULT, most=_MOST)
    last = (call.query("last") or "").removeprefix(call.place.prefix)
    page = await call.core.units.read(repositories.catalog, call.caller, call.registry, limit, last)
    names = [f"{call.place.prefix}{name}" for name in page.items]
    headers = dict(JSON)
    if page.after is not None:
        last = quote(page.after[0], safe="")
        headers["Link"] = f'<{call.exchange.base_url}/v2/{call.place.prefix}_catalog?n={limit}&last={last}>; rel="next"'
    return Answer(headers=headers, body=msgspec.json.encode({"repositories": names}))
