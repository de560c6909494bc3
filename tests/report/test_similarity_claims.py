"""The questions on similarity: what their intervals cover, and where a measure says nothing."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from test_claims import DOMAIN, NOISE, judged, run_table, similarity_table

from seqtransfer.report.claims import checks, ledger
from seqtransfer.report.page import document
from seqtransfer.similarity.measures import MEASURES


def test_similarity_above_its_null_and_above_random_weights_supports_both_questions():
    records = judged(DOMAIN, similarity_table(text=0.5, random=0.3))
    assert records["d1-cka"]["verdict"] == records["d2-cka"]["verdict"] == "supported"
    assert records["d1-cka"]["overall"]["mean"] == pytest.approx(0.4)  # less the null's mean
    assert records["d2-cka"]["overall"]["mean"] == pytest.approx(0.2)  # layers 1 and up, before
    assert "Random weights exceed this null, too, in: x, y" in records["d1-cka"]["facts"][0]


def test_similarity_within_its_null_is_undecided_and_never_contradicted():
    records = judged(DOMAIN, similarity_table(text=0.5, random=0.3, p_value=0.5))
    assert records["d1-cka"]["verdict"] == "undecided"
    comparisons = similarity_table(text=0.5, random=0.3)
    comparisons.loc[comparisons["task"] == "y", "p_value"] = 0.5
    record = judged(DOMAIN, comparisons)["d1-cka"]
    assert record["verdict"] == "undecided"
    assert [effect["verdict"] for effect in record["effects"]] == ["supported", "undecided"]


def test_random_more_similar_than_text_contradicts_the_second_question():
    record = judged(DOMAIN, similarity_table(0.3, 0.5))["d2-cka"]
    assert record["verdict"] == "contradicted"


def test_one_measure_is_judged_and_the_others_stand_beside_it():
    table = similarity_table(text=0.5, random=0.3)
    both = pd.concat([table, table.assign(measure="neighbours")])
    run = run_table(DOMAIN)
    records = ledger.judge(run, run, both, measure="neighbours")
    shown = {record["id"]: record["headline"] for record in records if record["id"][0] == "d"}
    assert shown == {
        "d1-neighbours": True, "d1-cka": False, "d2-neighbours": True, "d2-cka": False
    }  # fmt: skip
    text = document.markdown({"first": [], "claims": records, "caveats": []})
    assert text.index("(d2-cka)") > text.index("## What the intervals cover")


def reference_table(text=0.5, random=0.3, again=0.0, ceilings=(0.7, 0.2), sd=0.002, **constants):
    """Scores with the reference of tasks x and y, with a ceiling each; `again` is how much less of
    text the reference's second pretraining has; None for a study without one."""
    noise = partial(np.random.default_rng(0).normal, 0)
    change = {"first": 0.0} if again is None else {"first": 0.0, "again": again}
    heights = {"text": text, "random 7": random - 0.001, "random 8": random + 0.001}
    return pd.DataFrame(
        {"task": task, "right": "domain", "left": left, "reference": reference, "layer": layer}
        | {"kind": {"text": "arm", "again": "ceiling"}.get(left, "floor"), "measure": "cka"}
        | {"group": group}
        | {"score": height - change[reference] * (left == "text") + (group >= 0) * noise(sd)}
        | constants
        for task, ceiling in zip(("x", "y"), ceilings, strict=True)
        for left, height in (heights | {"again": ceiling}).items()
        for reference in (["first"] if left == "again" else change)
        for layer in range(3)
        for group in range(-1, 6)
    )


def nearer(references, text=0.5, random=0.3):
    """The record of (d2) by CKA."""
    table, comparisons = run_table(DOMAIN), similarity_table(text, random)
    records = ledger.judge(table, table, comparisons, references=references)
    return {record["id"]: record for record in records}["d2-cka"]


def test_a_measure_whose_ceiling_is_no_higher_than_its_floor_is_not_valid():
    record = nearer(reference_table())
    assert [effect["verdict"] for effect in record["effects"]] == ["supported", "not testable here"]
    assert "not shown to be nearer to its own second training" in record["effects"][1]["reason"]
    assert "x: floor 0.300" in record["facts"][0] and "calibrated +0.50" in record["facts"][0]
    assert "y: floor 0.300" in record["facts"][1] and "not calibrated" in record["facts"][1]


@pytest.mark.parametrize("measure", ["pwcca", "svcca", "procrustes", "cka_biased", "cka_rbf"])
def test_halves_of_neurons_are_no_ceiling_for_measures_that_grow_with_the_width(measure):
    table = reference_table(ceilings=(0.7, 0.7)).replace({"left": {"again": "halves"}})
    record = nearer(table)
    assert record["verdict"] == "supported" and "halves" in record["checks"][-1]["why"]
    table, run = table.assign(measure=measure), run_table(DOMAIN)
    comparisons = similarity_table(0.5, 0.3).assign(measure=measure)
    records = {one["id"]: one for one in ledger.judge(run, run, comparisons, references=table)}
    for name in (f"d1-{measure}", f"d2-{measure}"):
        assert records[name]["verdict"] == "not testable here"
        assert "other widths than the floor" in records[name]["effects"][0]["reason"]


def test_one_floor_seed_shows_no_measure_valid_and_says_what_to_add():
    table = reference_table(ceilings=(0.7, 0.7))
    record = nearer(table[table["left"] != "random 8"])
    assert record["verdict"] == "not testable here"
    assert "several seeds in compare.floor_seeds" in record["effects"][0]["reason"]


def test_units_and_the_reference_widen_the_interval_of_similarity_and_are_named():
    sure = nearer(reference_table(ceilings=(0.7, 0.7), sd=1e-6))["effects"][0]
    low, high = stats.t.interval(0.95, 2, 0.2, stats.sem(NOISE))  # seeds alone
    assert [sure["low"], sure["high"]] == pytest.approx([low, high], abs=1e-4)
    units = nearer(reference_table(ceilings=(0.7, 0.7), sd=0.02))["effects"][0]
    assert units["high"] - units["low"] > 1.2 * (sure["high"] - sure["low"])
    assert units["sources"]["units"] > 0.5 > units["sources"]["seeds"]
    # Text is 0.2 above random with the first pretraining of domain and 0.05 with the second.
    moved = nearer(reference_table(ceilings=(0.7, 0.7), again=0.15, sd=1e-6))
    assert moved["effects"][0]["mean"] == pytest.approx(0.125, abs=1e-4)
    assert moved["effects"][0]["sources"]["reference"] > 0.9
    assert moved["verdict"] == "undecided" and "include" in moved["reading"]


def test_a_reference_pretrained_once_is_said_to_be_taken_as_given():
    record = nearer(reference_table(again=None, ceilings=(0.7, 0.7)))
    assert record["facts"][0].startswith(
        "One pretraining of domain: the interval takes it as given"
    )
    assert record["facts"][0].endswith("in x, y.")
    assert set(record["effects"][0]["sources"]) == {"seeds", "units"}
    record = nearer(None)
    assert "takes the probe as given in x, y" in record["facts"][0]
    assert record["effects"][0]["sources"] == {"seeds": 1}


def test_scores_with_another_reference_than_domain_leave_similarity_to_it_untestable():
    record = nearer(reference_table(right="from-zipf"))
    assert set(record["effects"][0]["sources"]) == {"seeds"}
    assert record["verdict"] == "not testable here"
    assert "compare: {reference: domain}" in record["effects"][0]["reason"]


def test_few_rows_per_dimension_are_said():
    comparisons = similarity_table(0.5, 0.3, rows=999)
    canonical = judged(DOMAIN, comparisons.assign(measure="pwcca"))["d1-pwcca"]
    assert "Fewer than 10 rows per dimension in x, y" in canonical["facts"][-1]
    # Debiased CKA of independent rows is 0, however few they are.
    assert "rows per dimension" not in "".join(judged(DOMAIN, comparisons)["d1-cka"]["facts"])


def test_a_shared_subspace_leaves_canonical_measures_without_a_verdict():
    table = similarity_table(text=0.5, random=0.3).assign(measure="pwcca")
    table.loc[table["task"] == "x", "ties"] = 3
    for name in ("d1-pwcca", "d2-pwcca"):
        effects = judged(DOMAIN, table)[name]["effects"]
        assert effects[0]["verdict"] == "not testable here"
        assert "3 canonical correlations are 1" in effects[0]["reason"]
        assert effects[1]["verdict"] == "supported"


@pytest.mark.parametrize("measure", [m.name for m in MEASURES.values() if m.saturates])
def test_canonical_correlations_on_fewer_rows_than_dimensions_decide_nothing(measure):
    table = similarity_table(text=1.0, random=1.0, rows=199)
    record = judged(DOMAIN, table.assign(measure=measure))[f"d2-{measure}"]
    assert record["verdict"] == "not testable here"
    assert all("by construction" in effect["reason"] for effect in record["effects"])


def test_a_study_without_text_beside_its_reference_is_judged_and_says_that_d_is_not_tested():
    comparisons = similarity_table(text=0.5, random=0.3)
    without = comparisons[comparisons["left"] != "text"]
    run = run_table({arm: DOMAIN[arm] for arm in ("random", "domain")})
    found = ledger.judge(run, run, without, references=reference_table())
    records = {record["id"]: record for record in found}
    assert records["d1-cka"]["verdict"] == records["d2-cka"]["verdict"] == "not tested"
    assert not any("calibrated" in fact for fact in records["d2-cka"]["facts"])


def test_an_arm_that_the_question_is_not_about_does_not_make_it_untestable():
    """Such as `from-x` on x itself, which has the weights of `domain`: all correlations are 1."""
    table = similarity_table(text=0.5, random=0.3).assign(measure="pwcca")
    same = table[table["left"] == "text"].assign(left="from-x", score=1.0, ties=100)
    alone, beside = judged(DOMAIN, table), judged(DOMAIN, pd.concat([table, same]))
    for claim in ("d1-pwcca", "d2-pwcca"):
        assert alone[claim]["verdict"] == beside[claim]["verdict"] == "supported"
        assert alone[claim]["effects"] == beside[claim]["effects"]
        tied = pd.concat([table[table["left"] != "text"], same.assign(left="text")])
        assert judged(DOMAIN, tied)[claim]["verdict"] == "not testable here"


def test_a_seed_without_a_number_does_not_count_and_is_named_and_random_weights_are_not_above():
    table = similarity_table(text=0.5, random=0.3)
    before = (table["stage"] == "before") & (table["layer"] == 1) & (table["task"] == "x")
    lost = table.copy()
    of_text = before & (table["left"] == "text") & (table["seed"] == 1)
    lost.loc[of_text, ["score", "p_value"]] = np.nan
    record = judged(DOMAIN, lost)["d1-cka"]
    assert [one["seeds"] for one in record["effects"]] == [2, 3]
    assert record["missing"] == ["text pretraining in x, seed 1"]
    lost = table.copy()
    of_random = before & (table["left"] == "random") & (table["seed"] == 1)
    lost.loc[of_random, ["score", "p_value"]] = np.nan
    assert "In 1 of 2 tasks random weights, too" in judged(DOMAIN, lost)["d1-cka"]["aside"]


@pytest.mark.parametrize(("right", "passed"), [(23, True), (24, True), (25, False)])
def test_one_canonical_correlation_of_1_is_allowed_also_where_few_rows_force_it(right, passed):
    """44 rows, centred, have 43 dimensions: 20 and 24 directions meet in one at least."""
    rows, draw = 44, np.random.default_rng(0).normal
    left, other = (
        np.linalg.qr(x - x.mean(0))[0] for x in (draw(size=(rows, 20)), draw(size=(rows, right)))
    )
    ones = (np.linalg.svd(left.T @ other)[1] > 1 - 1e-9).sum()
    assert ones == max(0, 20 + right - 43)
    table = pd.DataFrame(
        [{"task": "x", "rows": rows, "left_rank": 20, "right_rank": right, "ties": ones}]
    )
    assert bool(checks.has_rows(table, "pwcca")[0]["passed"]) == passed
