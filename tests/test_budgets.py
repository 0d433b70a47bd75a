"""The budgets of style.md: lengths, complexity, cycles, lazy imports. A tail that grows is where quality is lost."""

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "entrepot"
MOST_LINES = 350
MOST_LINES_WITH_REASON = 500
MOST_FUNCTION_LINES = 40

# path -> why it is one thing that is longer than MOST_LINES; never above MOST_LINES_WITH_REASON
LONG_FILES: dict[str, str] = {}

# (path, imported module) -> why the import must wait
LAZY_IMPORTS: dict[tuple[str, str], str] = {
    ("src/entrepot/cli/serve.py", "entrepot.app"): "a refused start need not import the doors",
}


def python_files() -> list[Path]:
    folders = [ROOT / "src", ROOT / "tests", ROOT / "benchmarks"]
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or 0) - function.lineno + 1


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or "."]
    return []


def test_files_stay_within_their_budget():
    lengths = {named(path): len(path.read_text().splitlines()) for path in python_files()}
    limits = {name: MOST_LINES_WITH_REASON if name in LONG_FILES else MOST_LINES for name in lengths}
    assert {name: length for name, length in lengths.items() if length > limits[name]} == {}


def test_the_allow_list_names_only_files_that_need_it():
    assert [name for name in LONG_FILES if len((ROOT / name).read_text().splitlines()) <= MOST_LINES] == []


def test_functions_stay_within_their_budget():
    migrations = SOURCE / "db" / "migrations" / "versions"  # scripts that are never changed again
    long = [
        f"{named(path)}:{function.name} {lines(function)}"
        for path in python_files()
        for function in functions(parsed(path))
        if lines(function) > MOST_FUNCTION_LINES and path.parent != migrations
    ]
    assert long == []


def test_no_function_is_more_complex_than_eight():
    command = [sys.executable, "-m", "ruff", "check", "--quiet", "--select", "C901", "src", "tests"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.stdout + found.stderr == ""


def test_there_are_no_import_cycles():
    graph = grimp.build_graph("entrepot", cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as cycle:
        pytest.fail(" -> ".join(cycle.args[1]))


def test_first_party_imports_stand_at_the_top():
    lazy = {
        (named(path), module)
        for path in sorted(SOURCE.rglob("*.py"))
        for function in functions(parsed(path))
        for node in ast.walk(function)
        for module in imported(node)
        if module.startswith(("entrepot", "."))
    }
    assert lazy == set(LAZY_IMPORTS)


def test_only_the_outermost_handler_and_the_job_loop_swallow_everything():
    catchers = {
        named(path)
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node.type) and not _raises_again(node)
    }
    assert catchers <= {
        "src/entrepot/http/server.py",
        "src/entrepot/worker/loop.py",
        "src/entrepot/db/writer.py",  # what a unit of work raises is carried by its future to who waits for it
    }


def _raises_again(handler: ast.ExceptHandler) -> bool:
    return isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None


def _catches_everything(kind: ast.expr | None) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(
        item is None or (isinstance(item, ast.Name) and item.id in {"Exception", "BaseException"}) for item in kinds
    )


def test_no_module_has_a_name_that_says_nothing():
    nothing = {"utils", "util", "common", "helpers", "base", "manager", "misc"}
    assert [named(path) for path in SOURCE.rglob("*.py") if nothing & {path.stem, path.parent.name}] == []


def test_only_settings_reads_the_environment():
    exempt = {
        "src/entrepot/settings/sources.py",
        "src/entrepot/cli/aws_credentials.py",  # AWS's own variables, which are no settings of the server
        "src/entrepot/cli/docker_logins.py",  # where docker keeps its configuration
        "src/entrepot/telemetry.py",  # writes one: prometheus-client is told in no other way where to keep its files
    }
    readers = {
        named(path)
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
    }
    assert readers <= exempt


def test_only_outbound_sends_requests_from_the_server():
    clients = {"ClientSession", "TCPConnector", "HTTPConnection", "HTTPSConnection", "urlopen"}
    senders = {
        named(path)
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(parsed(path))
        if (isinstance(node, ast.Attribute) and node.attr in clients)
        or (isinstance(node, ast.ImportFrom) and clients & {alias.name for alias in node.names})
    }
    commands = {name for name in senders if name.startswith("src/entrepot/cli/")}  # programs of the client's machine
    assert senders - commands == {f"src/entrepot/outbound/{name}.py" for name in ("client", "exchange")}
