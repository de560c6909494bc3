"""The digest changes exactly when code that a script can reach changes."""

import ast
import shutil

import pytest

from project import ROOT
from seqtransfer.corpora.converters import CONVERTERS
from seqtransfer.encoders import arm_tables
from seqtransfer.study import provenance

MODULE = '''
"""Docstring."""
import math
from seqtransfer import helper

SCALE = 2

def used(x):
    """Twice the square root."""
    return SCALE * math.sqrt(helper.inner(x))

def unused(x):
    return x
'''
HELPER = """
def inner(x):
    return x + 1

def outer(x):
    return x - 1
"""
SCRIPT = """
from seqtransfer import measure

def main(x):
    return measure.used(x)
"""


@pytest.fixture
def digest(tmp_path, monkeypatch):
    package = tmp_path / "seqtransfer"
    package.mkdir()
    monkeypatch.setattr(provenance, "PACKAGE", package)

    def digest(module=MODULE, helper=HELPER, script=SCRIPT):
        provenance._package_module.cache_clear()
        (package / "measure.py").write_text(module)
        (package / "helper.py").write_text(helper)
        (tmp_path / "script.py").write_text(script)
        return provenance.code_digest(tmp_path / "script.py")

    yield digest
    provenance._package_module.cache_clear()


@pytest.mark.parametrize(
    "change",
    [
        {"module": MODULE.replace("SCALE = 2", "SCALE = 2  # a factor")},
        {"module": MODULE.replace("Twice the", "Two times the")},
        {"module": MODULE.replace("import math", "\n\n# maths\nimport math")},
        {"module": MODULE.replace("return x\n", "return x + 1\n")},
        {"helper": HELPER.replace("x - 1", "x - 2")},
        {"script": SCRIPT.replace("return", "# calls\n    return")},
    ],
)
def test_comments_docstrings_and_unreached_code_change_nothing(digest, change):
    assert digest(**change) == digest()


@pytest.mark.parametrize(
    "change",
    [
        {"module": MODULE.replace("SCALE = 2", "SCALE = 3")},
        {"module": MODULE.replace("math.sqrt", "math.exp")},
        {"module": MODULE.replace("import math", "import cmath as math")},
        {"module": MODULE + "\nprint(SCALE)\n"},
        {"helper": HELPER.replace("x + 1", "x + 2")},
        {"script": SCRIPT.replace("used(x)", "unused(x)")},
    ],
)
def test_reached_code_changes_the_digest(digest, change):
    assert digest(**change) != digest()


@pytest.mark.parametrize("name", sorted(provenance.APART))
def test_code_around_a_job_s_own_work_is_in_no_digest(name, digest, monkeypatch):
    """Of a script that calls it, as all do; a module of another name counts."""
    room, plain = name.split(".")
    source = provenance.PACKAGE / room
    source.mkdir()
    script = f"from seqtransfer.{room} import {plain}, other\n{plain}.f()\nother.f()\n"
    found = {}
    for edited in ("", plain, "other"):
        for module in (plain, "other"):
            body = "return 2" if module == edited else "return 1"
            (source / f"{module}.py").write_text(f"def f():\n    {body}\n")
        provenance._package_module.cache_clear()
        found[edited] = digest(script=script)
    assert found[plain] == found[""] != found["other"]


def test_of_a_table_the_entries_that_a_job_uses_are_in_its_digest(digest):
    """And what they reach, wherever it lies; the rest of the script counts as ever."""
    table = (
        "from seqtransfer import helper\nTABLE = {'inner': helper.inner, 'outer': helper.outer}\n"
    )
    table += "def call(name):\n    return TABLE[name](1)\n"
    script = "from seqtransfer import measure\nprint(measure.call('inner'))\n"

    def found(keys=("inner",), module=table, helper=HELPER, script=script):
        digest(module, helper, script)
        return provenance.code_digest(
            provenance.PACKAGE.parent / "script.py", {"measure.TABLE": keys}
        )

    assert found(helper=HELPER.replace("x - 1", "x - 2")) == found()
    assert found(module=table.replace("'outer': helper.outer", "")) == found()
    assert found(module=table.replace("{'inner'", "{'a': 1, 'inner'")) == found()
    assert found(module=table.replace("helper.inner,", "abs,")) != found()
    assert found(helper=HELPER.replace("x + 1", "x + 2")) != found()
    assert found(module=table.replace("(1)", "(2)")) != found()
    assert found(script=script.replace("print", "repr")) != found()
    assert found(["outer"]) != found()
    put_in = table.replace("'outer': helper.outer", "**{n: helper.outer for n in 'ab'}")
    assert found(module=put_in) == found()
    assert found(["a"], put_in) == found(["b"], put_in) != found(["inner", "a"], put_in)
    changed = HELPER.replace("x - 1", "x - 2")
    assert found(["a"], put_in) != found(["a"], put_in, changed)


def test_no_other_converter_s_code_is_in_a_conversion_s_digest(tmp_path, monkeypatch):
    package = shutil.copytree(provenance.PACKAGE, tmp_path / "seqtransfer")
    monkeypatch.setattr(provenance, "PACKAGE", package)
    script, table = ROOT / "scripts/convert.py", "corpora.converters.CONVERTERS"

    def digests():
        provenance._package_module.cache_clear()
        return {name: provenance.code_digest(script, {table: [name]}) for name in CONVERTERS}

    before, path = digests(), package / "corpora/converters/splice.py"
    text = path.read_text()
    path.write_text(text.replace("def convert(", "def convert(added=None, *, also=None, "))
    after = digests()
    assert {name for name in CONVERTERS if before[name] != after[name]} == {"splice"}
    assert before["mrpc"] != before["sentiment"]
    provenance._package_module.cache_clear()


def test_a_new_arm_control_or_change_of_weights_retrains_no_other(tmp_path, monkeypatch):
    package = shutil.copytree(provenance.PACKAGE, tmp_path / "seqtransfer")
    monkeypatch.setattr(provenance, "PACKAGE", package)
    scripts = ROOT / "scripts"
    arms = ("text", "random", "first-2", "from-zipf-attention-only", "shuffled", "cnn")

    def digests():
        provenance._package_module.cache_clear()
        return {
            (script, arm): provenance.code_digest(scripts / f"{script}.py", arm_tables.used([arm]))
            for script in ("finetune", "sweep")
            for arm in arms
        }

    def changed(file, old, new):
        before, path = digests(), package / file
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))
        after = digests()
        path.write_text(text)
        return {arm for (_, arm), digest in after.items() if digest != before[_, arm]}

    table = "encoders/initializations.py"
    assert not changed(table, "INITIALIZATIONS = {", "INITIALIZATIONS = {'new': Initialization(),")
    shuffling = "def shuffled("
    found = changed("encoders/weight_changes.py", shuffling, f"NEW = 1\n\n\n{shuffling}")
    assert not found
    whole = '"shuffled": Initialization(takes=learned'
    assert changed(table, whole, whole.replace("learned", "everything")) == {"shuffled"}
    networks = "encoders/control_networks.py"
    assert not changed(networks, "NETWORKS = {", "NETWORKS = {'new': Cnn,")
    assert changed(networks, '"cnn": Cnn', '"cnn": SelfAttention') == {"cnn"}
    assert changed("training/steps.py", "MAX_NORM = 1.0", "MAX_NORM = 2.0") == set(arms)
    provenance._package_module.cache_clear()


def test_every_statement_is_found_however_deep():
    source = """
async def f():
    async with a, b:
        async for x in y:
            if x: yield lambda: (1 if x else 2)
            elif y: import p
            else: from q import r
        else: return
class C:
    def m(self):
        while True:
            try: pass
            except* E: raise
            else: del x
            finally:
                match x:
                    case 1: g()
                    case _: from s import t
        else: assert x
"""
    tree = ast.parse(source)
    found = [node for node in provenance._statements(tree) if isinstance(node, ast.stmt)]
    assert len(found) == len(set(found))
    assert set(found) == {node for node in ast.walk(tree) if isinstance(node, ast.stmt)}


def test_every_script_has_a_digest():
    scripts = sorted((provenance.PACKAGE.parent).glob("*.py"))
    assert scripts
    digests = [provenance.code_digest(script) for script in scripts]
    assert len(set(digests)) == len(scripts)


def test_a_record_names_the_python_and_library_versions():
    record = provenance.record("abc", ["numpy"], device="cpu")
    assert record["code"] == "abc" and record["device"] == "cpu"
    assert set(record["versions"]) == {"python", "numpy"}


def test_a_folder_of_modules_is_followed_by_name(digest, tmp_path):
    family = tmp_path / "seqtransfer/family"
    family.mkdir()
    listing = "from seqtransfer.family import inner\nALL = [inner.used]\n"
    (family / "__init__.py").write_text(listing)
    source = "def used(x):\n    return x\n\ndef unused(x):\n    return x\n"
    for script in (
        "from seqtransfer import family\nfamily.ALL",
        "from seqtransfer.family import ALL\nALL",
        "from seqtransfer.family import inner\ninner.used",
        "from seqtransfer.family.inner import used\nused",
        "def f():\n    from seqtransfer.family import inner\n    inner.used",
    ):
        (family / "inner.py").write_text(source)
        before = digest(script=script)
        (family / "inner.py").write_text(source.replace("x\n\n", "x + 1\n\n"))
        assert digest(script=script) != before, script
        (family / "inner.py").write_text(source + "    # a remark")
        assert digest(script=script) == before, script


@pytest.mark.parametrize(
    ("script", "module", "description"),
    [
        ("convert", "corpora/converters/table.py", "Column of the sequence, for format fasta"),
        ("encode", "tokens/tokenizations.py", "Symbols of a k-mer"),
    ],
)
def test_the_description_of_an_option_reruns_no_job(
    tmp_path, monkeypatch, script, module, description
):
    package = tmp_path / "seqtransfer"
    shutil.copytree(provenance.PACKAGE, package)
    path = provenance.PACKAGE.parent / f"{script}.py"
    monkeypatch.setattr(provenance, "PACKAGE", package)
    digests = []
    for text in (description, "other words"):
        provenance._package_module.cache_clear()
        source = (package / module).read_text()
        assert description in source
        (package / module).write_text(source.replace(description, text))
        digests.append(provenance.code_digest(path))
    provenance._package_module.cache_clear()
    assert digests[0] == digests[1]


def test_no_module_is_a_value_of_a_list_or_looked_into_by_name():
    """A digest follows `module.name` alone: of a module in a list it would see no function."""
    for path in sorted(provenance.PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        modules = {
            name.asname or name.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("seqtransfer")
            for name in node.names
            if provenance.PACKAGE.parent.joinpath(
                *node.module.split("."), f"{name.name}.py"
            ).exists()
        }
        top = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
        held = {
            element.id
            for statement in top
            for node in ast.walk(statement)
            if isinstance(node, ast.Tuple | ast.List | ast.Set | ast.Dict)
            for element in (node.values if isinstance(node, ast.Dict) else node.elts)
            if isinstance(element, ast.Name)
        }
        looked_into = {
            node.args[0].id
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "getattr"
            and isinstance(node.args[0], ast.Name)
        }
        assert not modules & (held | looked_into), path


@pytest.mark.parametrize(
    ("script", "function"),
    [
        ("plot", "similarity_figures.similarity"),
        ("plot", "gain_figures.ladder"),
        ("summarize", "aggregate_tables.table"),
        ("summarize", "power.table"),
    ],
)
def test_tables_and_figures_are_in_the_digest_of_what_makes_them(
    script, function, tmp_path, monkeypatch
):
    module, name = function.split(".")
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    monkeypatch.setattr(provenance, "PACKAGE", tmp_path / "scripts/seqtransfer")

    def digest():
        provenance._package_module.cache_clear()
        return provenance.code_digest(tmp_path / f"scripts/{script}.py")

    before = digest()
    (path,) = provenance.PACKAGE.rglob(f"{module}.py")
    text = path.read_text()
    assert text.count(f"\ndef {name}(") == 1
    path.write_text(f"{text}\n\n_{name} = {name}\n\n\ndef {name}(*values):\n    return values\n")
    try:
        assert digest() != before
    finally:
        provenance._package_module.cache_clear()
