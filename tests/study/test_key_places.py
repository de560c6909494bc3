"""A key in the wrong place of a study is refused with the place where it stands."""

import pytest
import yaml

from project import ROOT
from seqtransfer.study.checks import key_places, schemas

STUDY, CATALOGUE = (
    yaml.safe_load((ROOT / f"workflow/schemas/{name}.schema.yaml").read_text())
    for name in ("config", "catalogue")
)
TABLE = {"converter": "table"}


def refused(record, path, known=("layout", "seed", "source")):
    with pytest.raises(ValueError) as caught:
        with key_places.told(STUDY, CATALOGUE):
            key = next(iter(record))
            raise schemas.UnknownKey(path, key, record, known)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("record", "path", "ways"),
    [
        ({"learning_rates": [1]}, (), "`sweep: {learning_rates: ...}`"),
        ({"layers": 2}, (), "`encoder: {layers: ...}`"),
        ({"claims": {}}, ("finetune",), "`claims: ...` at the top of the study"),
        ({"tasks": {}}, ("catalogue", "sources"), "`tasks: ...` at the top of the study"),
        ({"artificial": {}}, (), "`catalogue: {artificial: ...}`"),
        ({"metric": "mcc"}, (), "`catalogue: {tasks: {<name>: {metric: ...}}}`"),
        ({"alphabet": "dna"} | TABLE, ("catalogue", "tasks", "x"), "`layout: {alphabet: ...}`"),
        ({"stride": 1}, ("catalogue", "tasks", "x"), "`tokens: {stride: ...}`"),
        (
            {"metric": "mcc"},
            ("catalogue", "tasks", "x", "layout"),
            "`catalogue: {tasks: {x: {metric: ...}}}`",
        ),
        (
            {"path": "y"},
            ("catalogue", "encoders", "x"),
            "`catalogue: {sources: {<name>: {path: ...}}}`, and name that by `source: <name>`",
        ),
    ],
)
def test_a_key_in_the_wrong_place_is_refused_with_its_own(record, path, ways):
    where = ".".join(path) or "the study"
    said = f"{where}: unknown key {next(iter(record))!r}; it stands elsewhere: write {ways}"
    assert refused(record, path) == said


def test_of_a_key_in_several_sections_some_are_named():
    said = refused({"batch_size": 1}, ())
    assert said.endswith("`pretrain: {batch_size: ...}` or `align: {batch_size: ...}` or"
                         " `finetune: {batch_size: ...}`")  # fmt: skip


@pytest.mark.parametrize(
    ("key", "path", "said"),
    [
        ("quux", (), "known: layout, seed, source"),  # of no schema
        ("seeds", (), "did you mean 'seed'? Known: layout, seed, source"),
        ("symbols", ("catalogue", "tasks", "x", "layout"), "write `catalogue: {"),
        ("quoted", ("catalogue", "tasks", "x", "layout"), "known: "),  # of other layouts alone
    ],
)
def test_a_key_that_stands_nowhere_or_is_nearly_known_is_told_as_it_was(key, path, said):
    assert said in refused({key: 1}, path)
