"""Two studies side by side: what differs is shown, what is the same is not."""

import pytest

import compare_studies
import synthetic
from seqtransfer.report import finished_studies
from seqtransfer.report.page import comparison


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two studies of two tasks: the second has fewer steps and no domain arm."""
    made = []
    for name, arms, steps in (("one", ("text", "random", "domain"), 64), ("other", None, 32)):
        folder = tmp_path_factory.mktemp("studies") / name
        arms = arms or ("text", "random")
        tasks = ("splice", "composer")
        paths = synthetic.write_study(folder, tasks=tasks, arms=arms, seeds=(0, 1))
        finetune = {"steps": steps, "batch_size": 16, "patience": 8, "settings": "sweep"}
        changes = {"tasks": list(tasks), "initializations": list(arms), "finetune": finetune}
        synthetic.paged(folder / "report", paths, **changes)
        made.append(folder)
    return made


def test_the_page_shows_keys_that_differ_and_verdicts_and_scores_of_both(folders, tmp_path):
    output = tmp_path / "comparison.html"
    compare_studies.main(left=folders[0], right=folders[1], output=output)
    text = output.read_text()
    assert "<code>finetune.steps</code></th><td>64</td><td>32</td>" in text
    assert "finetune.batch_size" not in text
    assert text.count("<td>domain pretraining</td>") == 2  # a row a task


def test_a_study_is_the_same_as_itself(folders):
    one = finished_studies.read(folders[0])
    text = comparison.html(one, one)
    assert text.count("The same in both.") == 3
    table = comparison.scores(one.scores, one.scores)
    assert (table["difference"] == 0).all() and not table["apart"].any()


def test_scores_of_an_arm_that_one_study_lacks_have_no_difference(folders):
    one, other = map(finished_studies.read, folders)
    table = comparison.scores(one.scores, other.scores).set_index(["task", "initialization"])
    row = table.loc[("splice", "domain pretraining")]
    assert row["mean_left"] is not None and row["mean_right"] is None
    assert row["difference"] is None and not row["apart"]
    both = table.loc[("splice", "text pretraining")]
    assert both["difference"] == pytest.approx(both["mean_right"] - both["mean_left"])


def test_claims_are_paired_by_name(folders):
    one, other = map(finished_studies.read, folders)
    pairs = {pair["id"]: pair for pair in comparison.claims(one.ledger, other.ledger)}
    assert pairs["c"]["left"]["verdict"] != "not tested"
    assert pairs["c"]["right"]["verdict"] == "not tested"
    found = [pair["left"] for name, pair in pairs.items() if name.startswith("d1")]
    assert found and all(record["headline"] for record in found if record)


def test_facts_that_runs_disagree_on_are_all_named():
    maker = {"stage": "fine-tuning", "files": 2, "versions": {"torch": "2"}}
    record = {"repository": None, "machine": {"processor": "p"}}
    record["made_by"] = [maker | {"code": "b", "device": "cpu"}, maker | {"code": "a"}]
    found = comparison.makers(record)
    assert found["fine-tuning: code"] == "a, b" and found["fine-tuning: torch"] == "2"
    assert found["fine-tuning: device"] == "cpu" and found["commit"] == "absent"


@pytest.mark.parametrize(
    ("left", "right", "differs"),
    [
        ("ab", "abc", False),
        ("ab", "ac", True),
        ("a", "b", True),
        ("ab", "ab", False),
        ("", "a", True),
    ],
)
def test_the_code_of_arms_that_one_study_has_alone_is_no_difference(folders, left, right, differs):
    record = finished_studies.read(folders[0]).record
    maker = record["made_by"][0] | {"stage": "fine-tuning"}
    sides = [
        record | {"made_by": [maker | {"code": code} for code in side]} for side in (left, right)
    ]
    found = comparison.made_otherwise(*sides)
    assert ("fine-tuning: code" in [key for key, *_ in found]) is differs


def test_a_folder_without_a_report_is_refused_with_what_to_give(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"study.json is not there: give folders"):
        finished_studies.read(tmp_path)
