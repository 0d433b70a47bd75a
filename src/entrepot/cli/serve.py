"""`entrepot serve`: starts the server and keeps it running. Its flags are the settings, each documented there."""

import gc
import os
import sys
from dataclasses import make_dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import structlog
from cyclopts import Parameter

from entrepot.app import start
from entrepot.app.start import Prepared
from entrepot.cli.supervisor import Process, Supervisor
from entrepot.settings import Documented, Settings, documentation, load, unknown_variables
from entrepot.telemetry import configure_logging, wants_json

log = structlog.get_logger()


def _flag(setting: Documented) -> tuple[str, Any, None]:
    """A setting as a flag: text that the settings parse themselves, so that all faults are reported together."""
    kind = bool | None if setting.is_flag else str | None
    return setting.name, Annotated[kind, Parameter(help=setting.help)], None


Flags: Any = make_dataclass(
    "Flags",
    [_flag(setting) for setting in documentation() if not setting.secret],
    frozen=True,
    namespace={"__module__": __name__},  # cyclopts takes a class of the module `types` for a plain value
)
_NONE = Flags()

_COLLECTED_AT = 20_000, 50, 100
"""Objects, and younger generations, after which the interpreter looks for cycles. Requests make next to none, and the
interpreter's own 700 has each batch of calls that waits to be written down looked through."""


def serve(
    *,
    config: Annotated[Path | None, Parameter(help="The configuration file. Default: DATA/entrepot.toml.")] = None,
    flags: Annotated[Flags, Parameter(name="*")] = _NONE,
) -> int:
    """Serve registries until SIGTERM or SIGINT, which drain; a second one forces."""
    settings = load({**vars(flags), "config": config})
    configure_logging(as_json=wants_json(settings.log_format))
    for name in unknown_variables():
        log.warning("unknown setting in the environment", variable=name)
    prepared = start.prepare(settings)
    _greet(settings, prepared)
    processes = _processes(settings, prepared)
    gc.collect()
    gc.freeze()  # what is here now is shared by all processes as long as nobody writes to it
    gc.set_threshold(*_COLLECTED_AT)
    return Supervisor(processes, settings.drain_seconds, lambda: prepared.close_sockets(keep=())).run()


def _processes(settings: Settings, prepared: Prepared) -> list[Process]:
    from entrepot.app import api, background  # after `prepare`: tests/test_budgets.py says why

    def serve_on(number: int) -> int:
        own = prepared.sockets[number]
        prepared.close_sockets(keep=own)
        return api.run(settings, prepared, own, f"api-{number}")

    def work() -> int:
        prepared.close_sockets(keep=())
        return background.run(settings)

    serving = [Process(f"api-{number}", partial(serve_on, number)) for number in range(len(prepared.sockets))]
    return serving if settings.role == "api" else [*serving, Process("worker", work)]


def _greet(settings: Settings, prepared: Prepared) -> None:
    """Say where the server is; to a person also what to do next."""
    log.info(
        "starting",
        pid=os.getpid(),
        address=prepared.address,
        data=str(settings.data),
        role=settings.role,
        workers=len(prepared.sockets),
    )
    if not sys.stdout.isatty() or not prepared.sockets:
        return
    lines = [f"Entrepot serves {prepared.address} with data in {settings.data}"]
    if prepared.first:
        credentials = (settings.data / "credentials").resolve()
        region = settings.regions[0]
        lines += [
            f"Root keys of account {settings.account_id}: {credentials}",
            "",
            "In another shell:",
            f"  export AWS_SHARED_CREDENTIALS_FILE={credentials}",
            f"  export AWS_ENDPOINT_URL={prepared.address} AWS_DEFAULT_REGION={region}",
            *([f"  export AWS_CA_BUNDLE={(settings.data / 'ca.pem').resolve()}"] if settings.tls_self_signed else []),
            "  aws ecr create-repository --repository-name hello",
            f"  aws ecr get-login-password | docker login -u AWS --password-stdin {prepared.address.split('//')[1]}",
        ]
    sys.stdout.write("\n".join(lines) + "\n\n")
    sys.stdout.flush()
