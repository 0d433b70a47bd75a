"""Operations that nobody signs: what proves who asks stands in their input. Few at a time may come from one address."""

from datetime import datetime, timedelta

from entrepot.core.recent import Recent
from entrepot.errors import ServerBusy

OPERATIONS = frozenset({("sts", "AssumeRoleWithWebIdentity")})
LARGEST_BODY = 64 * 1024
MOST_FROM_ONE = 100
PERIOD = timedelta(minutes=1)
_MOST_ADDRESSES = 4096


class Turnstile:
    """Counts the unsigned calls of each address, in one process."""

    def __init__(self) -> None:
        self._passed: Recent[str, tuple[datetime, int]] = Recent(_MOST_ADDRESSES)

    def pass_through(self, address: str, now: datetime) -> None:
        """Count one call: ServerBusy for one too many within a minute."""
        since, count = self._passed.get(address) or (now, 0)
        if now - since >= PERIOD:
            since, count = now, 0
        if count >= MOST_FROM_ONE:
            raise ServerBusy(reason="too many calls from one address")
        self._passed.put(address, (since, count + 1))
