"""GET /v2/: whether the registry speaks this protocol, and whether the credentials hold."""

from aiohttp import web

from entrepot.oci.call import Call


async def get(_: Call) -> web.StreamResponse:
    """Any valid token will do."""
    return web.Response(body=b"{}", content_type="application/json")
