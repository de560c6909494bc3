"""Studies that mend one choice each: scores, changes and verdicts beside those that they mend."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from test_claims import NO_PAIRS, run_table

import compare_mended
from seqtransfer.files import json_tsv
from seqtransfer.report.claims import ledger
from seqtransfer.report.studies import finished_studies, mended
from seqtransfer.report.studies.finished_studies import Study
from seqtransfer.report.tables import table_files


def study(name: str, gain: np.ndarray, best_step: int = 1, rate: float = 1e-5) -> Study:
    """Two tasks, x and y: text is ahead of random by `gain`, one number a seed, less 0.2 in y."""
    run = run_table({"text": 0.5 + gain, "random": np.full(len(gain), 0.5)})
    ahead = (run["task"] == "y") & (run["initialization"] == "text")
    run.loc[ahead, "test_score"] -= 0.2
    run["best_step"] = best_step
    record = dict.fromkeys(finished_studies.OF_RECORD)
    settings = {"study": name, "tasks": ["x", "y"], "finetune": {"learning_rate": rate}}
    record |= {"configuration": settings}
    return Study(name, record, {"claims": ledger.judge(run, run, NO_PAIRS)}, run, pd.DataFrame())


@pytest.fixture
def studies():
    near = np.array([0.10, 0.11, 0.09, 0.10])
    return study("as-released", near, best_step=0), study("mended-rate", near + 0.4, rate=1e-3)


def test_scores_differences_and_changes_are_those_of_the_seeds(studies):
    found = mended.table(studies[0], studies[1:]).set_index(["study", "task"])
    assert [row[1] for row in found.index] == ["x", "y", "all tasks"] * 2
    row = found.loc["mended-rate", "x"]
    assert (row["text"], row["random"], row["difference"]) == pytest.approx((1.0, 0.5, 0.5))
    assert row["low"] < 0.5 < row["high"]
    everything = found.loc["mended-rate", "all tasks"]
    assert everything["difference"] == pytest.approx(0.4)
    assert everything["text"] - everything["random"] == pytest.approx(0.4)
    # Every seed changes by 0.4, which shows no spread.
    np.testing.assert_allclose(found.loc["mended-rate", "change"].to_numpy(float), 0.4)
    assert found.loc["mended-rate", ["change_low", "change_high"]].isna().all(axis=None)
    assert found.loc["as-released", "change"].isna().all()


def test_the_keys_that_a_study_mends_are_named_beside_it(studies):
    found = mended.table(studies[0], studies[1:]).set_index("study")
    assert set(found.loc["as-released", "keys"]) == {""}
    assert set(found.loc["mended-rate", "keys"]) == {"finetune.learning_rate"}


def test_the_interval_of_a_change_is_of_its_seeds(studies):
    change = np.array([0.1, 0.3, 0.2, 0.4])
    released = study("as-released", np.zeros(4))
    row = mended.table(released, [study("mended-rate", change)]).set_index(["study", "task"])
    row = row.loc["mended-rate", "x"]
    half = 3.182446 * change.std(ddof=1) / 2  # t of 3 degrees at 97.5 %
    assert row["change"] == pytest.approx(0.25)
    assert (row["change_low"], row["change_high"]) == pytest.approx((0.25 - half, 0.25 + half))


def test_verdicts_stand_with_their_qualifier_and_turn_by_the_verdict_alone(studies):
    found = mended.table(studies[0], studies[1:]).set_index(["study", "task"])
    assert list(found.columns[-4:]) == ["seeds", "a", "b", "turned"]
    # Runs of step 0 never learned: what they say holds for this budget.
    assert found.loc[("as-released", "x"), "b"] == "supported at this budget"
    assert found.loc[("as-released", "y"), "b"] == "contradicted at this budget"
    assert found.loc[("as-released", "all tasks"), "b"] == "mixed at this budget"
    assert found.loc[("mended-rate", "x"), "b"] == "supported"
    assert set(found.loc["as-released", "a"]) == {"supported at this budget"}
    assert set(found.loc["mended-rate", "a"]) == {"supported"}
    assert found["turned"].tolist() == ["", "", "", "", "b", "b"]


def test_a_study_of_one_of_the_tasks_is_compared_at_that_one(studies):
    released, other = studies
    whole = other.ledger["claims"]
    first = {"claims": [claim | {"effects": claim["effects"][:1]} for claim in whole]}
    for study, tasks in ((released, ("x", "y")), (other, ("x",))):
        kinds = {task: {"kind": "classification"} for task in tasks}
        study.record["configuration"] = study.record["configuration"] | {
            "tasks": list(tasks), "catalogue": {"tasks": kinds}
        }  # fmt: skip
    runs = other.runs[other.runs["task"] == "x"]
    found = mended.table(released, [dataclasses.replace(other, ledger=first, runs=runs)])
    assert found["task"].tolist() == ["x", "y", "all tasks", "x"]
    assert found["keys"].tolist()[-1] == "finetune.learning_rate"
    assert found["change"].tolist()[-1] == pytest.approx(0.4)


def test_how_much_nearer_text_is_than_random_stands_in_the_table_and_the_figure(studies):
    for study, nearer in zip(studies, (-0.1, 0.02), strict=True):
        effects = [
            {"task": task, "mean": nearer, "low": nearer - 0.01, "high": nearer + 0.01,
             "verdict": "not testable here"} for task in ("x", "y")
        ]  # fmt: skip
        claim = {"id": "d2-pwcca", "effects": effects, "overall": effects[0], "checks": []}
        study.ledger["claims"].append(claim | {"verdict": "not testable here", "qualifier": ""})
    found = mended.table(studies[0], studies[1:])
    np.testing.assert_allclose(found["nearer"], [-0.1] * 3 + [0.02] * 3)
    *_, nearer = mended.figure(found).axes
    ends = [segment[:, 0] for segment in nearer.collections[0].get_segments()]
    np.testing.assert_allclose(ends, [[-0.11, -0.09], [0.01, 0.03]])


def test_a_run_without_a_score_leaves_its_mean_and_change_empty(studies):
    broken = study("mended-rate", np.array([0.1, np.nan, 0.1, 0.1]))
    found = mended.table(studies[0], [broken]).set_index(["study", "task"])
    row = found.loc["mended-rate", "x"]
    assert row[["text", "difference", "low", "change"]].isna().all() and row["random"] == 0.5
    assert row["b"] == "undecided" and row["turned"] == "a, b"


def test_studies_of_other_seeds_or_without_an_arm_are_refused_by_name(studies):
    released, other = studies
    with pytest.raises(ValueError, match=r"mended-rate and as-released differ .* \('x', 3\)"):
        mended.table(released, [study("mended-rate", np.zeros(3))])
    lacking = dataclasses.replace(other, ledger={"claims": [{"id": "b", "effects": []}]})
    with pytest.raises(ValueError, match=r"mended-rate has no runs of text or of random"):
        mended.table(released, [lacking])


def test_the_script_reads_reports_and_writes_both_files(studies, tmp_path, capsys):
    folders = []
    for one in studies:
        folder = tmp_path / one.name
        (folder / "report/tables").mkdir(parents=True)
        json_tsv.write_json(folder / "report/claims.json", one.ledger)
        json_tsv.write_json(folder / "report/study.json", one.record)
        for name in ("runs", "scores"):
            table_files.write(folder / f"report/tables/{name}.csv", one.runs)
        folders.append(folder)
    output = tmp_path / "mended"
    compare_mended.main(released=folders[0], studies=folders[1:], output=output)
    written = table_files.read(output.with_suffix(".csv"))
    expected = mended.table(*studies[:1], studies[1:])
    pd.testing.assert_frame_equal(
        written,
        expected.replace({"turned": {"": np.nan}, "keys": {"": np.nan}}),
        rtol=1e-5,
        check_dtype=False,
    )
    text = output.with_suffix(".md").read_text()
    assert capsys.readouterr().out == text and text.startswith(mended.CAPTION)
    assert mended.CAPTION.split(".")[0] in output.with_suffix(".svg").read_text()


def test_the_figure_shows_the_mean_over_tasks_of_every_study_with_its_interval(studies):
    table = mended.table(studies[0], studies[1:])
    scores, differences = mended.figure(table).axes
    rows = table[table["task"] == "all tasks"]
    named = [label.get_text() for label in scores.get_yticklabels()]
    assert named == ["nothing changed", "finetune learning rate"]
    drawn = {line.get_label(): line.get_xdata() for line in scores.get_lines()}
    np.testing.assert_allclose(drawn["text pretraining"], rows["text"])
    np.testing.assert_allclose(drawn["random weights"], rows["random"])
    ends = [segment[:, 0] for segment in differences.collections[0].get_segments()]
    np.testing.assert_allclose(ends, rows[["low", "high"]])
    one = mended.figure(table[table["task"] == "x"])
    assert one.get_suptitle().endswith("(x, 4 seeds)")
    keys = "finetune.steps, a.token_map.specials, finetune.patience"
    assert mended.changed_words(keys) == "finetune steps, patience; token map specials"
    alike = mended.figure(table.assign(keys="finetune.steps")).axes[0].get_yticklabels()
    assert alike[0].get_text() == "as-released\nfinetune steps"
