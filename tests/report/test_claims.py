"""Claims are judged by their rule: clear cases both ways, undecided ones, and single seeds."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from seqtransfer.files import json_tsv
from seqtransfer.report.claims import checks, estimates, ledger, verdicts
from seqtransfer.report.page import document
from seqtransfer.report.tables import similarity_tables

NO_PAIRS = similarity_tables.gather([], similarity_tables.SCORED)
NOISE = np.array([-0.01, 0.0, 0.01])
NO_PRETRAINING = pd.DataFrame(
    {"task": ["x"], "test_units": 100}
    | {"pretraining_steps": [None], "pretraining_masked_accuracy": [None]}
    | {"pretraining_plateau": pd.array([None], dtype="boolean")}
)


def run_table(arms):
    """Runs of tasks x and y; arms[name] holds an arm's test MCC, which is its area too, by seed."""
    return pd.DataFrame(
        {"task": task, "initialization": arm, "seed": seed, "learning_rate": 1e-3, "test_n": 100}
        | {
            "test_score": value,
            "metric": "mcc",
            "relative": value,
            "best_step": 4,
            "threshold": 0.5,
            "steps": 8.0,
            "steps_to_threshold": 8.0,
            "steps_taken": 8,
            "plateau": False,
            "censored": False,
        }
        | {"diverged": False, "patience": 1, "cooldown": 0.2}
        for task in ("x", "y")
        for arm, values in arms.items()
        for seed, value in enumerate(values)
    )


def similarity_table(text, random, p_value=0.05, rows=2000):
    scores = {"text": text, "random": random}
    return pd.DataFrame(
        {"task": task, "left": left, "right": "domain", "seed": seed, "stage": stage}
        | {"layer": layer, "measure": "cka", "rows": rows, "width": 100, "null_mean": 0.1}
        | {"left_rank": 100, "right_rank": 100, "ties": 0, "p_value": p_value}
        | {"score": 0.99 if stage == "after" or layer == 0 else scores[left] + noise}
        for task in ("x", "y")
        for left in scores
        for seed, noise in enumerate(NOISE if left == "text" else 0 * NOISE)
        for stage in ("before", "after")
        for layer in range(3)
    )


def judged(arms, comparisons=None, margin=0.05, share=None):
    table = run_table(arms)
    comparisons = NO_PAIRS if comparisons is None else comparisons
    records = ledger.judge(table, table, comparisons, margin=margin, share=share)
    return {record["id"]: record for record in records}


DOMAIN = {"text": 0.5 + NOISE, "random": 0.3 + NOISE[::-1], "domain": 0.6 + NOISE}


def test_a_clear_gain_supports_faster_and_better():
    records = judged({"text": 0.5 + NOISE, "random": np.array([0.3, 0.3, 0.3])})
    for name in ("a", "b"):
        assert records[name]["verdict"] == "supported"
        assert records[name]["overall"]["mean"] == pytest.approx(0.2)
        assert "agrees with the paper" in records[name]["reading"]


def test_a_clear_loss_contradicts_the_paper_and_says_so():
    records = judged({"text": 0.4 + NOISE, "random": np.array([0.5, 0.5, 0.5])})
    assert records["a"]["verdict"] == records["b"]["verdict"] == "contradicted"
    assert "contradicts the paper" in records["b"]["reading"]
    assert "contradicted in 2" in records["b"]["reading"]


def test_an_interval_around_zero_decides_nothing():
    records = judged({"text": 0.3 + 10 * NOISE, "random": np.array([0.29, 0.29, 0.29])})
    assert records["b"]["verdict"] == "undecided"
    assert "do not decide" in records["b"]["reading"]


def test_runs_that_are_all_equal_are_no_evidence_for_or_against_a_claim():
    records = judged(dict.fromkeys(("text", "random", "domain"), np.array([0.3, 0.4, 0.5])))
    for name in ("a", "b", "c"):
        assert records[name]["verdict"] in ("undecided", "not testable here")
        assert records[name]["overall"]["low"] is None
        assert "runs that are all equal" in records[name]["reading"] or name == "c"


def test_a_run_without_a_score_leaves_its_claims_undecided_and_is_named():
    arms = {
        "text": 0.5 + NOISE,
        "random": np.full(3, 0.3),
        "domain": np.array([0.4, math.nan, 0.4]),
    }
    records = judged(arms)
    assert records["b"]["verdict"] == "supported"
    claim = records["c"]
    assert claim["verdict"] == "not testable here"  # whether domain beats random is not known
    assert claim["missing"] == [f"domain pretraining in {task}, seed 1" for task in "xy"]
    assert claim["overall"]["mean"] is claim["overall"]["low"] is None
    assert [(effect["mean"], effect["seeds"]) for effect in claim["effects"]] == [(None, 2)] * 2
    text = document.markdown({"first": [], "claims": list(records.values()), "caveats": []})
    assert "domain pretraining in x, seed 1" in text


def test_a_task_that_cannot_be_tested_does_not_keep_the_others_from_a_verdict():
    """Whether its reference diverged or is no better than random weights."""
    arms = {name: level + NOISE for name, level in {"text": 0.6, "random": 0.3}.items()}
    whole = run_table(arms | {"domain": np.array([0.6, 0.62, 0.61])})
    verdicts = []
    for score in (0.3, math.nan):
        run = whole.copy()
        of_y = (run["task"] == "y") & (run["initialization"] == "domain")
        run.loc[of_y, "test_score"] = score
        record = next(one for one in ledger.judge(run, run, NO_PAIRS) if one["id"] == "c")
        assert [one["verdict"] for one in record["effects"]] == ["supported", "not testable here"]
        verdicts.append((record["verdict"], record["qualifier"], record["missing"]))
    assert verdicts == [("supported", "in 1 testable task", [])] * 2


def test_speed_is_judged_where_both_arms_learned_the_task():
    for text, random, passed in ((0.4, 0.5, True), (0.15, 0.9, False), (0.4, 0.85, False)):
        run = run_table({"text": text + NOISE, "random": np.full(3, random)})
        run["relative"] = (
            np.where(run["initialization"] == "text", 0.8, 0.5) + run["test_score"] / 99
        )
        record = ledger.judge(run, run, NO_PAIRS)[0]
        assert record["verdict"] == ("supported" if passed else "not testable here")
    # 2 / sqrt(99) is 0.201: both arms answer as by chance.
    run = run_table({"text": 0.15 + NOISE, "random": 0.14 + NOISE})
    record = ledger.judge(run, run, NO_PAIRS)[0]
    assert record["verdict"] == "not testable here"
    assert "within chance, which reaches 0.201" in record["effects"][0]["reason"]
    run["test_mcc"] = run["test_score"] + 0.3  # classes are read by MCC, whatever the metric
    assert ledger.judge(run, run, NO_PAIRS)[0]["verdict"] != "not testable here"


def test_an_interval_that_covers_seeds_alone_is_said_to():
    records = judged({"text": 0.6 + NOISE, "random": np.full(3, 0.5)})
    json.dumps(records)  # numbers of NumPy are none of JSON's
    for name, part in (("a", "dev"), ("b", "test")):
        [fact] = [fact for fact in records[name]["facts"] if "seeds alone" in fact]
        assert fact.startswith(f"The {part} examples of x, y are of one unit")


def test_a_layer_without_a_similarity_leaves_shared_structure_undecided():
    table = similarity_table(text=0.5, random=0.3)
    lost = (table["layer"] == 2) & (table["left"] == "text") & (table["seed"] == 0)
    table.loc[lost, ["score", "p_value"]] = math.nan
    records = judged(DOMAIN, table)
    assert records["d1-cka"]["verdict"] == records["d2-cka"]["verdict"] == "undecided"
    assert records["d2-cka"]["missing"][0] == "text pretraining in x, seed 0"
    assert "no finite number of text pretraining in x, seed 0" in records["d2-cka"]["reading"]


def test_a_single_seed_decides_nothing_and_shows_no_interval():
    records = judged({"text": np.array([0.9]), "random": np.array([0.1])})
    assert records["b"]["verdict"] == "undecided"
    assert records["b"]["overall"]["low"] is None
    assert records["b"]["effects"][0]["high"] is None
    assert "no interval" in records["b"]["reading"]


def test_the_intervals_are_those_of_the_t_distribution_over_paired_seeds():
    text, random = np.array([0.50, 0.58, 0.51]), np.array([0.30, 0.33, 0.36])
    record = judged({"text": text, "random": random})["b"]
    difference = text - random
    low, high = stats.t.interval(0.95, 2, difference.mean(), stats.sem(difference))
    effect = record["effects"][0]
    assert [effect["low"], effect["high"]] == pytest.approx([low, high])
    # Two equal tasks: half the variance of the mean, and twice the degrees of freedom.
    error = stats.sem(difference) / np.sqrt(2)
    low, high = stats.t.interval(0.95, 4, difference.mean(), error)
    assert [record["overall"]["low"], record["overall"]["high"]] == pytest.approx([low, high])


def test_without_a_reference_that_beats_random_weights_what_rests_on_it_is_not_testable():
    arms = {"text": 0.3 + NOISE, "domain": 0.3 + NOISE, "random": 0.3 + NOISE[::-1]}
    records = judged(arms, similarity_table(text=0.5, random=0.3))
    for name in ("c", "d1-cka", "d2-cka"):
        assert records[name]["verdict"] == "not testable here"
        assert not records[name]["checks"][0]["passed"]
        assert "is not shown to beat random weights" in records[name]["checks"][0]["why"]
    records = judged(DOMAIN, similarity_table(text=0.5, random=0.3))
    for name in ("c", "d1-cka", "d2-cka"):
        assert records[name]["checks"][0]["passed"]
        assert records[name]["verdict"] != "not testable here"


def test_a_reference_without_random_weights_to_beat_makes_what_rests_on_it_untestable():
    arms = {arm: 0.3 + NOISE for arm in ("text", "domain")}
    comparisons = similarity_table(text=0.5, random=0.3)
    records = judged(arms, comparisons[comparisons["left"] != "random"])
    for name in ("c", "d1-cka"):
        assert records[name]["verdict"] == "not testable here"
        assert "no random weights" in records[name]["checks"][0]["why"]


def test_a_mean_that_decides_where_no_task_does_says_so():
    records = judged({"text": 0.53 + NOISE, "random": np.full(3, 0.5)})
    assert [effect["verdict"] for effect in records["b"]["effects"]] == ["undecided"] * 2
    assert records["b"]["verdict"] == "supported" and records["b"]["qualifier"] == "on average"
    records = judged({"text": 0.55 + NOISE, "random": np.full(3, 0.5)})
    assert [effect["verdict"] for effect in records["b"]["effects"]] == ["supported"] * 2
    assert records["b"]["qualifier"] == ""


def test_a_task_that_fails_a_check_still_counts_among_those_read_side_by_side():
    found = {task: estimates.crossed(0.03 + 0.3 * NOISE) for task in "uv"}
    alone = verdicts.of_tasks({"u": found["u"]}, {}, 0.95, 0.0)[0]["p_value"]
    records = verdicts.of_tasks(found, {"v": "no reference"}, 0.95, 0.0)
    assert records[0]["p_value"] == pytest.approx(2 * alone)
    assert records[1]["verdict"] == "not testable here" and records[1]["p_value"] is None


def test_what_could_have_been_seen_allows_for_the_tasks_side_by_side_and_is_said_of_the_mean():
    one = estimates.crossed(0.01 + NOISE)
    records = verdicts.of_tasks({task: one for task in "uvwx"}, {}, 0.95, 0.0)
    assert records[0]["smallest"] == pytest.approx(one.smallest_effect(1 - 0.05 / 4))
    found = {task: estimates.crossed(0.004 + shift + NOISE) for task, shift in (("u", 0), ("v", 0))}
    records = verdicts.of_tasks(found, {}, 0.95, 0.0)
    verdict, numbers = verdicts.overall(found, records, 0.95, 0.0, False)
    mean = estimates.mean_over_tasks(list(found.values()))
    assert verdict == "undecided" and numbers["smallest"] == mean.smallest_effect(0.95)
    # Of two tasks alike the mean has half the variance, so about half the seeds are needed.
    assert numbers["seeds_needed"] <= records[0]["seeds_needed"] / 2


def test_no_number_of_seeds_is_kept_by_the_ledger_and_said_on_the_page(tmp_path):
    without = np.array([[0.0, 0.08, -0.04]]) + NOISE[:, None]
    found = {"u": estimates.crossed(0.02 + NOISE, 0.02 + without)}
    records = verdicts.of_tasks(found, {}, 0.95, 0.0)
    assert records[0]["seeds_needed"] == verdicts.NO_NUMBER
    json_tsv.write_json(tmp_path / "ledger.json", {"effects": records})
    assert json_tsv.read_json(tmp_path / "ledger.json")["effects"] == records
    assert document._count(records[0]["seeds_needed"]) == "no number of seeds"


def test_runs_that_diverged_have_not_trained_to_an_end():
    run = run_table({"text": 0.5 + NOISE, "random": 0.4 + NOISE}).assign(
        best_step=1, steps_taken=8, plateau=True
    )
    passed = [check["passed"] for check in checks.trained_to_an_end(run, ("text", "random"))]
    assert passed == [True, True]
    run.loc[(run["task"] == "x") & (run["initialization"] == "text"), "diverged"] = True
    passed = [check["passed"] for check in checks.trained_to_an_end(run, ("text", "random"))]
    assert passed == [False, True]


@pytest.mark.parametrize("ended", range(5))
def test_most_runs_of_an_arm_are_more_than_half(ended):
    run = run_table({"text": np.linspace(0.5, 0.6, 4), "random": np.linspace(0.4, 0.5, 4)})
    run = run.assign(best_step=1, steps_taken=8, plateau=True)
    run.loc[(run["initialization"] == "text") & (run["seed"] >= ended), "diverged"] = True
    for check in checks.trained_to_an_end(run, ("text", "random")):
        assert check["passed"] == (ended > 2)


def test_arms_that_still_climb_are_judged_at_this_budget():
    run = run_table({"text": 0.5 + NOISE, "random": 0.3 + NOISE[::-1]})
    record = ledger.judge(run, run, NO_PAIRS)[1]
    assert record["qualifier"] == "" and all(check["passed"] for check in record["checks"])
    for step in (0, 8):  # never learned, or still climbing
        run.loc[run["initialization"] == "random", "best_step"] = step
        record = ledger.judge(run, run, NO_PAIRS)[1]
        assert record["verdict"] == "supported" and record["qualifier"] == "at this budget"
        assert "random weights 100 %" in record["checks"][0]["why"]
    said = "or were best within the first 75 % of their steps"
    assert said in checks.trained_to_an_end(run.assign(best_step=4), ("text", "random"))[0]["why"]
    run["plateau"] = True  # the last step is the end of a cooldown
    record = ledger.judge(run, run, NO_PAIRS)[1]
    assert record["qualifier"] == "" and said not in record["checks"][0]["why"]
    run["best_step"] = 0
    assert ledger.judge(run, run, NO_PAIRS)[1]["qualifier"] == "at this budget"


def test_tasks_that_point_both_ways_make_a_claim_mixed_and_are_counted():
    run = run_table({"text": 0.5 + NOISE, "random": 0.3 + NOISE[::-1]})
    behind = (run["task"] == "y") & (run["initialization"] == "text")
    run.loc[behind, "test_score"] -= 0.5
    record = ledger.judge(run, run, NO_PAIRS)[1]
    assert record["verdict"] == "mixed"
    assert record["overall"]["counts"] == {
        "supported": 1, "contradicted": 1, "undecided": 0, "not testable here": 0
    }  # fmt: skip
    assert "supported in 1, contradicted in 1" in record["reading"]
    assert record["overall"]["heterogeneity"] > 0.9 and "read them one by one" in record["reading"]


def test_undecided_tasks_say_what_could_have_been_seen():
    record = judged({"text": 0.32 + 10 * NOISE, "random": np.full(3, 0.3)})["b"]
    for effect in record["effects"]:
        assert effect["verdict"] == "undecided"
        assert effect["smallest"] > 0.1 and effect["seeds_needed"] > 3
        assert effect["sources"] == pytest.approx({"seeds": 1})


@pytest.mark.parametrize("claim", ["a", "b"])
def test_examples_widen_the_interval(claim):
    """Of dev for (a), of test for (b); a task whose examples are of one unit has seeds alone."""
    number, kind = {"a": (0, "curves_left_out"), "b": (1, "left_out")}[claim]
    run = run_table({"text": 0.5 + NOISE, "random": 0.3 + NOISE[::-1]})
    noise = np.random.default_rng(0).normal(0, 0.02, 20)  # the same for every seed: no interaction
    left_out = pd.DataFrame(
        {"task": row.task, "initialization": row.initialization, "seed": row.seed, "group": group}
        | {"score": row.test_score + (row.initialization == "text") * noise[group]}
        for row in run.itertuples()
        for group in range(20)
        if row.task == "x"
    )
    plain, wide = (
        ledger.judge(run, run, NO_PAIRS, **{kind: table})[number]["effects"]
        for table in (None, left_out)
    )
    width = [one[0]["high"] - one[0]["low"] for one in (plain, wide)]
    assert width[1] > 1.2 * width[0]
    assert wide[0]["sources"]["examples"] > 0.5
    assert wide[1] == plain[1] and wide[1]["sources"] == {"seeds": 1}


def test_claims_without_their_arm_are_not_tested():
    records = judged({"text": 0.5 + NOISE, "random": np.full(3, 0.3)})
    for name in ("c", "weights", "arrangement"):
        assert records[name]["verdict"] == "not tested"
        assert records[name]["overall"] is None


def test_the_shuffled_arm_separates_weight_statistics_from_their_arrangement():
    arms = {"text": 0.5 + NOISE, "shuffled": 0.3 + NOISE[::-1], "random": 0.3 + NOISE}
    records = judged(arms)
    assert records["weights"]["verdict"] == "undecided"
    assert records["arrangement"]["verdict"] == "supported"
    assert "the paper" not in records["arrangement"]["reading"]


def test_medians_of_censored_runs_are_shown_as_lower_bounds():
    table = run_table({"text": 0.5 + NOISE, "random": np.full(3, 0.3)})
    table.loc[table["initialization"] == "random", ["censored", "steps_to_threshold"]] = True, 64
    record = ledger.judge(table, table, NO_PAIRS)[0]
    said = "text pretraining 8.0, random weights not in 64"
    assert any(said in fact for fact in record["facts"])
    table["threshold"] = math.nan  # where no arm's mean best is above 0
    assert (
        "x: the mean best dev score of neither arm is above 0."
        in ledger.judge(table, table, NO_PAIRS)[0]["facts"]
    )


def test_the_rules_name_no_result():
    first = judged({"text": 0.5 + NOISE, "random": np.full(3, 0.3), "domain": np.full(3, 0.5)})
    second = judged({"text": 0.1 + NOISE, "random": np.full(3, 0.9), "domain": np.full(3, 0.2)})
    assert [r["rule"] for r in first.values()] == [r["rule"] for r in second.values()]


def test_the_ledger_of_a_whole_study_has_every_claim_and_its_caveats(reported):
    record = json_tsv.read_json(reported["claims"])
    names = "a b c c-share d1-pwcca d1-cka d2-pwcca d2-cka weights arrangement baseline".split()
    assert [claim["id"] for claim in record["claims"]] == names
    caveats = " ".join(record["caveats"])
    for words in (
        "Seeds per task: 3",
        "n = 305",
        "4 layers of width 128",
        "2000 steps",
        "test examples",
        "splice (n-gram regression 0.810 MCC against random",
        "b, 200 of 305 test labels (random weights 3 of 3 seeds)",
        "composer 10.0 % to 128 tokens",
    ):
        assert words in caveats
    assert record["first"] == []
    # Of the leak audit the shares of test, once a task: not those of dev.
    assert " 1.2 %" in caveats and "11.2 %" not in caveats
