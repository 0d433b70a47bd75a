"""Kinds of settings about keys at other key services: as in kinds.py."""

import re

from entrepot.settings import kinds

_KEYS = re.compile(r"arn:aws[a-z-]{0,16}:kms:[a-z0-9-]{1,32}:[0-9]{12}:[A-Za-z0-9/_-]{0,256}")


def key_endpoints(raw: object) -> tuple[tuple[str, str], ...]:
    """(beginning of key ARNs, URL of the endpoint that has these keys) pairs, no beginning twice."""
    found = tuple(_key_endpoint(item) for item in kinds.items(raw))
    if len({beginning for beginning, _ in found}) < len(found):
        raise ValueError("expected no ARN twice")
    return found


def _key_endpoint(item: str) -> tuple[str, str]:
    beginning, _, address = item.partition("=")
    if not _KEYS.fullmatch(beginning):
        raise ValueError(f"'{item}': expected arn:aws:kms:region:account:=url, with perhaps key/… before the =")
    return beginning, kinds.url(address)


def key_users(raw: object) -> tuple[tuple[str, str], ...]:
    """(beginning of key ARNs, account that may use these keys) pairs."""
    return tuple(_key_user(item) for item in kinds.items(raw))


def _key_user(item: str) -> tuple[str, str]:
    beginning, _, user = item.partition("=")
    try:
        if _KEYS.fullmatch(beginning):
            return beginning, kinds.account(user)
    except ValueError:
        pass
    raise ValueError(f"'{item}': expected arn:aws:kms:region:account:=account, the last of 12 digits")
