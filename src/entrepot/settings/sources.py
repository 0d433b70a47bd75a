"""Where settings come from: a flag wins over ENTREPOT_<NAME> in the environment, that over the file (`--config`, else
DATA/entrepot.toml), that over the default. All faults are reported together. Nothing else reads the environment.

A command beside a running server takes what the server runs with (`beside`) before all of these.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from entrepot.errors.start import SettingsInvalid
from entrepot.settings import kinds
from entrepot.settings.documented import PREFIX, variable
from entrepot.settings.record import Settings, hidden, is_loopback

FILE = "entrepot.toml"
_LEAST_SECRET = 20
_LEAST_KEY_ID = 16
_LEAST_DISTINCT = 8


def beside(flags: Mapping[str, object], agreed: Mapping[str, str]) -> Settings:
    """The settings of a command beside a server that runs with `agreed`: a shorter grace would collect too early."""
    told = {name: value for name, value in agreed.items() if name in _names() and not hidden(name) and value}
    return load({**flags, **told})


def load(flags: Mapping[str, object], environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this run, or SettingsInvalid with every fault. `flags` holds `config` too; None is absent."""
    given = {name: value for name, value in flags.items() if value is not None}
    environment = os.environ if environment is None else environment
    variables = {name: environment[variable(name)] for name in _names() if environment.get(variable(name), "") != ""}
    faults: list[str] = []
    table = _read_file(given, variables, environment.get(f"{PREFIX}CONFIG"), faults)
    values: dict[str, Any] = {item.name: _value(item, given, variables, table, faults) for item in fields(Settings)}
    if not faults:
        faults = _contradictions(values)
    if faults:
        raise SettingsInvalid(faults="\n".join(f"  {fault}" for fault in faults))
    return Settings(**values)


def unknown_variables(environment: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Variables that look like settings and are none: worth a warning, not a refusal (others set such names too)."""
    known = {variable(name) for name in _names()} | {f"{PREFIX}CONFIG"}
    environment = os.environ if environment is None else environment
    return tuple(sorted(name for name in environment if name.startswith(PREFIX) and name not in known))


def _names() -> list[str]:
    return [item.name for item in fields(Settings)]


def _read_file(
    given: Mapping[str, object], variables: Mapping[str, str], config: str | None, faults: list[str]
) -> dict[str, object]:
    named = given.get("config", config)
    path = Path(str(named)) if named else Path(str(given.get("data", variables.get("data", "data")))) / FILE
    try:
        table = tomllib.loads(path.read_text())
    except (FileNotFoundError, NotADirectoryError):
        if named:
            faults.append(f"{path}: there is no such file")
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        faults.append(f"{path}: {fault}")
        return {}
    unknown = sorted(set(table) - set(_names()))
    faults += [f"{name} (in {path}): there is no such setting; docs/settings.md lists them" for name in unknown]
    return {name: value for name, value in table.items() if name not in unknown}


def _value(
    item: "Field[object]",
    given: Mapping[str, object],
    variables: Mapping[str, str],
    table: Mapping[str, object],
    faults: list[str],
) -> object:
    """From the strongest source that has it; a value that cannot be parsed is a fault that names its source."""
    name = item.name
    sources = (
        (f"--{name.replace('_', '-')}", given),
        (variable(name), variables),
        (f"{name} (in the configuration file)", table),
        (name, {name: item.metadata["default"]}),
    )
    source, values = next((source, values) for source, values in sources if name in values)
    raw = values[name]
    if raw is None:
        return kinds.cores() if name == "workers" else None
    try:
        parsed: object = item.metadata["parse"](raw)
    except ValueError as fault:
        shown = "***" if hidden(name) else repr(raw)
        faults.append(f"{source} = {shown}: {fault}")
        return None
    return parsed


def _contradictions(values: Mapping[str, Any]) -> list[str]:
    """What is wrong with settings together."""
    faults = []
    if (values["tls_cert"] is None) != (values["tls_key"] is None):
        faults.append("tls_cert and tls_key go together; one of them is missing")
    if values["database"] is not None:
        faults.append("database: this version keeps its metadata in SQLite only; leave it out")
    if values["tls_self_signed"] and values["tls_cert"] is not None:
        faults.append("tls_self_signed and tls_cert exclude each other")
    key_id, secret = values["root_access_key_id"], values["root_secret_access_key"]
    if (key_id is None) != (secret is None):
        faults.append("root_access_key_id and root_secret_access_key go together; one of them is missing")
    elif key_id and secret and is_weak(key_id, secret) and not is_loopback(values["host"]):
        faults.append(
            f"root_secret_access_key: too weak to listen on {values['host']}; use at least {_LEAST_KEY_ID} characters "
            f"for the id and {_LEAST_SECRET} for the secret, or leave both out to have them generated"
        )
    return faults


def is_weak(key_id: str, secret: str) -> bool:
    """Whether root keys are too short or too plain to be reachable by others than this machine."""
    return len(key_id) < _LEAST_KEY_ID or len(secret) < _LEAST_SECRET or len(set(secret)) < _LEAST_DISTINCT
