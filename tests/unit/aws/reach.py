"""Which facts a function can raise: its source is read, and that of everything that it can reach.

Names are followed through imports, methods through annotations; a call of a method whose owner is not known counts as
one of every method of that name. What a `try` catches and does not raise again is taken away.
"""

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from entrepot import errors

SOURCE = Path(__file__).parents[3] / "src" / "entrepot"
READ = (
    *(
        "aws/cloudtrail",
        "aws/cloudwatch",
        "aws/ecr",
        "aws/ecr_public",
        "aws/entrepot",
        "aws/events",
        "aws/iam",
        "aws/inspector2",
        "aws/kms",
        "aws/secretsmanager",
        "aws/signer",
        "aws/sts",
        "aws/repository",
        "aws/protocol",
        "core",
        "spec",
        "store",
        "seal",
        "policy",
        "metrics",
        "pattern",
    ),
    *("http/addressing", "http/body"),
)
FACTS = {name for name in dir(errors) if isinstance(getattr(errors, name), type)} - {"Fact"}
_FACT = "a fact"
_BUILTIN = {name for kind in (str, bytes, dict, list, set, tuple) for name in dir(kind)} | set(dir(builtins))


@dataclass
class Module:
    """One file: what its names mean."""

    names: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    functions: dict[str, ast.AST] = field(default_factory=dict)
    classes: dict[str, dict[str, str]] = field(default_factory=dict)


@lru_cache
def modules() -> dict[str, Module]:
    """All that is read, by dotted name."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).with_suffix("").as_posix()
        if name.startswith(READ):
            found["entrepot." + name.replace("/", ".").removesuffix(".__init__")] = _module(ast.parse(path.read_text()))
    return {name: found[name] for name in _imported(found)}


def _imported(found: dict[str, Module]) -> set[str]:
    """What the door of AWS imports, directly or not, and the stores, which it is given: no operation reaches what only
    the jobs have.
    """
    reached: set[str] = set()
    waiting = [name for name in found if name.startswith(("entrepot.aws", "entrepot.store"))]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            pairs = found[name].names.values()
            waiting += (each for pair in pairs for each in (pair[0], f"{pair[0]}.{pair[1]}") if each in found)
    return reached


def _module(tree: ast.Module) -> Module:
    module = Module()
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=source, names=names) if source:
                module.names |= {each.asname or each.name: (source, each.name) for each in names}
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                module.functions[node.name] = node
            case ast.ClassDef():
                module.classes[node.name] = _attributes(node)
                module.functions |= {
                    f"{node.name}.{each.name}": each
                    for each in node.body
                    if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
                }
    return module


def _attributes(node: ast.ClassDef) -> dict[str, str]:
    """Attribute -> the text of its annotation, from the body and from what __init__ keeps of its parameters."""
    found = {
        each.target.id: ast.unparse(each.annotation)
        for each in node.body
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    }
    for method in node.body:
        if isinstance(method, ast.FunctionDef) and method.name == "__init__":
            given = {a.arg: ast.unparse(a.annotation) for a in _arguments(method) if a.annotation}
            for each in ast.walk(method):
                match each:
                    case ast.Assign(targets=[ast.Attribute(attr=name)], value=ast.Name(id=source)) if source in given:
                        found[name] = given[source]
    return found


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


class Reach:
    """Walks from one function, again while it learns something: functions that call each other need it."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], frozenset[str]] = {}
        self._whole: set[tuple[str, str]] = set()  # those of which all is known
        self._seen: set[tuple[str, str]] = set()  # in this round

    def facts(self, module: str, function: str) -> frozenset[str]:
        """The names of the facts that a function (`name` or `Class.name`) can raise."""
        before: dict[tuple[str, str], frozenset[str]] | None = None
        while before != self._known:
            before = dict(self._known)
            self._seen = set(self._whole)
            found = self._walked(module, function)
        self._whole = self._seen
        return found

    def _walked(self, module: str, function: str) -> frozenset[str]:
        """What is known so far, after another look unless it was looked at in this round."""
        key = (module, function)
        if key not in self._seen:
            self._seen.add(key)
            node = modules()[module].functions[function]
            assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            owner = function.partition(".")[0] if "." in function else None
            scope = {a.arg: ast.unparse(a.annotation) for a in _arguments(node) if a.annotation}
            if owner:
                scope |= {"self": owner, "cls": owner}
            self._known[key] = self._union(module, scope, node.body)
        return self._known.get(key, frozenset())

    def _union(self, module: str, scope: dict[str, str], nodes: Iterable[ast.AST]) -> frozenset[str]:
        found: frozenset[str] = frozenset()
        for node in nodes:
            found |= self._of(module, scope, node)
        return found

    def _of(self, module: str, scope: dict[str, str], node: ast.AST) -> frozenset[str]:
        if isinstance(node, ast.Try):
            return self._of_try(module, scope, node)
        found = self._union(module, scope, ast.iter_child_nodes(node))
        targets: list[tuple[str, str]] = []
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
            targets = self._targets(module, scope, node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            targets = self._anyone(module, scope, node.func)
        for owner, name in targets:
            if owner == _FACT:
                found |= {name}
            elif name in modules()[owner].functions:
                found |= self._walked(owner, name)
        return found

    def _of_try(self, module: str, scope: dict[str, str], node: ast.Try) -> frozenset[str]:
        inside = self._union(module, scope, node.body)
        rest = self._union(module, scope, [*node.orelse, *node.finalbody])
        for handler in node.handlers:
            again = any(isinstance(each, ast.Raise) and each.exc is None for each in ast.walk(handler))
            if not again and handler.type is not None:
                inside -= {each.id for each in ast.walk(handler.type) if isinstance(each, ast.Name)}
            rest |= self._union(module, scope, handler.body)
        return inside | rest

    def _targets(self, module: str, scope: dict[str, str], node: ast.Name | ast.Attribute) -> list[tuple[str, str]]:
        if isinstance(node, ast.Name):
            return self._named(module, node.id)
        base = node.value
        if isinstance(base, ast.Name) and base.id in modules()[module].names and base.id not in scope:
            source, name = modules()[module].names[base.id]
            inner = f"{source}.{name}"
            if inner in modules():
                return self._named(inner, node.attr)
            if source in modules():
                return [(source, f"{name}.{node.attr}")]
            return []
        owner = self._type(module, scope, base)
        return [] if owner is None else [(owner[0], f"{owner[1]}.{node.attr}")]

    def _anyone(self, module: str, scope: dict[str, str], called: ast.Attribute) -> list[tuple[str, str]]:
        """Every method of the name that is called, where it is not known whose it is."""
        if called.attr in _BUILTIN or self._targets(module, scope, called):
            return []
        if isinstance(called.value, ast.Name) and called.value.id in modules()[module].names:
            return []
        return _methods(called.attr)

    def _named(self, module: str, name: str) -> list[tuple[str, str]]:
        here = modules()[module]
        if name in here.functions:
            return [(module, name)]
        if name in here.classes:
            return [(module, f"{name}.__init__")]
        source, original = here.names.get(name, ("", None))
        if source.startswith("entrepot.errors") and original in FACTS:
            return [(_FACT, str(original))]
        if f"{source}.{original}" in modules():  # a module, not something in one
            return []
        return self._named(source, str(original)) if source in modules() else []

    def _type(self, module: str, scope: dict[str, str], node: ast.AST) -> tuple[str, str] | None:
        """(module, class) of a value, where annotations tell it."""
        match node:
            case ast.Name(id=name) if name in scope:
                return _class(module, scope[name])
            case ast.Attribute(value=base, attr=name):
                owner = self._type(module, scope, base)
                if owner is not None:
                    return _class(owner[0], modules()[owner[0]].classes[owner[1]].get(name, ""))
        return None


def _class(module: str, annotation: str) -> tuple[str, str] | None:
    name = annotation.strip("\"'").partition(" | ")[0]
    here = modules()[module]
    if name in here.classes:
        return module, name
    source, original = here.names.get(name, ("", None))
    return _class(source, str(original)) if source in modules() and original else None


@lru_cache
def _methods(name: str) -> list[tuple[str, str]]:
    return [
        (module, each) for module, read in modules().items() for each in read.functions if each.endswith(f".{name}")
    ]
