"""Imports point one way, heavy libraries stay where they belong, and files stay short."""

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import seqtransfer

ROOT = Path(__file__).parents[1]
PACKAGE = Path(seqtransfer.__file__).parent
FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
    if path != PACKAGE / "__init__.py"
}
MODULES = sorted(FILES)
TORCH = {
    *(
        "adaptation",
        "attentions",
        "bert",
        "checkpoints",
        "conversions",
        "dropout",
        "encoders",
        "families",
    ),
    *("initializations", "models", "optimizer", "pretraining", "representations", "stock"),
    "training",
}


@cache
def imports(path: Path) -> tuple[frozenset[str], frozenset[str]]:
    """What a file imports anywhere in it: top-level libraries, and modules of the package."""
    libraries, modules = set(), set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            names = [n if n.removeprefix("seqtransfer.") in FILES else node.module for n in inner]
        else:
            continue
        for name in names:
            top, _, inner = name.partition(".")
            if top != "seqtransfer":
                libraries.add(top)
            else:
                assert inner in FILES, f"{path} imports {name}, which is no module"
                modules.add(inner)
    return frozenset(libraries), frozenset(modules)


def of(module: str) -> tuple[frozenset[str], frozenset[str]]:
    return imports(FILES[module])


def below(module: str) -> set[str]:
    """Every module of the package that `module` imports, directly or not."""
    found, open_ones = set(), {module}
    while open_ones:
        direct = of(open_ones.pop())[1]
        open_ones |= direct - found
        found |= direct
    return found


def test_the_library_does_not_know_snakemake():
    for module in MODULES:
        tree = ast.parse(FILES[module].read_text())
        assert "snakemake" not in of(module)[0], module
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert "snakemake" not in names, module


def test_there_is_no_import_cycle():
    order = list(TopologicalSorter({m: of(m)[1] for m in MODULES}).static_order())
    assert set(order) == set(MODULES)


def test_torch_is_only_in_the_modules_that_train_and_read_models():
    direct = {m for m in MODULES if of(m)[0] & {"torch", "transformers", "safetensors"}}
    assert direct == TORCH
    reaching = {m for m in MODULES if below(m) & TORCH}
    assert reaching <= TORCH | {"runs"}


@pytest.mark.parametrize(
    ("module", "allowed"),
    [
        ("formats", set()),
        ("similarity", {"measures", "measures.measure", "measures.repairings", "measures.sides"}),
        ("measures.sides", set()),
        ("measures.measure", {"measures.sides"}),
        ("measures.repairings", {"measures.sides"}),
        ("measures.attention", set()),
        ("measures.streaming", {"measures", "measures.sides", "similarity"}),
        ("scores", set()),
        ("statistics", set()),
        ("seeds", set()),
        ("arms", set()),
        ("parts", set()),
        ("vocabulary", set()),
        ("reading", set()),
        ("alphabets", set()),
        ("engraved", set()),
        ("corpora", {"formats", "reading"}),
        ("splits", {"corpora"}),
        ("tables", {"formats", "scores", "statistics"}),
        ("sensitivity", set()),
        ("evaluations", set()),
        ("panels", {"arms"}),
        ("plots", {"formats", "panels", "sensitivity", "statistics", "tables"}),
        ("transfer", {"arms", "statistics", "tables"}),
        ("transfer_figures", {"panels", "tables", "transfer"}),
        ("states", {"formats"}),
        ("similarity_tables", {"statistics", "tables"}),
        ("similarity_plots", {"panels"}),
        ("resampling", {"measures.measure", "measures.sides"}),
    ],
)
def test_a_module_knows_only_the_layers_below_it(module, allowed):
    assert of(module)[1] <= allowed


@pytest.mark.parametrize(
    "module",
    ["similarity", "scores", "statistics", *(m for m in MODULES if m.startswith("measures"))],
)
def test_measures_know_only_numpy_scipy_and_scikit_learn(module):
    known = {"numpy", "scipy", "sklearn", "math", "collections", "dataclasses", "functools"}
    files = {"pathlib"} if module == "measures.streaming" else set()
    assert of(module)[0] <= known | files | {"typing"}


def test_scripts_take_snakemake_only_from_the_last_block():
    for path in sorted((ROOT / "scripts").glob("*.py")):
        *before, last = ast.parse(path.read_text()).body
        assert isinstance(last, ast.If) and "__main__" in ast.unparse(last.test), path
        names = {n.id for part in before for n in ast.walk(part) if isinstance(n, ast.Name)}
        assert "snakemake" not in names | imports(path)[0], path


def test_every_module_has_a_docstring_and_no_file_is_longer_than_400_lines():
    for folder in ("scripts", "workflow", "tests"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".smk", ".yaml", ".rst", ".j2"}:
                assert len(path.read_text().splitlines()) <= 400, path
            if path.suffix == ".py":
                assert ast.get_docstring(ast.parse(path.read_text())), path
