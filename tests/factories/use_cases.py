"""The walk over core, which finds what is given a caller; and how tests say what a use case is called with."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import entrepot.core
from entrepot.core.access import Caller
from entrepot.db.migrate import METADATA, Chain

_CORE = entrepot.core.__name__


@dataclass(frozen=True, slots=True)
class Case:
    """What a use case is called with, by keyword too, beside the transaction of this database and the caller; `action`
    is the operation whose audit record it leaves, '' where it leaves none, `service` the operation's where that is not
    its package's. `after` are use cases that it comes after.
    """

    arguments: tuple[Any, ...]
    action: str = ""
    keywords: Mapping[str, Any] = field(default_factory=dict)
    chain: Chain = METADATA
    service: str = ""
    after: tuple[str, ...] = ()


def modules() -> Iterator[tuple[str, ModuleType]]:
    """Every module of core with its name below core, those of its packages too: (`events.rules`, module)."""
    for found in pkgutil.walk_packages(entrepot.core.__path__, f"{_CORE}."):
        yield found.name.removeprefix(f"{_CORE}."), importlib.import_module(found.name)


def functions() -> Iterator[tuple[str, str, Callable[..., Any]]]:
    """Every public function of core: its module, its name, itself."""
    for name, module in modules():
        for function, value in inspect.getmembers(module, inspect.isfunction):
            if value.__module__ == module.__name__ and not function.startswith("_"):
                yield name, function, value


def methods() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every public method of core's classes, as `Kind.method`."""
    for _, module in modules():
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__:
                for method, value in inspect.getmembers(kind, inspect.isfunction):
                    if not method.startswith("_"):
                        yield f"{kind.__name__}.{method}", value


def is_given_a_caller(work: Callable[..., Any]) -> bool:
    """Whether a parameter is a caller, whatever it is called."""
    parameters = inspect.signature(work).parameters.values()
    return any(each.name == "caller" or each.annotation is Caller for each in parameters)


def is_given_a_transaction(work: Callable[..., Any]) -> bool:
    """Whether the first parameter is a transaction."""
    return next(iter(inspect.signature(work).parameters), "") == "tx"


def work(name: str) -> Any:
    """A use case by its name below core: `events.rules.put`."""
    module, _, function = name.rpartition(".")
    return getattr(importlib.import_module(f"{_CORE}.{module}"), function)
