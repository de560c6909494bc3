"""Tables of what the arms are for: each number from scores a reader can subtract."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from seqtransfer.report import register
from seqtransfer.report.tables import gain_tables

GAINS = ("transfer", "pretraining", "ladder")


def run_of(scores):
    """Rows of `runs`: {(task, arm): [score of each seed]}; dev is test plus 0.1."""
    return pd.DataFrame(
        {"task": task, "initialization": arm, "seed": seed}
        | {"test_score": score, "dev_score": score + 0.1}
        for (task, arm), values in scores.items()
        for seed, score in enumerate(values)
    )


def budget_of(**steps):
    table = pd.DataFrame({"task": list(steps), "pretraining_steps": list(steps.values())})
    return table.assign(pretraining_corpus=table["task"])


def test_a_cell_is_the_mean_of_paired_differences_with_scipys_interval():
    run = run_of({("x", "random"): [0.1, 0.3, 0.2], ("x", "from-zipf"): [0.2, 0.5, 0.4]})
    table = gain_tables.transfer(run, budget_of(x=None))
    low, high = stats.ttest_1samp([0.1, 0.2, 0.2], 0).confidence_interval(0.95)
    assert table["split"].tolist() == ["test", "dev"]
    for _, row in table.iterrows():
        assert (row["source"], row["task"], row["seeds"]) == ("zipf", "x", 3)
        assert row[["mean", "low", "high"]].tolist() == pytest.approx([0.5 / 3, low, high])


def test_domain_is_the_diagonal_and_text_the_first_source():
    arms = ["from-y", "random", "from-x", "from-zipf", "domain", "text"]
    scores = {(t, a): [0.1 * n, 0.1 * n] for t in "xy" for n, a in enumerate(arms)}
    table = gain_tables.transfer(run_of(scores), budget_of(x=64, y=64)).query("split == 'test'")
    cells = table.set_index(["source", "task"])["initialization"].to_dict()
    assert list(dict.fromkeys(table["source"])) == [gain_tables.ENCODER, "x", "y", "zipf"]
    assert cells["x", "x"] == cells["y", "y"] == "domain"
    assert (cells["x", "y"], cells["y", "x"]) == ("from-x", "from-y")
    assert cells["zipf", gain_tables.OTHER_TASKS] == "from-zipf"
    # A source that is one of two tasks has a single other task, and so no mean.
    assert len(cells) == len(table) == 10


def test_the_mean_over_other_tasks_leaves_the_source_out():
    rng = np.random.default_rng(0)
    arms = ["random", "from-x", "from-zipf", "domain"]
    scores = {(task, arm): rng.random(3).tolist() for task in "xyz" for arm in arms}
    table = gain_tables.transfer(run_of(scores), budget_of(x=8, y=8, z=8))
    means = table[table["split"] == "test"].set_index(["source", "task"])

    def gains(arm, tasks):
        return [np.subtract(scores[task, arm], scores[task, "random"]) for task in tasks]

    own = means.loc["x", gain_tables.OTHER_TASKS]
    assert own["mean"] == pytest.approx(np.mean(gains("from-x", "yz")))
    # Two tasks: Welch's interval of a sum, so of one sample minus the other turned round.
    first, second = gains("from-x", "yz")
    welch = stats.ttest_ind(first, -second, equal_var=False).confidence_interval()
    assert own[["low", "high"]].tolist() == pytest.approx([welch.low / 2, welch.high / 2])
    all_three = means.loc["zipf", gain_tables.OTHER_TASKS]["mean"]
    assert all_three == pytest.approx(np.mean(gains("from-zipf", "xyz")))


def test_a_domain_arm_pretrained_on_a_corpus_has_that_for_its_source():
    scores = {("x", arm): [0.1, 0.2] for arm in ("random", "domain")}
    budget = budget_of(x=64).assign(pretraining_corpus="genes")
    assert set(gain_tables.transfer(run_of(scores), budget)["source"]) == {"genes"}


def test_a_domain_encoder_from_elsewhere_is_no_source():
    scores = {("x", arm): [0.1, 0.2] for arm in ("random", "domain", "from-x", "from-zipf")}
    table = gain_tables.transfer(run_of(scores), budget_of(x=None))
    assert set(table["initialization"]) == {"from-x", "from-zipf"}
    axis = gain_tables.pretraining(score_of(run_of(scores)), budget_of(x=None))
    assert set(axis["initialization"]) == {"random"}


def test_a_soft_start_is_no_source():
    scores = {("x", arm): [0.1, 0.2] for arm in ("random", "text", "from-aligned", "from-zipf")}
    table = gain_tables.transfer(run_of(scores), budget_of(x=None))
    assert set(table["initialization"]) == {"text", "from-zipf"}


def score_of(run):
    """The table `scores` of the headline metric, means only."""
    rows = [
        {"task": task, "initialization": arm, "kind": "arm", "split": split, "headline": True}
        | {"mean": part[f"{split}_score"].mean(), "low": np.nan, "high": np.nan, "seeds": len(part)}
        for (task, arm), part in run.groupby(["task", "initialization"], sort=False)
        for split in ("test", "dev")
    ]
    return pd.DataFrame(rows)


def test_the_axis_of_steps_runs_from_random_to_domain_with_text_aside():
    arms = ["domain", "checkpoint-64", "text", "checkpoint-8", "random", "shuffled", "from-y"]
    scores = {(t, a): [0.1 * n] for t in "yx" for n, a in enumerate(arms)}
    table = gain_tables.pretraining(score_of(run_of(scores)), budget_of(y=100, x=200))
    assert list(dict.fromkeys(table["task"])) == ["y", "x"]
    for task, last in (("y", 100), ("x", 200)):
        rows = table[(table["task"] == task) & (table["split"] == "dev")]
        assert rows["initialization"].tolist() == [
            "random", "checkpoint-8", "checkpoint-64", "domain", "text",
        ]  # fmt: skip
        assert rows["pretraining_steps"].tolist()[:-1] == [0, 8, 64, last]
        assert pd.isna(rows["pretraining_steps"].iloc[-1])
        assert rows["mean"].tolist() == pytest.approx([0.5, 0.4, 0.2, 0.1, 0.3])


def test_the_ladder_goes_from_scratch_to_full_and_ends_in_the_mean_over_tasks():
    arms = ["text", "random", "first-3", "moments", "first-1", "domain", "from-x"]
    values = {"text": [0.5, 0.7], "random": [0.1, 0.2]}
    scores = {("x", a): values.get(a, [0.3, 0.3]) for a in arms}
    scores |= {("y", a): [v + 0.2 * (a == "text") for v in scores["x", a]] for a in arms}
    table = gain_tables.ladder(run_of(scores)).query("split == 'test'")
    assert table["task"].tolist() == ["x"] * 4 + ["y"] * 4 + [gain_tables.ALL_TASKS] * 4
    assert table["initialization"].tolist() == ["moments", "first-1", "first-3", "text"] * 3
    means = table.set_index(["task", "initialization"])["mean"]
    assert means["x", "text"] == pytest.approx(0.45) and means["y", "text"] == pytest.approx(0.65)
    assert means[gain_tables.ALL_TASKS, "text"] == pytest.approx(0.55)


def test_the_ladder_has_the_parts_of_a_pretrained_arm_before_the_whole_and_no_other_source():
    arms = ["from-y", "from-x", "from-x-layernorm-only", "text", "domain", "random"]
    arms += ["from-x-attention-only", "domain-attention-only", "attention-only"]
    run = run_of({("x", arm): [0.1 * n, 0.1 * n] for n, arm in enumerate(arms)})
    table = gain_tables.ladder(run).query("split == 'test'").set_index("initialization")["mean"]
    assert list(table.index) == [
        *("attention-only", "text", "from-x-layernorm-only", "from-x-attention-only", "from-x"),
        *("domain-attention-only", "domain"),
    ]
    assert table["domain-attention-only"] == pytest.approx(0.7 - 0.5)


def test_an_arm_in_part_is_neither_a_source_nor_a_step():
    arms = ["random", "from-y-attention-only", "from-y", "domain-layernorm-only", "domain"]
    arms += ["checkpoint-8-attention-only", "checkpoint-8"]
    run = run_of({(task, arm): [0.1, 0.2] for task in "xy" for arm in arms})
    sources = gain_tables.transfer(run, budget_of(x=64, y=64))
    assert set(sources["initialization"]) == {"from-y", "domain"}
    steps = gain_tables.pretraining(score_of(run), budget_of(x=64, y=64))
    assert set(steps["initialization"]) == {"random", "checkpoint-8", "domain"}


def test_a_study_without_the_arms_has_empty_tables_and_no_such_figures():
    arms = ("text", "domain")
    run = run_of({("x", arm): [0.1, 0.2] for arm in arms})
    assert gain_tables.transfer(run, budget_of(x=64)).empty and gain_tables.ladder(run).empty
    assert gain_figures_of(["text", "random", "shuffled", "domain"]) == []


def gain_figures_of(arms):
    config = {
        "initializations": arms,
        "seeds": [0],
        "compare": {"reference": "random"},
        "analyse": {"kinds": []},
    }
    found = register.figures_of(config, swept=False)
    assert set(found) & set(GAINS) == set(register.tables_of(config)) & set(GAINS)
    return [name for name in found if name in GAINS]


@pytest.mark.parametrize(
    ("arms", "figures"),
    [
        (["text", "random", "from-zipf"], {"transfer"}),
        (["text", "domain", "from-zipf"], set()),  # a gain needs random
        (["text", "checkpoint-8"], {"pretraining"}),
        (["random", "first-1"], {"ladder"}),
        (["random", "from-zipf-attention-only", "checkpoint-8-layernorm-only"], {"ladder"}),
        (["text", "domain-attention-only"], set()),
        (["random", "attention-only", "from-zipf", "checkpoint-8"], set(GAINS)),
    ],
)
def test_arms_call_for_their_figures(arms, figures):
    assert set(gain_figures_of(arms)) == figures


def test_a_missing_seed_of_random_is_an_error():
    run = run_of({("x", "random"): [0.1], ("x", "moments"): [0.2, 0.3]})
    with pytest.raises(ValueError, match="run the missing arm"):
        gain_tables.ladder(run)
