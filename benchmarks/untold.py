"""`entrepot` that journals no call: the floor of what telling its calls costs. Never to be used for anything else."""

from entrepot.cli.main import main
from entrepot.http.telling import Teller


def silent(*_: object, **__: object) -> None:
    """Journal nothing."""


Teller.tell = silent  # type: ignore[method-assign]  # the one difference between the two servers
main()
