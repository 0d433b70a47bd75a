"""What connections authorise with: sealed at rest, opened to deliver, shown without what is secret."""

from collections.abc import Mapping
from typing import Any

import msgspec

from entrepot.db.event_records import Connection, secret_context
from entrepot.seal import Seal

Json = Mapping[str, Any]
_HTTP = ("HeaderParameters", "QueryStringParameters", "BodyParameters")
_SECRETS = ("Password", "ApiKeyValue", "ClientSecret")


class ConnectionSecrets:
    """Seals and opens AWS's AuthParameters of connections."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def seal(self, connection_id: str, parameters: Json) -> bytes:
        """AuthParameters as they are stored."""
        return self._seal.seal(msgspec.json.encode(parameters), secret_context(connection_id))

    def open(self, connection: Connection) -> dict[str, Any]:
        """The AuthParameters of a connection, secrets included; {} of one that was deauthorized: SealBroken."""
        if connection.sealed is None:
            return {}
        opened = self._seal.open(connection.sealed, secret_context(connection.id))
        return msgspec.json.decode(opened, type=dict[str, Any])


def without_secrets(parameters: Json) -> dict[str, Any]:
    """AuthParameters as DescribeConnection shows them."""
    shown: dict[str, Any] = {}
    for name, value in parameters.items():
        if name in _SECRETS:
            continue
        if name in _HTTP:
            shown[name] = [_parameter(each) for each in value]
        else:
            shown[name] = without_secrets(value) if isinstance(value, Mapping) else value
    return shown


def _parameter(given: Json) -> Json:
    secret = given.get("IsValueSecret", False)
    return {name: value for name, value in given.items() if not (secret and name == "Value")}
