"""What code made a result: a digest that sees code and is blind to comments and docstrings.

Snakemake reruns a job when its own script's text changes, but not when a module that the script
imports does. Every rule therefore passes `code_digest` of its script as a parameter: an edit to a
definition reruns exactly the jobs whose script can reach it; a comment or docstring reruns none.
"""

import ast
import hashlib
import platform
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

import psutil

from seqtransfer.study import study_records
from seqtransfer.study.peak_memory import peak_memory

PACKAGE = Path(__file__).resolve().parents[1]
# What is done around a job's own work: which card it has, that it ends with Snakemake, its log and
# memory, the digests of its files, where other studies find them. No score depends on it, so an
# edit here retrains nothing.
APART = frozenset(
    f"study.{name}" for name in ("cards", "digests", "jobs", "liveness", "logs", "peak_memory")
) | {"training.shared_pretrainings"}


def code_digest(script: str | Path, tables: Mapping[str, Sequence[str]] | None = None) -> str:
    """Digest (16 hex digits) of `script` and of every definition of the package it can reach.

    Reaching is by name and errs on the side of too much: a name that is mentioned is reached. The
    modules of APART are not. tables: `module.NAME` of a dictionary -> the keys that the job uses;
    its other entries, and what they alone reach, do not count.
    """
    reached: dict[tuple[str, str], str] = {}
    for table, keys in (tables or {}).items():
        owner, _, name = table.rpartition(".")
        module = _package_module(owner)
        reached[owner, name], mentioned = module.entries(name, keys)
        _follow(module, mentioned, reached)
        _reach_part(module, "", reached)
    module = _Module(Path(script).resolve())
    for name in [*module.definitions, *module.imports]:
        _reach(module, name, reached)
    _reach_part(module, "", reached)
    text = "\n".join(f"{key[0]}:{key[1]}\n{code}" for key, code in sorted(reached.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def text_digest(folder: str) -> str:
    """Digest (16 hex digits) of the files in a folder of the package, such as templates."""
    texts = [path.read_bytes() for path in sorted(PACKAGE.joinpath(folder).iterdir())]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def record(code: str, libraries: Sequence[str], **facts: object) -> dict:
    """The provenance part of a result: code digest, versions of `libraries`, and other facts."""
    versions = {"python": platform.python_version()}
    versions |= {name: metadata.version(name) for name in libraries}
    return {"code": code, "versions": versions, **facts}


def timing(
    seconds_training: float, seconds_before: float = 0.0, joules: float | None = None
) -> dict:
    """Seconds inside training steps, and in all since this process began; the bytes of memory that
    it took at most; its energy in watt-hours; and the processor that it runs on.

    seconds_before: of the processes of a run that was killed, which count in both; what these took
    of energy nobody knows, and it is None. joules: of this process, None where nothing counts it.
    """
    total = seconds_before + time.time() - psutil.Process().create_time()
    return {
        "seconds_total": round(total, 3),
        "seconds_training": round(seconds_training, 3),
        "peak_memory": peak_memory(),
        "energy": None if joules is None or seconds_before else joules / 3600,
        "processor": study_records.processor(),
    }


class _Module:
    """A source file's top level: definitions by name, imports by alias, other statements."""

    def __init__(self, path: Path, name: str = ""):
        self.name = name or path.stem
        self.definitions: dict[str, list[ast.AST]] = {}
        self.imports: dict[str, tuple[str, str | None]] = {}
        self.statements: list[ast.AST] = []
        tree = _without_docstrings(ast.parse(path.read_bytes()))
        for node in _statements(tree):  # also those inside of functions
            if isinstance(node, ast.ImportFrom) and _is_inner(node):
                self.imports |= {a.asname or a.name: _imported(node, a.name) for a in node.names}
        for node in tree.body:
            if isinstance(node, ast.ImportFrom) and _is_inner(node):
                continue
            names = _bound_names(node)
            for name in names:
                self.definitions.setdefault(name, []).append(node)
            if not names:
                self.statements.append(node)
        self._parts: dict[str, tuple[str, set]] = {}

    def part(self, name: str) -> tuple[str, set[tuple[str, str | None]]]:
        """Code of a definition, or for "" of the bare statements, and what of the package it
        mentions: (name of this module, None), or (another module, name of that one)."""
        if name not in self._parts:
            nodes = self.definitions[name] if name else self.statements
            code = "\n".join(ast.unparse(node) for node in nodes)
            self._parts[name] = code, self._all_mentioned(nodes)
        return self._parts[name]

    def entries(self, name: str, keys: Sequence[str]) -> tuple[str, set[tuple[str, str | None]]]:
        """As `part`, of a dictionary with the entries of `keys` alone, in their order there.

        A key that is not written out counts as all that are put in by `**`.
        """
        (assignment,) = self.definitions[name]
        pairs = list(zip(assignment.value.keys, assignment.value.values, strict=True))
        written = {key.value for key, _ in pairs if key is not None}
        nodes = [
            value
            for key, value in pairs
            if (not written.issuperset(keys) if key is None else key.value in keys)
        ]
        return "\n".join(ast.unparse(node) for node in nodes), self._all_mentioned(nodes)

    def _all_mentioned(self, nodes: Iterable[ast.AST]) -> set[tuple[str, str | None]]:
        return {found for node in nodes for found in self._mentioned(node)}

    def _mentioned(self, node: ast.AST) -> Iterator[tuple[str, str | None]]:
        for child in ast.walk(node):
            if isinstance(child, ast.Attribute) and isinstance(child.value, ast.Name):
                owner, attribute = self.imports.get(child.value.id, ("", ""))
                if owner and attribute is None:
                    yield owner, child.attr
            elif isinstance(child, ast.Name) and (
                child.id in self.imports or child.id in self.definitions
            ):
                yield child.id, None


def _is_inner(node: ast.ImportFrom) -> bool:
    """Whether it imports from the package."""
    return str(node.module).split(".")[0] == PACKAGE.name


def _imported(node: ast.ImportFrom, name: str) -> tuple[str, str | None]:
    """What `from node.module import name` binds: (module, None) or (its module, a definition)."""
    inner = node.module.split(".")[1:]
    module = ".".join([*inner, name])
    return (module, None) if _source(module).exists() else (".".join(inner), name)


def _source(module: str) -> Path:
    """The file of a module of the package; of a folder of modules its `__init__.py`."""
    path = PACKAGE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _package_module(name: str) -> _Module:
    return _Module(_source(name), name)


def _reach(module: _Module, name: str, reached: dict) -> None:
    if name in module.imports:
        owner, attribute = module.imports[name]
        target = _package_module(owner)
        if attribute is None:
            _reach_part(target, "", reached)
        else:
            _reach(target, attribute, reached)
    elif name in module.definitions:
        _reach_part(module, name, reached)
        _reach_part(module, "", reached)


def _reach_part(module: _Module, name: str, reached: dict) -> None:
    """A definition, or for "" the module's bare statements, which run whenever it is imported."""
    if (module.name, name) in reached or module.name in APART:
        return
    reached[module.name, name], mentioned = module.part(name)
    _follow(module, mentioned, reached)


def _follow(module: _Module, mentioned: set[tuple[str, str | None]], reached: dict) -> None:
    """What a definition of the module mentions."""
    for first, second in mentioned:
        if second is None:
            _reach(module, first, reached)
        else:
            _reach(_package_module(first), second, reached)


def _bound_names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return [n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(a.asname or a.name).split(".")[0] for a in node.names]
    return []


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """The node and every statement in it, however deep; not the expressions, which are ten times
    as many."""
    yield node
    for field in ("body", "handlers", "cases", "orelse", "finalbody"):
        for child in getattr(node, field, ()):
            yield from _statements(child)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in _statements(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                # A body may not be empty: `...` stands where only a docstring stood.
                node.body = node.body[1:] or [ast.Expr(ast.Constant(...))]
    return tree
