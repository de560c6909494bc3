"""A mistake in a study is said in one line: where it stands, what is wrong, what would be right."""

import pytest
import yaml

from project import ROOT
from seqtransfer.corpora.converters import LAYOUTS
from seqtransfer.study.checks import schemas

SCHEMAS = ROOT / "workflow/schemas"
STUDY, CATALOGUE = (
    yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text())
    for name in ("config", "catalogue")
)
EMPTY = {kind: {} for kind in ("sources", "encoders", "tasks", "corpora", "artificial")}


@pytest.fixture
def study():
    """The default study, without its catalogue."""
    root = SCHEMAS.parents[1]
    return yaml.safe_load((root / "config.yaml").read_text()) | {"catalogue": {}}


def test_the_default_study_is_as_the_schema_says(study):
    schemas.check(study, STUDY)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("study", "a/b", r"study: 'a/b' does not match .* \(Name of the study; .*\)"),
        ("study", 2024, "study: 2024 is not text; put it in quotation marks"),
        ("seeds", [3, 3], "seeds: .3, 3. has 3 twice; drop one"),
        ("seeds", ["3"], "seeds.0: '3' is not a whole number; drop the quotes"),
        ("seeds", 3, r"seeds: 3 is not a list, in \[ \]; write \[3\] for this one number, or all"),
        ("max_length", {"x": "1e3"}, "max_length.x: '1e3' is not a whole number; write 1000"),
        ("finetune", None, "finetune: None is not a map of keys and values; give the key a value"),
        (
            "finetune",
            "sweep",
            "finetune: 'sweep' is not a map of keys and values; write `finetune: {settings: sweep}`"
            "; known: adaptation, batch_size, ",
        ),
        ("examples", 100, "examples: 100 is not .*; write `examples: {train: ...}`; known: dev, "),
        ("examples", "a b", "examples: 'a b' is not .*; write `examples: {train: ...}`; known"),
        ("max_length", 64, "max_length: 64 is not .*; write `max_length: {<name>: 64}`$"),
        ("tasks", [["a", "b"]], "tasks.0: .* is not text; write one of them, such as 'a'$"),
        ("tasks", [{"a": 1}], "tasks.0: {'a': 1} is not text$"),
        (
            "tasks",
            [False],
            "tasks.0: False is not text; YAML reads yes, no, on and off as true and",
        ),
        (
            "fintune",
            {},
            "the study: unknown key 'fintune'; did you mean 'finetune'.* Known: align, analyse",
        ),
        ("claims", {"margin": "5e-2"}, "claims.margin: '5e-2' is not a number; .* write 1.0e-4"),
        ("claims", {"margin": "a"}, "claims.margin: 'a' is not a number"),
        ("claims", {}, "claims: needs `margin:`"),
    ],
)
def test_a_mistake_is_said_in_one_line(study, key, value, said):
    with pytest.raises(ValueError, match=f"^{said}") as caught:
        schemas.check(study | {key: value}, STUDY)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({}, "needs `path:` or `url:` or `package:` or `parts:`; it has no key"),
        ({"licence": "MIT"}, "needs `path:` .*; it has licence"),
        ({"url": "https://h/x"}, "needs `sha256:` or `git_blob:` or `md5:`; it has url"),
        (
            {"path": "x", "sha": "0"},
            "unknown key 'sha'; did you mean 'sha256'.* Known: archive, ex",
        ),
    ],
)
def test_a_source_that_cannot_be_got_says_what_it_needs(source, said):
    catalogue = EMPTY | {"sources": {"mine": source}}
    with pytest.raises(ValueError, match=rf"^catalogue\.sources\.mine: {said}"):
        schemas.check(catalogue, CATALOGUE, "catalogue")


@pytest.mark.parametrize(
    ("converter", "label", "said"),
    [
        (
            "table",
            ["kind", "activity"],
            "is not text; write one of them, such as 'kind', and a task",
        ),
        ("fasta", "loc", r"'loc' is not a map of .*; write `label: {pattern: ...}`; known: column"),
        (
            "fasta",
            2,
            r"2 is not a map of keys and values; write `label: {field: 2}`; known: column",
        ),
    ],
)
def test_a_label_of_another_kind_shows_how_this_one_is_written(converter, label, said):
    with pytest.raises(ValueError, match=rf"^layout\.label: .*{said}"):
        schemas.check({"file": "x", "label": label}, LAYOUTS[converter], "layout")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("seeds", [0, 1.0], "seeds.1: 1.0 is not a whole number; write 1"),
        ("seeds", [1.0e7], "seeds.0: 10000000.0 is not a whole number; write 10000000"),
        ("seeds", [True], "seeds.0: True is not a whole number"),
        ("seeds", [1.5], "seeds.0: 1.5 is not a whole number"),
        ("seeds", [-1], "seeds.0: -1 is less than the minimum of 0"),
        ("study", "tiny\n", r"study: 'tiny\\n' does not match"),
        ("study", "a" * 65, "study: 'aaa.*' does not match"),
        ("finetune", {"steps": 10**30}, "finetune.steps: 10+ is greater than the maximum of"),
        ("finetune", {"adaptation": "bias\n"}, r"finetune.adaptation: 'bias\\n' does not match"),
        ("pieces", {"Bach": 3}, "pieces: 'Bach' does not match .*small letters"),
        ("pieces", {"../x": 3}, "pieces: '../x' does not match"),
        ("cache", "a\0", r"cache: 'a\\x00' does not match .*Folder"),
    ],
)
def test_a_value_that_would_fail_a_job_is_refused(study, key, value, said):
    section = study[key] | value if isinstance(value, dict) else value
    with pytest.raises(ValueError, match=f"^{said}") as caught:
        schemas.check(study | {key: section}, STUDY)
    assert "\n" not in str(caught.value)


BAD_NAMES = ["", ".", "..", "../../../victim", "/tmp/x", "a/b", "tiny\n", "a b", "x(", ".*", "{x}"]


@pytest.mark.parametrize("kind", list(EMPTY))
@pytest.mark.parametrize("name", [*BAD_NAMES, "a" * 65, "-a", "_a"])
def test_a_name_that_could_leave_a_folder_or_mean_a_pattern_is_refused(kind, name):
    record = {
        "sources": {"path": "x"},
        "encoders": {"source": "x"},
        "tasks": dict(domain="d", title="t", source="s", format="text", split="given")
        | {"truncate": "head"},
        "corpora": {"title": "t"},
        "artificial": {"title": "t", "kind": "zipf"},
    }[kind]
    schemas.check(EMPTY | {kind: {"a-B_3": record}}, CATALOGUE)
    with pytest.raises(ValueError, match=rf"^catalogue\.{kind}: '.* does not match .* begins with"):
        schemas.check(EMPTY | {kind: {name: record}}, CATALOGUE, "catalogue")


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_pattern_holds_the_whole_text(path):
    # `$` also matches before a line break at the end.
    def patterns(schema):
        if isinstance(schema, dict):
            if isinstance(schema.get("pattern"), str):
                yield schema["pattern"]
            for inner in schema.values():
                yield from patterns(inner)
        elif isinstance(schema, list):
            for inner in schema:
                yield from patterns(inner)

    found = list(patterns(yaml.safe_load(path.read_text())))
    assert len(found) >= 4
    assert not [one for one in found if not (one.startswith("^") and one.endswith(r"\Z"))]


@pytest.mark.parametrize("classes", [["", "b"], ["a\tb", "c"], ["a\n", "c"], [" a", "c"]])
def test_a_class_that_no_label_can_be_is_refused(classes):
    task = dict(domain="d", title="t", source="s", format="text", split="given", truncate="head")
    named = {"tasks": {"x": task | {"classes": ["two words, so", "ä/b"]}}}
    schemas.check(EMPTY | named, CATALOGUE)
    with pytest.raises(ValueError, match=r"^tasks\.x\.classes\.0: .* no white space around it"):
        schemas.check(EMPTY | {"tasks": {"x": task | {"classes": classes}}}, CATALOGUE)


def itself():
    value = {}
    value["x"] = value
    return value


def laughs():
    value = ["x"] * 10
    for _ in range(10):
        value = [value] * 10
    return value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (float("nan"), r"a\.b: nan is not a finite number"),
        ([1, {"c": float("-inf")}], r"a\.b\.1\.c: -inf is not a finite number"),
        (-(10**30), r"a\.b: a whole number beyond 1000000000000000 suits no key"),
        ({None: 1}, r"a\.b: the key None is not text"),
        ({1.5: 1}, r"a\.b: the key 1\.5 is not text"),
        ({True: 1}, r"a\.b: the key True is not text"),
        ({"x\ny": 1}, r"a\.b: the key 'x\\ny' is not one short line"),
        ("\ud800", r"a\.b: holds '\\ud800', which is no character"),
        ("x" * 5000, r"a\.b: has 5000 characters; at most"),
        ([0] * 5000, r"a\.b: has 5000 entries; at most"),
        (itself(), r"a\.b(\.x)+: lies more than 20 levels deep"),
        (laughs(), r"a\.b[.0-9]*: the study has more than 100000 values"),
    ],
)
def test_a_value_that_no_study_holds_is_refused_with_its_place(value, said):
    schemas.check_values({"a": {"b": [1, 2.5, "x", None, True, {"c": "ä\n", 0: "x"}]}})
    with pytest.raises(ValueError, match=f"^{said}") as caught:
        schemas.check_values({"a": {"b": value}})
    assert "\n" not in str(caught.value)
