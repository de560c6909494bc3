"""The checkout that is tested: its folders, its modules and their imports, its workflow."""

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import yaml

import seqtransfer

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"  # real data, where it is present
# What a checkout needs to run a study.
PARTS = (
    *("Snakefile", "config.yaml", "config", ".snakemake-workflow-catalog.yml"),
    *("workflow", "scripts", "envs", "profiles"),
)
TOOLS = Path(sys.executable).parent
# When its last job has ended, Snakemake waits for the end of this time: by profiles/default, 5 s.
SOON = ("--max-jobs-per-timespan", "1000/1s")

PACKAGE = Path(seqtransfer.__file__).parent
FILES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"): path
    for path in PACKAGE.rglob("*.py")
    if path != PACKAGE / "__init__.py"
}
MODULES = sorted(FILES)


def run(*command, cwd=ROOT, **environment):
    """The finished process; output and errors together in `.stdout`."""
    return subprocess.run(
        [str(TOOLS / command[0]), *map(str, command[1:])],
        cwd=cwd,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@cache
def _server(*scripts):
    """A running tests/support/snakemake_server.py, which ends with this process."""
    return subprocess.Popen(
        [sys.executable, ROOT / "tests/support/snakemake_server.py", *scripts],
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _ask(server, *arguments, cwd, one_process=False, **environment):
    """As `run("snakemake", ...)`, by a server."""
    arguments = [*map(str, arguments)]
    with tempfile.NamedTemporaryFile("r") as output:
        order = {"arguments": arguments, "cwd": str(cwd), "output": output.name}
        order |= {"environment": {**os.environ, "PYTHONUNBUFFERED": "1", **environment}}
        print(json.dumps(order | {"one_process": one_process}), file=server.stdin, flush=True)
        code = int(server.stdout.readline())
        return subprocess.CompletedProcess(arguments, code, output.read())


def snakemake(*arguments, cwd, **environment):
    """Run the workflow of this checkout in the folder `cwd`."""
    command = ("-s", ROOT / "Snakefile", *SOON, *arguments)
    return _ask(_server(ROOT / "scripts"), *command, cwd=cwd, **environment)


def snakemake_of_a_copy(*arguments, cwd, **environment):
    """Run the copy of the workflow in the folder `cwd`, as it is at that moment."""
    return _ask(_server(), *SOON, *arguments, cwd=cwd, **environment)


def in_one_process(*arguments, cwd):
    """As `snakemake`, with all jobs in one process: for studies of many short jobs."""
    return snakemake("--cores", "1", *arguments, cwd=cwd, one_process=True)


def plan(process):
    """Rule -> number of jobs: as the workflow tells them or, with `-q rules`, Snakemake's dry run,
    which also counts targets and the total."""
    assert process.returncode == 0, process.stdout
    if "Nothing to be done" in process.stdout:
        return {}
    if "Job stats:" not in process.stdout:
        told = re.search(r"^\S+ \d+ jobs?: (.+)$", process.stdout, re.M)[1]
        return {rule: int(n) for n, rule in re.findall(r"(\d+) (\w+)", told)}
    table = process.stdout.split("Job stats:")[1].split("Reasons:")[0]
    return {rule: int(n) for rule, n in re.findall(r"^(\w+) +(\d+)$", table, re.M)}


def overlay(folder, **changes):
    """A study file in `folder` with only the keys that differ."""
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(changes))
    return path


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
