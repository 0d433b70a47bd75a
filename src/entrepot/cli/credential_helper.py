"""`docker-credential-entrepot`: logs container clients in with the caller's AWS credentials; no password is stored.

Speaks docker's credential helper protocol (a verb as argument, the registry's address on stdin): `get` asks the server
for a registry token, `store` and `erase` keep nothing, `list` knows nothing.
"""

import json
import sys

from entrepot import __version__
from entrepot.cli import registry_tokens
from entrepot.cli.server_calls import CallRefused

# docker looks for these words to tell "none" from "broken"
NOT_FOUND = "credentials not found in native keychain"


def main() -> None:
    """Run one verb of the protocol."""
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        sys.stdout.write(answer(verb, sys.stdin.read() if verb in {"get", "store", "erase"} else ""))
    except (CallRefused, OSError) as fault:
        sys.stdout.write(f"{fault}\n")
        sys.exit(1)


def answer(verb: str, given: str) -> str:
    """What this verb prints."""
    match verb:
        case "get":
            address = given.strip()
            return json.dumps({"ServerURL": address, "Username": "AWS", "Secret": _password(address)})
        case "store" | "erase":
            return ""
        case "list":
            return "{}"
        case "version":
            return f"docker-credential-entrepot {__version__}\n"
        case _:
            raise CallRefused("usage: docker-credential-entrepot <get|store|erase|list|version>")


def _password(address: str) -> str:
    found = registry_tokens.by_environment(address)
    if found is None:
        raise CallRefused(NOT_FOUND)
    return found.password
