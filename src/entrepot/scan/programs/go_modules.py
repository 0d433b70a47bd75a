"""The modules that a Go program says it is built of (runtime/debug.BuildInfo's text), and the version of its main one.

path ⇥ command      mod ⇥ path ⇥ version ⇥ sum      dep ⇥ path ⇥ version ⇥ sum
=> ⇥ path ⇥ version ⇥ sum (instead of the one before)      build ⇥ key=value
"""

import json
import re
import shlex
from collections.abc import Iterator

from entrepot.scan.packages import Package

_UNKNOWN = "(devel)"
_LONGEST_FLAGS = 16_384
_SEMANTIC = re.compile(r"v?\d+(?:\.\d+(?:\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)?)?")
_VARIABLES = (".version", ".ver", ".gitversion")
_USUAL = frozenset({"main", "common", "version", "cmd"})  # packages whose variable is the version of the program

Module = tuple[str, str]


def packages(path: str, version: str, text: str) -> Iterator[Package]:
    """The standard library, the modules and the main module of the program at `path`.

    Versions begin with a `v`, that of the library (`stdlib`) too. One that nobody knows is empty: that of a main module
    that was built from a working copy without a stamp or a linker flag that says so, and that of a module that a folder
    was taken instead of.
    """
    library = version.split(" ", 1)[0].removeprefix("go")
    if library[:1].isdigit():
        yield _package(path, "stdlib", f"v{library}")
    main, modules, flags = _read(text)
    for name, number in modules:
        yield _package(path, name, number)
    if main is not None:
        name, number = main
        stamped = _of_flags(name, flags) if not number or number.startswith("v0.0.0") else ""
        yield _package(path, name, stamped or number)


def _package(path: str, name: str, version: str) -> Package:
    return Package(type="golang", name=name, version=version, path=path)


def _read(text: str) -> tuple[Module | None, list[Module], str]:
    """The main module, the others with their replacements, and the flags of the linker."""
    main: Module | None = None
    modules: list[Module] = []
    flags = ""
    for line in text.split("\n"):
        word, *fields = line.split("\t")
        if word == "mod" and len(fields) >= 2 and fields[0]:
            main = fields[0], _known(fields[1])
        elif word == "dep" and len(fields) >= 2 and fields[0]:  # an elder Go names the main module here, without a path
            modules.append((fields[0], _known(fields[1])))
        elif word == "=>" and len(fields) >= 2 and modules:
            modules[-1] = _replaced(modules[-1], fields[0], _known(fields[1]))
        elif word == "build" and fields and fields[0].startswith("-ldflags="):
            flags = _unquoted("\t".join(fields).removeprefix("-ldflags="))
    return main, modules, flags


def _known(version: str) -> str:
    return "" if version == _UNKNOWN else version


def _replaced(module: Module, path: str, version: str) -> Module:
    """What stands in its place: a folder keeps the name, as what is in it may have any version."""
    return (module[0], "") if path.startswith((".", "/")) or not path else (path, version)


def _unquoted(value: str) -> str:
    if value.startswith("`"):
        return value.strip("`")
    if not value.startswith('"'):
        return value
    try:
        return str(json.loads(value))
    except (ValueError, RecursionError):
        return ""


def _of_flags(module: str, flags: str) -> str:
    """The version that `-X package.version=1.2.3` sets, where exactly one of the most telling kind does.

    A variable of one of its own commands tells more than one of a package with a usual name, and that more than
    any other.
    """
    kinds: tuple[set[str], set[str], set[str]] = set(), set(), set()
    for variable, value in _variables(flags).items():
        if variable.lower().endswith(_VARIABLES) and _SEMANTIC.fullmatch(value):
            kinds[_kind(module, variable)].add(value)
    best = next((kind for kind in kinds if kind), set())
    return best.pop() if len(best) == 1 else ""


def _kind(module: str, variable: str) -> int:
    if variable.startswith(module + "/cmd/"):
        return 0
    package = variable.rpartition("/")[2].partition(".")[0].lower()
    return 1 if package in _USUAL else 2


def _variables(flags: str) -> dict[str, str]:
    """What `-X` sets: its value is the next word, or stands behind it, with or without an equals sign."""
    try:
        words = shlex.split(flags[:_LONGEST_FLAGS])
    except ValueError:
        return {}
    found = {}
    for place, word in enumerate(words):
        setting = ""
        if word == "-X":
            setting = words[place + 1] if place + 1 < len(words) else ""
        elif word.startswith("-X"):
            setting = word[2:].removeprefix("=")
        variable, equals, value = setting.partition("=")
        if equals:
            found[variable.strip("'\"")] = value.strip("'\"")
    return found
