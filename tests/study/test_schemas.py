"""A mistake in a study is said in one line: where it stands, what is wrong, what would be right."""

import pytest
import yaml

from project import ROOT
from seqtransfer.study import schemas

SCHEMAS = ROOT / "workflow/schemas"


@pytest.fixture
def study():
    """The default study, without its catalogue."""
    root = SCHEMAS.parents[1]
    return yaml.safe_load((root / "config.yaml").read_text()) | {"catalogue": {}}


def test_the_default_study_is_as_the_schema_says(study):
    schemas.check(study, SCHEMAS / "config.schema.yaml")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("study", "a/b", r"study: 'a/b' does not match .* \(Name of the study; .*\)"),
        ("study", 2024, "study: 2024 is not text; put it in quotation marks"),
        ("seeds", [3, 3], "seeds: .3, 3. has non-unique elements"),
        ("seeds", ["3"], "seeds.0: '3' is not a whole number; drop the quotes"),
        ("seeds", 3, r"seeds: 3 is not a list, in \[ \]"),
        ("finetune", None, "finetune: None is not a map of keys and values"),
        (
            "fintune",
            {},
            "the study: unknown key 'fintune'; did you mean 'finetune'.* Known: cache",
        ),
        ("claims", {"margin": "5e-2"}, "claims.margin: '5e-2' is not a number; .* write 1.0e-4"),
        ("claims", {"margin": "a"}, "claims.margin: 'a' is not a number"),
        ("claims", {}, "claims: needs `margin:`"),
    ],
)
def test_a_mistake_is_said_in_one_line(study, key, value, said):
    with pytest.raises(ValueError, match=f"^{said}") as caught:
        schemas.check(study | {key: value}, SCHEMAS / "config.schema.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({}, "needs `path:` or `url:` or `package:`; it has no key"),
        ({"licence": "MIT"}, "needs `path:` .*; it has licence"),
        ({"url": "https://h/x"}, "needs `sha256:` or `git_blob:` or `md5:`; it has url"),
        (
            {"path": "x", "sha": "0"},
            "unknown key 'sha'; did you mean 'sha256'.* Known: archive, ex",
        ),
    ],
)
def test_a_source_that_cannot_be_got_says_what_it_needs(source, said):
    catalogue = {"sources": {"mine": source}, "encoders": {}, "tasks": {}, "artificial": {}}
    with pytest.raises(ValueError, match=rf"^catalogue\.sources\.mine: {said}"):
        schemas.check(catalogue, SCHEMAS / "catalogue.schema.yaml", "catalogue")


def test_a_key_that_comes_twice_is_refused_with_its_line_and_merged_keys_are_not(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("a: {b: 1}\nc: &c {x: 1}\nd: {<<: *c, x: 2}\n")
    schemas.check_once(path)
    path.write_text("\ufeffa: 1\nc:\n  x: 1\n  y: 2\n  x: 3\n")
    with pytest.raises(
        ValueError, match=r"study\.yaml: the key 'x' comes twice in the map at line 3"
    ):
        schemas.check_once(path)
