"""Two studies side by side: what differs is shown, what is the same is not."""

import dataclasses
import json
import re
import shutil

import pytest

import compare_studies
import synthetic
from project import ROOT
from seqtransfer.files import json_tsv
from seqtransfer.report import names
from seqtransfer.report.page import comparison
from seqtransfer.report.studies import finished_studies


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Two studies of two tasks: the second has fewer steps and no domain arm."""
    made = []
    for name, arms, steps in (("one", ("text", "random", "domain"), 64), ("other", None, 32)):
        folder = tmp_path_factory.mktemp("studies") / name
        arms = arms or ("text", "random")
        tasks = ("splice", "composer")
        paths = synthetic.write_study(folder, tasks=tasks, arms=arms, seeds=(0, 1))
        finetune = {
            "steps": steps,
            "batch_size": 16,
            "patience": 8,
            "cooldown": 0.2,
            "settings": "sweep",
        }
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
    assert row["seeds_right"] is None and str(both["seeds_right"]) == "2"  # not 2.0
    assert both["difference"] == pytest.approx(both["mean_right"] - both["mean_left"])


def with_effects(study, **means):
    """The study whose claim (b) has an effect in each task, with an interval of 0.02 either way."""
    ledger = json.loads(json.dumps(study.ledger))
    [record] = [one for one in ledger["claims"] if one["id"] == "b"]
    for effect in record["effects"]:
        mean = means[effect["task"]]
        verdict = "supported" if mean > 0.02 else "contradicted" if mean < -0.02 else "undecided"
        effect |= {"mean": mean, "low": mean - 0.02, "high": mean + 0.02, "verdict": verdict}
    record["overall"]["mean"] = sum(means.values()) / len(means)
    return dataclasses.replace(study, ledger=ledger)


def test_studies_of_equal_means_and_opposite_tasks_do_not_look_alike(folders):
    one = finished_studies.read(folders[0])
    left, right = (
        with_effects(one, splice=0.1, composer=-0.1),
        with_effects(one, splice=-0.1, composer=0.1),
    )
    found = comparison.effects(left, right)
    rows = found[found["claim"] == "b"].set_index("task")
    assert list(rows.index) == ["splice", "composer"]
    assert (rows["differs"] == "other side of 0, other verdict, intervals apart").all()
    assert rows["difference"].tolist() == pytest.approx([-0.2, 0.2])
    others = found[found["claim"] != "b"]
    assert len(others) and (others["differs"] == "").all()
    text = comparison.html(left, right)
    table = text[text.index("<caption>(b) ") :].partition("</table>")[0]
    assert "text pretraining minus random weights, MCC, 95 % intervals" in table
    [row] = re.findall(r'<tr><th scope="row">splice</th>.*?</tr>', table, re.DOTALL)
    for shown in ("+0.100 (+0.080 to +0.120)", "−0.100 (−0.120 to −0.080)", "−0.200"):
        assert row.count(f">{shown}") == 1
    assert row.index("supported</span>") < row.index("contradicted</span>")


def test_effects_that_touch_or_have_the_same_verdict_are_no_difference(folders):
    one = finished_studies.read(folders[0])
    left, right = (
        with_effects(one, splice=0.01, composer=0.05),
        with_effects(one, splice=-0.01, composer=0.08),
    )
    found = comparison.effects(left, right)
    found = found[found["claim"] == "b"].set_index("task")["differs"]
    assert found.to_dict() == {"splice": "other side of 0", "composer": ""}


def test_effects_are_of_claims_that_both_test_and_tasks_of_one_alone_come_last(folders):
    one, other = map(finished_studies.read, folders)
    assert "c" not in set(comparison.effects(one, other)["claim"])  # other has no domain arm
    fewer = with_effects(other, splice=0.1, composer=0.1)
    [record] = [claim for claim in fewer.ledger["claims"] if claim["id"] == "b"]
    record["effects"] = record["effects"][1:]
    found = comparison.effects(one, fewer)
    last = found[found["claim"] == "b"].iloc[-1]
    assert last["task"] == "splice" and (last["mean_right"], last["difference"]) == (None, None)
    assert last["differs"] == "" and last["mean_left"] is not None
    untested = dataclasses.replace(one, ledger={"claims": []})
    assert comparison.effects(untested, one).empty
    assert "Effects of every task" not in comparison.html(untested, one)


def test_every_score_is_a_number_with_typeset_minus_and_its_seeds(folders):
    one, other = map(finished_studies.read, folders)
    lower = one.scores.assign(**{key: one.scores[key] - 1 for key in ("mean", "low", "high")})
    text = comparison.html(dataclasses.replace(one, scores=lower), other)
    table = text[text.index('<section id="scores">') :].partition("</table>")[0]
    heads = re.findall(r"<th ([^>]*)>([^<]*)", table)
    assert [name for kind, name in heads if "number" in kind] == ["one", "other", "difference"]
    body = [re.findall(r"<td([^>]*)>([^<]*)", row) for row in table.split("<tr>")[2:]]
    assert not re.search(r"-\d", " ".join(shown for row in body for _, shown in row))
    known = comparison.scores(lower, other.scores)
    for row, was in zip(body, known.itertuples(), strict=True):
        for (kind, shown), mean, seeds in zip(
            row[3:5],
            (was.mean_left, was.mean_right),
            (was.seeds_left, was.seeds_right),
            strict=True,
        ):
            assert 'class="number"' in kind
            assert shown.startswith("" if mean is None else names.minus(f"{mean:.3f}"))
            assert shown.endswith("" if mean is None else f", {seeds} seed" + "s" * (seeds > 1))
            assert (f'title="{mean}"' in kind) == (mean is not None)
    assert "2 seeds" in table


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
    ("stage", "left", "right", "differs"),
    [
        ("fine-tuning", "ab", "abc", False),
        ("fine-tuning", "ab", "ac", True),
        ("fine-tuning", "a", "b", True),
        ("fine-tuning", "", "a", True),
        ("tokens", "a", "ab", True),
    ],
)
def test_the_code_of_arms_that_one_study_has_alone_is_no_difference(
    folders, stage, left, right, differs
):
    records = [finished_studies.read(folder).record for folder in folders]
    maker = records[0]["made_by"][0] | {"stage": stage}
    key = f"{stage}: code"

    def keys(*records):
        sides = [
            record | {"made_by": [maker | {"code": code} for code in side]}
            for record, side in zip(records, (left, right), strict=True)
        ]
        return [name for name, *_ in comparison.made_otherwise(*sides)]

    assert (key in keys(*records)) is differs
    assert (key in keys(records[0], records[0])) is (left != right)  # the same arms


def test_a_claim_that_is_a_headline_of_one_side_shows_the_record_of_both(folders):
    ledger = finished_studies.read(folders[0]).ledger
    turned = {
        "claims": [
            one | {"headline": not one["headline"]} if one["id"].startswith("d2") else one
            for one in ledger["claims"]
        ]
    }
    found = list(comparison.claims(ledger, turned))
    assert all(one["left"] and one["right"] for one in found)
    ids = [one["id"] for one in found]
    assert len(ids) == len(set(ids)) and "c-share" in ids
    assert {one["id"] for one in ledger["claims"] if one["id"].startswith("d2")} <= set(ids)


def test_two_studies_of_one_name_are_called_by_their_folders(folders, tmp_path):
    copied = tmp_path / "elsewhere"
    shutil.copytree(folders[0], copied)
    found = finished_studies.read_all([folders[0], copied])
    assert [study.name for study in found] == [str(folders[0]), str(copied)]
    assert str(copied) in comparison.html(*found)


def test_a_ledger_of_older_code_is_refused_in_one_line(folders, tmp_path):
    copied = tmp_path / "old"
    shutil.copytree(folders[0], copied)
    path = copied / "report/claims.json"
    ledger = json_tsv.read_json(path)
    del ledger["claims"][1]["qualifier"]
    path.write_text(json.dumps(ledger))
    with pytest.raises(ValueError, match="older code, without 'qualifier'; run the study's"):
        finished_studies.read(copied)


def test_a_folder_without_a_report_is_refused_with_what_to_give(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"study.json is not there: give folders"):
        finished_studies.read(tmp_path)


def test_published_ledgers_are_read_and_say_what_their_verdicts_do():
    folders = sorted(
        path.parents[1] for path in ROOT.glob("workflow/report/published/*/report/study.json")
    )
    assert folders
    for study in finished_studies.read_all(folders):
        page = (ROOT / f"workflow/report/published/{study.name}-claims.md").read_text()
        for record in study.claims.values():
            overall = record["overall"]
            if record["headline"] and overall and overall["mean"] is not None:
                mean = names.signed(overall["mean"])
                assert f"| {mean} |" in page and record["title"] in page
