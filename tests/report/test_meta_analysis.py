"""Effects of several studies: what is pooled, closed forms, and how often intervals miss."""

import copy
import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import merge_studies
import synthetic
from seqtransfer.report.studies import finished_studies, meta_analysis


def table(means, errors):
    return pd.DataFrame({"mean": means, "error": errors, "pooled": True})


def test_with_equal_errors_the_mean_and_the_variance_between_tasks_have_closed_forms():
    means = [0.10, 0.02, -0.05, 0.21, 0.07]
    found = meta_analysis.pooled(table(means, 0.03))
    assert found["mean"] == pytest.approx(np.mean(means))
    assert found["tau"] == pytest.approx(math.sqrt(np.var(means, ddof=1) - 0.03**2))
    low, high = stats.t.interval(0.95, 4, np.mean(means), stats.sem(means))  # the plain t interval
    assert [found["low"], found["high"]] == pytest.approx([low, high])
    half = stats.t.ppf(0.975, 3) * math.sqrt(found["tau"] ** 2 + stats.sem(means) ** 2)
    assert found["next_high"] - found["mean"] == pytest.approx(half)


def test_effects_that_agree_by_chance_are_not_surer_than_their_errors():
    found = meta_analysis.pooled(table([0.05, 0.0502, 0.0499], 0.03))
    half = stats.t.ppf(0.975, 2) * 0.03 / math.sqrt(3)
    assert found["high"] - found["mean"] == pytest.approx(half)


def test_the_variance_between_tasks_solves_its_equation_or_is_0():
    means, variances = np.array([0.3, 0.0, 0.1, 0.6]), np.array([0.01, 0.002, 0.04, 0.005])
    between = meta_analysis.variance_between(means, variances)
    weights = 1 / (between + variances)
    spread = (weights * (means - np.average(means, weights=weights)) ** 2).sum()
    assert spread == pytest.approx(3)
    assert meta_analysis.variance_between(0.001 * means, variances) == 0


@pytest.mark.parametrize("degrees", [None, 3])
@pytest.mark.parametrize("tau", [0.0, 0.02, 0.05])
def test_how_often_intervals_miss_the_mean_and_one_more_task(tau, degrees):
    """degrees: of freedom that each task's error is estimated by, as from four seeds; else it is
    known. The docs state the range."""
    rng, missed, lost = np.random.default_rng(4), 0, 0
    for _ in range(1000):
        errors = rng.uniform(0.01, 0.05, 7)
        effects = 0.05 + tau * rng.standard_normal(8)
        means = effects[:7] + errors * rng.standard_normal(7)
        if degrees:
            errors = errors * np.sqrt(rng.chisquare(degrees, 7) / degrees)
        found = meta_analysis.pooled(table(means, errors))
        missed += not found["low"] <= 0.05 <= found["high"]
        lost += not found["next_low"] <= effects[7] <= found["next_high"]
    assert missed <= (115 if degrees else 75), missed
    assert lost <= 185, lost


@pytest.fixture
def study(tmp_path):
    """The folder of a finished study."""
    synthetic.paged(tmp_path / "one/report", synthetic.write_study(tmp_path / "one"))
    return tmp_path / "one"


def test_a_task_counts_once_and_one_that_is_not_testable_never(study):
    one = finished_studies.read(study)
    found = meta_analysis.effects([one, one], "b")
    count = len(one.claims["b"]["effects"])
    assert list(found["pooled"]) == [True] * count + [False] * count
    one.claims["b"]["effects"][0]["verdict"] = "not testable here"
    found = meta_analysis.effects([one], "b")
    assert list(found["pooled"]) == [False] + [True] * (count - 1)
    with pytest.raises(ValueError, match="does not test claim"):
        meta_analysis.effects([one], "nothing")
    with pytest.raises(ValueError, match="needs 3"):
        meta_analysis.pooled(found.head(2))
    for effect in one.claims["b"]["effects"]:
        effect["error"] = None
    said = r"^0 tasks have an effect with an error; sentiment, .* without one: of one seed"
    with pytest.raises(ValueError, match=said):
        meta_analysis.pooled(meta_analysis.effects([one], "b"))


def test_a_task_that_reads_the_examples_of_another_in_other_tokens_counts_once(study):
    one = finished_studies.read(study)
    tasks = one.record["configuration"]["catalogue"]["tasks"]
    tasks["composer"] = tasks["splice"] | {"title": "pairs", "tokens": {"kind": "pairs"}}
    found = meta_analysis.effects([one], "b").set_index("task")["pooled"]
    assert found["splice"] and not found["composer"]
    # So it does in a study of its own, under a name that is the first there.
    other = copy.deepcopy(one.record)
    kept = other["configuration"]["catalogue"]["tasks"]
    other["configuration"]["catalogue"]["tasks"] = {"composer": kept["composer"]}
    ledger = copy.deepcopy(one.ledger)
    for claim in ledger["claims"]:
        claim["effects"] = [one for one in claim["effects"] if one["task"] == "composer"]
    alone = dataclasses.replace(one, name="alone", record=other, ledger=ledger)
    found = meta_analysis.effects([one, alone], "b")
    assert not found[found["study"] == "alone"]["pooled"].any()


def test_the_script_writes_a_table_and_a_figure_and_says_the_mean(study, tmp_path, capsys):
    merge_studies.main(studies=[study], claim="b", output=tmp_path / "merged")
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "merged.md").read_text()
    caption, _, table = printed.partition("\n\n")
    assert "one more such task would lie between" in caption
    assert table.startswith("| study | task |")
    written = pd.read_csv(tmp_path / "merged.csv")
    assert list(written) == [*meta_analysis.COLUMNS, "tau"]
    effects, (mean, more) = written[:-2], written[-2:].to_dict("records")
    found = meta_analysis.pooled(effects)
    for name in ("mean", "error", "low", "high", "tau"):
        assert mean[name] == pytest.approx(found[name], rel=1e-4, abs=1e-6), name
    assert (mean["task"], more["task"]) == ("mean over tasks", "one more task")
    next_one = [found["next_low"], found["next_high"]]
    assert [more["low"], more["high"]] == pytest.approx(next_one, rel=1e-4)
    assert not (mean["pooled"] or more["pooled"]) and effects["pooled"].all()
    assert "mean over tasks" in (tmp_path / "merged.svg").read_text()
    merge_studies.main(studies=[study], claim="c", output=tmp_path / "margin")
    assert pd.read_csv(tmp_path / "margin.csv")["level"][:-2].eq(0.9).all()
    assert "of tasks 90 %" in (tmp_path / "margin.svg").read_text()


def test_a_task_of_another_metric_has_its_own_unit_which_the_figure_names_after_it(study):
    one = finished_studies.read(study)
    runs = one.runs.assign(metric=one.runs["metric"].mask(one.runs["task"] == "splice", "spearman"))
    one.claims["b"]["unit"] = "score"
    found = meta_analysis.effects([dataclasses.replace(one, runs=runs)], "b")
    assert found.set_index("task")["unit"].to_dict() == {
        "sentiment": "MCC", "localization": "MCC", "splice": "Spearman", "composer": "MCC"
    }  # fmt: skip
    (axis,) = meta_analysis.figure(found, meta_analysis.pooled(found), "text - random").axes
    rows = [label.get_text() for label in axis.get_yticklabels()]
    name = one.name
    assert rows[:3] == [
        f"sentiment ({name})",
        f"localization ({name})",
        f"splice, Spearman ({name})",
    ]
    assert "(MCC, or the metric named; 95 % intervals)" in axis.get_xlabel()
    alone = found.assign(pooled=found["unit"] == "MCC")
    below = meta_analysis.with_mean(alone, meta_analysis.pooled(alone))[-2:]
    assert set(below["unit"]) == {"MCC"}  # of the tasks that the mean is of
    mixed = meta_analysis.with_mean(found, meta_analysis.pooled(found))[-2:]
    assert set(mixed["unit"]) == {meta_analysis.MIXED}
