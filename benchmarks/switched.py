"""`entrepot` that journals calls until SIGUSR2, and again from SIGUSR1 on: what telling its calls costs is measured in
one process, since two of the same program differ by more than that for as long as they live.
"""

import signal
from typing import Final

from entrepot.cli.main import main
from entrepot.http.telling import Teller

TELL: Final = signal.SIGUSR1
BE_SILENT: Final = signal.SIGUSR2
_tell = Teller.tell


def _silent(*_: object, **__: object) -> None:
    """Journal nothing."""


def _switched(number: int, _: object) -> None:
    Teller.tell = _tell if number == TELL else _silent  # type: ignore[method-assign]  # all that is switched


if __name__ == "__main__":
    for each in (TELL, BE_SILENT):
        signal.signal(each, _switched)
    main()
