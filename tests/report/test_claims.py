"""Claims are judged by their rule: clear cases both ways, undecided ones, and single seeds."""

import math
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import synthetic
from seqtransfer.encoders import adaptations
from seqtransfer.files import json_tsv
from seqtransfer.report import caveats, claims, page
from seqtransfer.report.tables import similarity_tables
from seqtransfer.similarity.measures import MEASURES

NO_SCORES = pd.DataFrame(
    {"task": ["x"], "arm": "text", "split": "dev", "metric": "mcc", "mean": 0}
).assign(headline=True)
NO_PAIRS = similarity_tables.gather([], similarity_tables.SCORED)
NOISE = np.array([-0.01, 0.0, 0.01])
NO_PRETRAINING = pd.DataFrame(
    {"task": ["x"], "pretraining_steps": [None], "pretraining_masked_accuracy": [None]}
)


def run_table(arms):
    """Runs of tasks x and y; arms[name] holds an arm's test MCC, which is its area too, by seed."""
    return pd.DataFrame(
        {"task": task, "initialization": arm, "seed": seed, "learning_rate": 1e-3, "test_n": 100}
        | {
            "test_score": value,
            "metric": "mcc",
            "area": value,
            "threshold": 0.5,
            "steps": 8.0,
            "censored": False,
        }
        | {"diverged": False}
        for task in ("x", "y")
        for arm, values in arms.items()
        for seed, value in enumerate(values)
    )


def similarity_table(text, random, null_high=0.2, rows=2000):
    scores = {"text": text, "random": random}
    return pd.DataFrame(
        {"task": task, "left": left, "right": "domain", "seed": seed, "stage": stage}
        | {"layer": layer, "measure": "cka", "rows": rows, "width": 100, "null_high": null_high}
        | {"score": 0.99 if stage == "after" or layer == 0 else scores[left] + noise}
        for task in ("x", "y")
        for left in scores
        for seed, noise in enumerate(NOISE if left == "text" else 0 * NOISE)
        for stage in ("before", "after")
        for layer in range(3)
    )


def judged(arms, comparisons=None, margin=0.05):
    table = run_table(arms)
    comparisons = NO_PAIRS if comparisons is None else comparisons
    records = claims.judge(table, table, NO_SCORES, comparisons, margin=margin)
    return {record["id"]: record for record in records}


def test_a_clear_gain_supports_faster_and_better():
    records = judged({"text": 0.5 + NOISE, "random": np.array([0.3, 0.3, 0.3])})
    for name in ("a", "b"):
        assert records[name]["verdict"] == "supported"
        assert records[name]["overall"]["mean"] == pytest.approx(0.2)
        assert "agrees with the paper" in records[name]["reading"]


def test_a_clear_loss_contradicts_the_paper_and_says_so():
    records = judged({"text": 0.2 + NOISE, "random": np.array([0.3, 0.3, 0.3])})
    assert records["a"]["verdict"] == records["b"]["verdict"] == "contradicted"
    assert "contradicts the paper" in records["b"]["reading"]
    assert "below 0 in: x, y" in records["b"]["reading"]


def test_an_interval_around_zero_decides_nothing():
    records = judged({"text": 0.3 + 10 * NOISE, "random": np.array([0.29, 0.29, 0.29])})
    assert records["b"]["verdict"] == "undecided"
    assert "do not decide" in records["b"]["reading"]


def test_runs_that_are_all_equal_are_no_evidence_for_or_against_a_claim():
    records = judged(dict.fromkeys(("text", "random", "domain"), np.array([0.3, 0.4, 0.5])))
    for name in ("a", "b", "c"):
        assert records[name]["verdict"] == "undecided"
        assert records[name]["overall"]["low"] == records[name]["overall"]["high"] == 0
        assert "equal in every run" in records[name]["reading"]


def test_a_run_without_a_score_leaves_its_claims_undecided_and_is_named():
    arms = {"text": 0.5 + NOISE, "random": 0.3 + NOISE, "domain": np.array([0.4, math.nan, 0.4])}
    records = judged(arms)
    assert records["b"]["verdict"] == "supported"
    claim = records["c"]
    assert claim["verdict"] == "undecided"
    assert claim["missing"] == ["x domain seed 1", "y domain seed 1"]
    assert "no finite number of x domain seed 1, y domain seed 1" in claim["reading"]
    assert claim["overall"]["mean"] is claim["overall"]["low"] is None
    assert [(effect["mean"], effect["seeds"]) for effect in claim["effects"]] == [(None, 2)] * 2
    for kind in ("md", "html"):
        assert "domain seed 1" in page.render(kind, list(records.values()), [])


def test_a_layer_without_a_similarity_leaves_shared_structure_undecided():
    table = similarity_table(text=0.5, random=0.3)
    lost = (table["layer"] == 2) & (table["left"] == "text") & (table["seed"] == 0)
    table.loc[lost, ["score", "null_high"]] = math.nan
    record = judged({"text": 0.5 + NOISE, "random": 0.3 + NOISE}, table)["d-cka"]
    assert record["verdict"] == "undecided" and record["missing"][0] == "x text seed 0"


def test_runs_that_failed_or_diverged_and_lost_similarities_are_caveats():
    run = run_table({"text": np.array([0.1, math.nan]), "random": np.array([0.1, 0.2])})
    run = run.assign(adaptation="full", pooling="mean", warmup=0.1)
    run["diverged"] = run["seed"] == 1
    table = similarity_table(text=0.5, random=0.3)
    table.loc[table["left"] == "text", "score"] = math.nan
    budget = NO_PRETRAINING.assign(pretraining_steps=9, pretraining_tokens_seen=99)
    notes = "\n".join(caveats.of_study(run, table, budget, []))
    assert "2 of 8 runs diverged (x random seed 1; y random seed 1)" in notes
    assert "2 of 8 runs have no finite score (x text seed 1; y text seed 1)" in notes
    assert "not defined (x text-vs-domain, y text-vs-domain)" in notes
    assert "Domain pretraining diverged on x" in notes


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


def test_non_inferiority_depends_on_the_margin_and_uses_the_ninety_percent_interval():
    arms = {"text": 0.46 + NOISE, "domain": np.full(3, 0.5), "random": np.full(3, 0.3)}
    assert judged(arms, margin=0.1)["c"]["verdict"] == "supported"
    assert judged(arms, margin=0.04)["c"]["verdict"] == "undecided"
    assert judged(arms, margin=0.01)["c"]["verdict"] == "contradicted"
    assert judged(arms)["c"]["level"] == pytest.approx(0.90)


def test_a_domain_model_no_better_than_random_makes_the_third_claim_weak():
    arms = {"text": 0.3 + NOISE, "domain": 0.3 + NOISE, "random": np.full(3, 0.3)}
    assert "says little" in judged(arms)["c"]["facts"][0]
    arms["domain"] = 0.5 + NOISE
    assert "has teeth" in judged(arms)["c"]["facts"][0]


def test_similarity_above_floor_and_null_supports_shared_structure():
    arms = {"text": NOISE, "random": NOISE}
    record = judged(arms, similarity_table(text=0.5, random=0.3))["d-cka"]
    assert record["verdict"] == "supported"
    assert record["overall"]["mean"] == pytest.approx(0.2)  # layer 0 and stage `after` left out
    assert "above its shuffled-rows null" in record["facts"][0]


def test_similarity_within_its_null_contradicts_even_above_the_random_floor():
    arms = {"text": NOISE, "random": NOISE}
    record = judged(arms, similarity_table(text=0.5, random=0.3, null_high=0.6))["d-cka"]
    assert record["verdict"] == "contradicted"
    assert "not above its shuffled-rows null" in record["facts"][0]
    assert "contradicts the paper" in record["reading"]


def test_similarity_above_its_null_in_one_task_only_is_undecided():
    comparisons = similarity_table(text=0.5, random=0.3)
    comparisons.loc[comparisons["task"] == "y", "null_high"] = 0.6
    record = judged({"text": NOISE, "random": NOISE}, comparisons)["d-cka"]
    assert record["verdict"] == "undecided"
    assert "Another part of the rule" in record["reading"]


def test_random_more_similar_than_text_contradicts_shared_structure():
    arms = {"text": NOISE, "random": NOISE}
    assert judged(arms, similarity_table(0.3, 0.5))["d-cka"]["verdict"] == "contradicted"


def test_the_calibrated_place_is_said_beside_the_verdict_and_decides_nothing():
    arms = {"text": NOISE, "random": NOISE}
    table, comparisons = run_table(arms), similarity_table(text=0.5, random=0.3)
    read = pd.DataFrame(
        {"task": task, "pair": "text-vs-domain", "stage": "before", "layer": layer}
        | {"measure": "cka", "mean": 0.5, "floor": 0.3, "ceiling": ceiling}
        for task, ceiling in (("x", 0.7), ("y", 0.2))
        for layer in range(3)
    )
    plain, told = (
        claims.judge(table, table, NO_SCORES, comparisons, similarity=similarity)[3]
        for similarity in (None, read)
    )
    assert told["verdict"] == plain["verdict"] == "supported"
    facts = [fact for fact in told["facts"] if fact not in plain["facts"]]
    assert "x: floor 0.300" in facts[0] and "calibrated +0.50" in facts[0]
    assert "y: floor 0.300" in facts[1] and "not calibrated" in facts[1]


def test_few_rows_per_dimension_are_said():
    comparisons = similarity_table(0.5, 0.3, rows=999)
    record = judged({"text": NOISE, "random": NOISE}, comparisons)["d-cka"]
    assert "Fewer than 10 rows per dimension in x, y" in record["facts"][-1]


def test_claims_without_their_arm_are_not_tested():
    records = judged({"text": 0.5 + NOISE, "random": np.full(3, 0.3)})
    for name in ("c", "weights", "arrangement"):
        assert records[name]["verdict"] == "not tested"
        assert records[name]["overall"] is None


def test_the_shuffled_arm_separates_weight_statistics_from_their_arrangement():
    arms = {"text": 0.5 + NOISE, "shuffled": 0.3 + NOISE, "random": 0.3 + NOISE[::-1]}
    records = judged(arms)
    assert records["weights"]["verdict"] == "undecided"
    assert records["arrangement"]["verdict"] == "supported"
    assert "the paper" not in records["arrangement"]["reading"]


def test_an_n_gram_baseline_ahead_of_text_is_said():
    scores = pd.DataFrame(
        {"task": task, "arm": arm, "split": "test", "metric": "mcc", "headline": True, "mean": mean}
        for task, arm, mean in (("x", "text", 0.3), ("x", "ngram", 0.4), ("y", "text", 0.3))
    )
    table = run_table({"text": 0.5 + NOISE, "random": np.full(3, 0.3)})
    record = claims.judge(table, table, scores, NO_PAIRS)[1]
    assert record["facts"][0].endswith("in: x.")


def test_medians_of_censored_runs_are_shown_as_lower_bounds():
    table = run_table({"text": 0.5 + NOISE, "random": np.full(3, 0.3)})
    table.loc[table["initialization"] == "random", ["censored", "steps"]] = [True, 64.0]
    record = claims.judge(table, table, NO_SCORES, NO_PAIRS)[0]
    assert "text 8.0, random > 64" in record["facts"][0]


def test_the_rules_name_no_result():
    first = judged({"text": 0.5 + NOISE, "random": np.full(3, 0.3), "domain": np.full(3, 0.5)})
    second = judged({"text": 0.1 + NOISE, "random": np.full(3, 0.9), "domain": np.full(3, 0.2)})
    assert [r["rule"] for r in first.values()] == [r["rule"] for r in second.values()]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ledger")
    return synthetic.report(folder / "report", synthetic.write_study(folder))


def test_the_ledger_of_a_whole_study_has_every_claim_and_its_caveats(ledger):
    record = json_tsv.read_json(ledger["json"])
    assert [claim["id"] for claim in record["claims"]] == [
        *("a", "b", "c", "d-pwcca", "d-cka", "weights", "arrangement")
    ]
    caveats = " ".join(record["caveats"])
    for words in (
        "Seeds per task: 3",
        "n = 305",
        "4 layers of width 128",
        "2000 steps",
        "test examples",
    ):
        assert words in caveats
    # Of the leak audit the shares of test, once a task: not those of dev.
    assert " 1.2 %" in caveats and "11.2 %" not in caveats


def test_the_markdown_gives_each_verdict_and_the_html_is_whole_and_self_contained(ledger):
    class Balance(HTMLParser):
        open_tags: list = []  # noqa: RUF012

        def handle_starttag(self, tag, attributes):
            assert not {"src"} & dict(attributes).keys()
            if tag not in ("meta", "br"):
                self.open_tags.append(tag)

        def handle_endtag(self, tag):
            assert self.open_tags.pop() == tag

    records = json_tsv.read_json(ledger["json"])["claims"]
    markdown, html = ledger["markdown"].read_text(), ledger["html"].read_text()
    for record in records:
        assert f"## ({record['id']}) {record['title']}: {record['verdict']}" in markdown
        assert f'<section id="{record["id"]}">' in html
    parser = Balance()
    parser.feed(html)
    assert parser.open_tags == []
    assert "http" not in html


def test_html_escapes_what_a_record_says():
    filled = page.fill("{{ caveats[0] }}", [], ["a < b"], escape=True)
    assert filled == "a &lt; b\n"
    assert page.fill("{{ caveats[0] }}", [], ["a < b"], escape=False) == "a < b\n"


@pytest.mark.parametrize("measure", [m.name for m in MEASURES.values() if m.saturates])
def test_canonical_correlations_on_fewer_rows_than_dimensions_decide_nothing(measure):
    table = similarity_table(text=1.0, random=1.0, null_high=1.0, rows=200)
    arms = {"text": NOISE, "random": NOISE}
    record = judged(arms, table.assign(measure=measure))[f"d-{measure}"]
    assert record["verdict"] == "undecided"
    assert any("by construction" in fact for fact in record["facts"])


def test_settings_that_differ_between_the_arms_of_a_task_are_named_task_by_task():
    # Over all tasks both arms use {0.1, 0.2}: only within a task do they differ.
    runs = pd.DataFrame(
        [("x", "text", 0.1), ("x", "random", 0.2), ("y", "text", 0.2), ("y", "random", 0.1)],
        columns=["task", "initialization", "learning_rate"],
    ).assign(
        seed=0,
        test_n=9,
        test_score=0.1,
        metric="mcc",
        pooling="mean",
        warmup=0.1,
        adaptation="lora",
    )
    runs = runs.assign(diverged=runs["learning_rate"] == 0.2)
    budget = NO_PRETRAINING
    notes = caveats.of_study(runs, NO_PAIRS, budget, [])
    assert "Learning rates differ between the arms of x: text 0.1, random 0.2." in notes
    assert "Learning rates differ between the arms of y: text 0.2, random 0.1." in notes
    assert any(note.startswith("Poolings are the same in all arms") for note in notes)
    assert any(note.startswith("Warm-ups are the same in all arms") for note in notes)
    assert "of the encoder, low-rank additions to its query and value proj" in notes[0]
    assert any("2 of 4 runs diverged (x random seed 0; y text seed 0)" in note for note in notes)


@pytest.mark.parametrize("mode", [name.replace("<layers>", "2") for name in adaptations.MODES])
def test_every_adaptation_is_said_in_words(mode):
    row = {"task": "x", "initialization": "text", "learning_rate": 0.1, "seed": 0, "test_n": 9}
    row |= {"test_score": 0.1}
    row |= {"metric": "mcc", "pooling": "mean", "warmup": 0.1, "diverged": False}
    budget = NO_PRETRAINING
    runs = pd.DataFrame([row | {"adaptation": mode}])
    assert f"({mode})." in caveats.of_study(runs, NO_PAIRS, budget, [])[0]


@pytest.fixture
def runs():
    keys = synthetic.SETTINGS[["task", "initialization"]]
    return keys.assign(seed=0, adaptation="full", steps=512, batch_size=32)


def test_settings_swept_at_the_studys_budget_inside_the_grid_need_no_caveat(runs):
    assert caveats.of_settings(runs, synthetic.SETTINGS) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"batch_size": 16}, r"16 arms were chosen at another budget \(512 steps of 16 examples"),
        ({"adaptation": "bias"}, "16 arms were chosen for adaptation bias, not for full"),
        ({"runs": 1}, "of 16 arms rest on one sweep run"),
        ({"edge": True}, "lowest or highest candidate for sentiment text, sentiment random"),
    ],
)
def test_what_speaks_against_the_chosen_settings_is_said(runs, change, words):
    [line] = caveats.of_settings(runs, synthetic.SETTINGS.assign(**change))
    assert re.search(words, line)


def test_settings_written_by_hand_are_called_so(runs):
    columns = ["task", "initialization", "learning_rate", "pooling"]
    [line] = caveats.of_settings(runs, synthetic.SETTINGS[columns])
    assert "does not say how" in line
