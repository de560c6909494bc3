"""Of the candidates of a sweep, dev alone chooses the settings of each arm."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtransfer.files import json_tsv
from seqtransfer.training import runs, settings_choice

FOR = {
    "adaptation": "bias", "encoder": "minilm-l6", "layers": 3, "train_n": 1600, "max_tokens": 62,
    "steps": 128, "batch_size": 16, "patience": 64, "cooldown": 0.2,
}  # fmt: skip


def sweep_of(scores: list[tuple[str, float, float, str, int, float]]) -> pd.DataFrame:
    columns = ["initialization", "learning_rate", "warmup", "pooling", "seed", "dev_score"]
    table = pd.DataFrame(scores, columns=columns)
    return table.assign(task="splice", diverged=False, **FOR, code="0123")


@settings(max_examples=25)
@given(st.integers(0, 2**32))
def test_each_arm_gets_the_settings_of_its_highest_mean_dev_score(seed):
    rng = np.random.default_rng(seed)
    rates, seeds = (1e-4, 3e-4, 1e-3), (100, 101, 102)
    scores = {
        (arm, rate, warmup, pooling): rng.uniform(-1, 1, len(seeds))
        for arm in ("text", "random")
        for rate in rates
        for warmup in (0.0, 0.1)
        for pooling in ("mean", "first")
    }
    rows = [
        (*key, s, v) for key, values in scores.items() for s, v in zip(seeds, values, strict=True)
    ]
    chosen = settings_choice.choose(sweep_of([rows[i] for i in rng.permutation(len(rows))]))
    assert chosen.initialization.tolist() == ["random", "text"]
    for row in chosen.itertuples():
        best = max(
            (key for key in scores if key[0] == row.initialization), key=lambda k: scores[k].mean()
        )
        assert (row.learning_rate, row.warmup, row.pooling) == best[1:]
        assert row.dev_score == pytest.approx(scores[best].mean())
        assert row.runs == 3


def test_of_equal_scores_the_lower_rate_wins_then_the_shorter_warm_up_then_the_alphabet():
    rows = [
        ("text", 1e-3, 0.0, "first", 100, 0.5),
        ("text", 3e-4, 0.2, "first", 100, 0.5),
        ("text", 3e-4, 0.1, "mean", 100, 0.5),
        ("text", 3e-4, 0.1, "first", 100, 0.5),
        ("text", 1e-4, 0.0, "first", 100, 0.4),
    ]
    for order in (rows, rows[::-1]):
        [row] = settings_choice.choose(sweep_of(order)).itertuples()
        assert (row.learning_rate, row.warmup, row.pooling) == (3e-4, 0.1, "first")
        assert not row.edge


def test_one_lucky_seed_does_not_choose_the_settings():
    rows = [("text", 1e-3, 0.1, "mean", 100, 0.9), ("text", 1e-3, 0.1, "mean", 101, 0.0)]
    rows += [("text", 1e-4, 0.1, "mean", 100, 0.5), ("text", 1e-4, 0.1, "mean", 101, 0.5)]
    chosen = settings_choice.choose(sweep_of(rows))
    assert chosen.learning_rate.tolist() == [1e-4]
    assert chosen.edge.tolist() == [True]  # nothing lower was tried


def test_a_rate_at_which_a_run_diverges_is_chosen_only_where_all_rates_do():
    rows = [
        ("text", rate, 0.1, "mean", seed, score)
        for rate, score in ((1e-3, 0.9), (3e-4, 0.2), (1e-4, 0.1))
        for seed in (100, 101)
    ]
    sweep = sweep_of(rows)
    sweep.loc[1, ["diverged", "dev_score"]] = True, 0.95
    assert settings_choice.choose(sweep).learning_rate.tolist() == [3e-4]
    assert settings_choice.choose(sweep).diverged.tolist() == [0]
    sweep["diverged"] = sweep["learning_rate"] > 1e-4
    sweep.loc[4, ["diverged", "dev_score"]] = True, math.nan  # one of the two of 1e-4 failed
    (row,) = settings_choice.choose(sweep).itertuples()
    assert (row.learning_rate, row.diverged) == (1e-4, 1) and math.isnan(row.dev_score)


def test_chosen_settings_are_a_table_that_an_arm_reads(tmp_path):
    chosen = settings_choice.choose(sweep_of([("text", 3e-4, 0.25, "mean", 1, 0.2)]))
    assert chosen[settings_choice.CHOSEN_FOR].iloc[0].to_dict() == FOR
    json_tsv.write_table(tmp_path / "s.tsv", chosen)
    run = runs.with_settings(
        tmp_path / "s.tsv", task="splice", initialization="text", seed=7, warmup=0.1
    )
    assert run == runs.Run("splice", "text", 7, 3e-4, "mean", 0.25)
