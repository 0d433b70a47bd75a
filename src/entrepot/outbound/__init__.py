"""The only HTTP client of the server: where it may connect, and what it takes from whoever answers there.

A name is resolved once for each connection, and the connection goes to an address that was checked. There is no proxy,
no cookie, no credential from the environment.
"""

from entrepot.outbound.client import Outbound, Sender, trusting
from entrepot.outbound.destinations import Destinations
from entrepot.outbound.exchange import Response
from entrepot.outbound.faults import (
    AnswerBroken,
    AnswerUnusable,
    DestinationForbidden,
    DestinationUnreachable,
    OutboundFault,
)
from entrepot.outbound.streams import Bounds, Download

__all__ = [
    "AnswerBroken",
    "AnswerUnusable",
    "Bounds",
    "DestinationForbidden",
    "DestinationUnreachable",
    "Destinations",
    "Download",
    "Outbound",
    "OutboundFault",
    "Response",
    "Sender",
    "trusting",
]
