"""Imports point one way, heavy libraries stay where they belong, and files stay short."""

import ast
import os
import re
import subprocess
import sys
from graphlib import TopologicalSorter

import pytest

from project import FILES, MODULES, ROOT, imports, of

# In the order that data pass them: a room imports only from those before it.
ROOMS = "files corpora tokens scoring encoders training similarity analyses report study".split()
HEAVY = {"torch", "transformers", "safetensors"}


def room(module: str) -> str:
    return module.partition(".")[0]


def test_the_library_does_not_know_snakemake():
    for module in MODULES:
        tree = ast.parse(FILES[module].read_text())
        assert "snakemake" not in of(module)[0], module
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert "snakemake" not in names, module


def test_there_is_no_import_cycle():
    order = list(TopologicalSorter({m: of(m)[1] for m in MODULES}).static_order())
    assert set(order) == set(MODULES)


def test_every_module_is_in_a_room_and_rooms_import_in_the_order_of_the_data():
    assert {room(module) for module in MODULES} == {*ROOMS, "seeds"}
    assert of("seeds")[1] == set()
    for module in set(MODULES) - {"seeds"}:
        allowed = {*ROOMS[: ROOMS.index(room(module)) + 1], "seeds"}
        assert {room(lower) for lower in of(module)[1]} <= allowed, module


def test_every_room_says_what_comes_in_what_goes_out_and_what_each_of_its_modules_does():
    for name in ROOMS:
        text = ast.get_docstring(ast.parse(FILES[name].read_text()))
        assert "In: " in text and "Out: " in text, name
        inner = {m.split(".")[1] for m in MODULES if m.startswith(f"{name}.")}
        lacking = [module for module in sorted(inner) if module not in text]
        assert not lacking, f"seqtransfer/{name}/__init__.py does not name {lacking}"


def test_torch_is_only_where_models_are_computed():
    direct = {module for module in MODULES if of(module)[0] & HEAVY}
    assert {room(module) for module in direct} == {"encoders", "training", "similarity", "analyses"}
    assert {m for m in direct if room(m) == "similarity"} == {
        "similarity.attention_maps",
        "similarity.representations",
    }


def test_measures_statistics_and_metrics_know_only_numpy_and_scipy():
    known = {"numpy", "scipy", "math", "collections", "dataclasses", "functools", "typing"}
    numeric = "similarity.measures", "similarity.layer_comparison", "scoring.metrics"
    for module in MODULES:
        if module.startswith(numeric):
            assert of(module)[0] <= known, module
            assert {room(lower) for lower in of(module)[1]} <= {"similarity"}, module


# What a job does not need and would wait for: together these take longer than many jobs work.
@pytest.mark.parametrize(
    ("script", "unneeded"),
    [
        ("draw_map", {"torch", "pandas", "scipy"}),
        ("export_music", {"torch", "music21", "scipy"}),
        ("represent", {"transformers", "pandas", "scipy", "ot"}),
        ("finetune", {"transformers", "pandas", "scipy", "ot"}),
        ("plot", {"torch", "seaborn", "scipy.stats"}),
    ],
)
def test_a_script_imports_nothing_heavy_that_it_does_not_need(script, unneeded):
    path = ROOT / "scripts" / f"{script}.py"
    code = f"import runpy, sys; runpy.run_path({str(path)!r}, run_name='x'); print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "scripts")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert "seqtransfer" in done.stdout
    assert not unneeded & set(done.stdout.split())


def test_a_study_is_planned_without_libraries_that_only_jobs_need():
    imported = re.findall(
        r"^from seqtransfer.*$", (ROOT / "workflow/rules/common.smk").read_text(), re.M
    )
    code = "\n".join([*imported, "import sys; print(*sys.modules)"])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "scripts",
        capture_output=True,
        text=True,
        check=True,
    )
    needless = "torch pandas scipy pyarrow matplotlib Bio music21 symusic tokenizers".split()
    assert "seqtransfer.study" in done.stdout and not set(needless) & set(done.stdout.split())


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
