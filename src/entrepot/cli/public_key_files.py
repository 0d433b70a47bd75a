"""Files with public keys that commands are given."""

from pathlib import Path
from typing import Final

_LONGEST: Final = 4096  # characters, as core takes them


def text(file: Path) -> str:
    """What a file holds, as far as it may be a key."""
    with file.open("rb") as key:
        return key.read(_LONGEST + 1).decode("ascii", "replace")
