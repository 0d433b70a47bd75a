"""GET /v2/: whether the registry speaks this protocol, and whether the credentials hold."""

from entrepot.http.answer import JSON, Answer
from entrepot.oci.call import Call


async def get(_: Call) -> Answer:
    """Any valid token will do."""
    return Answer(headers=dict(JSON), body=b"{}")
