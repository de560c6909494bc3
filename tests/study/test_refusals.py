"""A mistake of a study is one line, and what the command line gives as text is read as YAML."""

import functools
from pathlib import Path

import pytest
import yaml

from project import ROOT
from seqtransfer.study import planning, refusals


def test_a_refusal_is_its_message_and_exit_code_1():
    with pytest.raises(SystemExit) as end, refusals.told():
        raise ValueError("seeds: 4 is not a list")
    assert end.value.code == "The study is refused. seeds: 4 is not a list"


def test_what_is_no_refusal_is_not_hidden():
    with pytest.raises(KeyError), refusals.told():
        raise KeyError("x")
    with refusals.told():
        pass


@pytest.mark.parametrize(
    ("other", "remedy"),
    [
        ("other", "add `--configfile <its study file>`"),
        ("paper", f"add `--configfile {ROOT}/workflow/studies/paper.yaml`"),
        ("default", "leave out `--configfile`"),
    ],
)
def test_a_file_of_another_study_is_told_with_how_to_run_that(other, remedy):
    target = f"results/{other}/report/figures/summary.svg"
    told = functools.partial(
        refusals.of_another_study, results=Path("results"), studies=ROOT / "workflow/studies"
    )
    said = f"{target} belongs to study {other}, but this run is of study mine; {remedy}"
    assert told(target, "mine") == said
    assert told(target, other) is None  # whatever it lacks
    assert told("figures", "mine") is told("data/raw/x", "mine") is told("results", "mine") is None
    assert yaml.safe_load((ROOT / "config.yaml").read_text())["study"] == refusals.DEFAULT


def test_a_word_that_is_no_target_is_told_with_the_nearest_that_is_one():
    known = ["report", "figures", "tables", "status"]
    said = refusals.of_no_target("raport", known)
    assert said.startswith("There is no target raport; did you mean `report`? `snakemake --list`")
    assert "did you mean" not in refusals.of_no_target("xyz", known)
    assert refusals.of_no_target("results/mine/raport", known) is None


def test_lists_of_the_command_line_are_read_as_yaml_and_study_files_are_left_alone():
    config = {"seeds": ["0", "1"], "tasks": ["splice"], "study": "1", "examples": {"train": "8"},
              "compare": {"pairs": [["text", "random"]], "seeds": "1"}, "mine": ["2"]}  # fmt: skip
    given = ["seeds=[0, 1]", "tasks=[splice]", "study=1", "examples={train: 8}",
             "compare={pairs: [[text, random]], seeds: 1}"]  # fmt: skip
    typed = planning.typed(config, given)
    assert typed == {
        "seeds": [0, 1], "tasks": ["splice"], "study": "1", "examples": {"train": 8},
        "compare": {"pairs": [["text", "random"]], "seeds": 1}, "mine": ["2"],
    }  # fmt: skip


def test_what_a_study_file_has_in_quotation_marks_stays_text_beside_the_command_line():
    file = {"classes": ["0", "1"], "sources": {"mine": {"version": "2"}, "other": {"size": 1}}}
    config = {"catalogue": {**file, "sources": {**file["sources"], "other": {"size": "3"}}}}
    typed = planning.typed(config, ["catalogue={sources: {other: {size: 3}}}"])
    assert typed == {"catalogue": {**file, "sources": {**file["sources"], "other": {"size": 3}}}}
    assert planning.typed({"tasks": ["7"]}, ["tasks='[7]'"]) == {"tasks": [7]}
    keys = planning.typed({"x": {"1": "3", "on": "4"}}, ["x={1: 3, on: 4}"])
    assert keys == {"x": {"1": 3, "on": 4}}
    quoted = planning.typed({"tasks": ["7", "8"]}, ['tasks=["7", 8]'])
    assert quoted == {"tasks": ["7", 8]}
