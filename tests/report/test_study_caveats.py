"""Caveats: what verdicts rest on, and what the intervals leave out, in sentences."""

import math
import re

import numpy as np
import pandas as pd
import pytest
from test_claims import NO_PAIRS, NO_PRETRAINING, run_table, similarity_table

import synthetic
from seqtransfer.encoders import adaptations
from seqtransfer.report.caveats import study_caveats
from seqtransfer.report.claims.verdicts import NOT_TESTABLE, NOT_TESTED
from seqtransfer.training import settings_choice


def test_runs_that_failed_or_diverged_and_lost_similarities_are_caveats():
    run = run_table({"text": np.array([0.1, math.nan]), "random": np.array([0.1, 0.2])})
    run = run.assign(adaptation="full", pooling="mean", warmup=0.1)
    run["diverged"] = run["seed"] == 1
    table = similarity_table(text=0.5, random=0.3)
    table.loc[table["left"] == "text", "score"] = math.nan
    spent = {"pretraining_steps": 9, "pretraining_tokens_seen": 99}
    budget = NO_PRETRAINING.assign(pretraining_corpus="genes", **spent)
    notes = "\n".join(study_caveats.of_study(run, table, budget, []))
    assert (
        "2 of 8 runs diverged (random weights in x, seed 1; random weights in y, seed 1)" in notes
    )
    assert "2 of 8 runs have no finite score (text pretraining in x, seed 1; text" in notes
    pair = "text pretraining with domain pretraining"
    assert f"not defined ({pair} in x; {pair} in y)" in notes
    assert "Domain pretraining diverged on x" in notes
    assert "(x 9 steps, 99 tokens of the corpus genes)" in notes
    own = study_caveats.of_study(run, table, budget.assign(pretraining_corpus="x"), [])
    assert "99 tokens of its own training sequences)" in "\n".join(own)


@pytest.mark.parametrize(
    ("plateau", "accuracy", "told", "untold"),
    [
        (None, 0.3, "had a small budget (x 9 steps", "patience"),
        (True, 0.3, "ended when its loss on held-out sequences no longer fell (x", "small"),
        (False, 0.3, "on x took all of its steps before its patience was over", "diverged"),
        (False, math.nan, "pretraining diverged on x", "patience"),
    ],
)
def test_what_ended_a_domain_pretraining_is_told(plateau, accuracy, told, untold):
    run = run_table({"text": np.array([0.1, 0.3]), "random": np.array([0.1, 0.2])})
    run = run.assign(adaptation="full", pooling="mean", warmup=0.1)
    spent = {"pretraining_steps": 9, "pretraining_tokens_seen": 99, "pretraining_corpus": "x"}
    budget = NO_PRETRAINING.assign(**spent, pretraining_masked_accuracy=accuracy)
    budget["pretraining_plateau"] = pd.array([plateau], dtype="boolean")
    notes = [
        note for note in study_caveats.of_study(run, NO_PAIRS, budget, []) if "pretrain" in note
    ]
    assert any(told in note for note in notes)
    assert not any(untold in note for note in notes if "Domain" in note)


def test_test_examples_of_fewer_units_and_records_beside_a_verdict_are_counted_apart():
    run = run_table({"text": np.array([0.1, 0.3]), "random": np.array([0.1, 0.2])})
    run = run.assign(adaptation="full", pooling="mean", warmup=0.1)
    record = {"id": "a", "verdict": "undecided", "headline": True}
    unjudged = [record | {"verdict": verdict} for verdict in (NOT_TESTED, NOT_TESTABLE)]
    records = [record, record | {"headline": False}, *unjudged]
    notes = "\n".join(study_caveats.of_study(run, NO_PAIRS, NO_PRETRAINING, records))
    assert "x, has n = 100. The" in notes
    assert "1 claim (1 more stand beside) is judged." in notes
    notes = study_caveats.of_study(
        run, NO_PAIRS, NO_PRETRAINING.assign(test_units=12), 2 * [record]
    )
    assert "x, has n = 100 in 12 units. The" in notes[2]
    assert "2 claims are read side by side, without" in notes[3]


def test_runs_that_were_best_before_their_first_step_are_named():
    run = run_table({"text": np.array([0.1, 0.3]), "random": np.array([0.1, 0.2])})
    run = run.assign(adaptation="full", pooling="mean", warmup=0.1)
    run.loc[run["seed"] == 0, "best_step"] = 0
    notes = "\n".join(study_caveats.of_study(run, NO_PAIRS, NO_PRETRAINING, []))
    assert "4 of 8 runs were best before their first step" in notes


def test_runs_that_the_budget_stopped_are_named_arm_by_arm():
    run = run_table({"text": np.array([0.1, 0.3]), "random": np.array([0.1, 0.2])})
    run = run.assign(adaptation="full", pooling="mean", warmup=0.1)
    run["plateau"] = (run["initialization"] == "random") | (run["task"] == "y")
    notes = "\n".join(study_caveats.of_study(run, NO_PAIRS, NO_PRETRAINING, []))
    assert "2 of 8 runs were stopped by the budget of 8 steps" in notes
    assert "(text pretraining in x, seeds 0, 1)" in notes
    run["plateau"] = True
    assert "stopped" not in "".join(study_caveats.of_study(run, NO_PAIRS, NO_PRETRAINING, []))


def test_settings_that_differ_between_the_arms_of_a_task_are_named_task_by_task():
    # Over all tasks both arms use {0.1, 0.2}: only within a task do they differ.
    runs = pd.DataFrame(
        [("x", "text", 0.1), ("x", "random", 0.2), ("y", "text", 0.2), ("y", "random", 0.1)],
        columns=["task", "initialization", "learning_rate"],
    ).assign(
        seed=0,
        best_step=1,
        plateau=True,
        test_n=9,
        test_score=0.1,
        metric="mcc",
        pooling="mean",
        patience=1,
        cooldown=0.2,
        steps=8,
        warmup=0.1,
        adaptation="lora",
    )
    runs = runs.assign(diverged=runs["learning_rate"] == 0.2)
    budget = NO_PRETRAINING
    notes = study_caveats.of_study(runs, NO_PAIRS, budget, [])
    assert (
        "Learning rates differ between the arms of a task: x (0.1 for text pretraining, 0.2 for"
        " random weights); y (0.2 for text pretraining, 0.1 for random weights)."
    ) in notes
    assert any(note.startswith("Warm-ups and poolings are the same in all arms") for note in notes)
    notes = study_caveats.of_study(runs.assign(pooling="none"), NO_PAIRS, budget, [])
    assert any(note.startswith("Warm-ups are the same in all arms") for note in notes)
    assert "of the encoder, low-rank additions to its query and value proj" in notes[0]
    assert "2 of 4 runs diverged (random weights in x, seed 0; text pretraining" in "".join(notes)


def test_a_long_list_of_runs_is_counted_by_arm():
    """Runs that the budget stopped: two seeds of two arms in as many tasks."""
    for tasks, long in ((3, False), (16, True)):
        runs = pd.DataFrame(
            {"task": f"t{task}", "initialization": arm, "seed": seed, "plateau": False}
            | {"diverged": False, "test_score": 0.1, "steps": 8, "patience": 1, "cooldown": 0.2}
            for task in range(tasks)
            for arm in ("text", "random")
            for seed in (0, 1)
        )
        [note] = study_caveats._runs_cut_short(runs)
        counted = "(text pretraining 32 in 16 tasks; random weights 32 in 16 tasks; the table"
        assert (counted in note) == long and ("t0" in note) != long
        assert len(note) < 400


@pytest.mark.parametrize("settings", [{"cooldown": 1.0, "patience": 2}, {"patience": 4}])
def test_runs_that_take_all_steps_by_the_settings_were_not_stopped_by_their_budget(settings):
    """A cooldown of 1 ends no run, nor does a patience that begins to count at half of them."""
    run = run_table({"text": np.array([0.1, 0.3]), "random": np.array([0.1, 0.2])})
    [note] = study_caveats._runs_cut_short(run.assign(**settings))
    assert note == "By the study's settings every run takes all 8 steps: more might raise scores."
    [note] = study_caveats._runs_cut_short(run.assign(patience=3))
    assert note.startswith("8 of 8 runs were stopped by the budget of 8 steps before their")
    one = run.assign(plateau=run.index != 0)
    assert "1 of 8 runs was stopped by" in next(study_caveats._runs_cut_short(one))


def test_a_setting_that_many_arms_share_is_said_once():
    row = pd.Series({"text": 0.1, "random": 0.3, "first-1": 0.1, "shuffled": 0.1, "domain": None})
    assert study_caveats._by_value(row) == "0.3 for random weights, 0.1 for the others"


@pytest.mark.parametrize("mode", [name.replace("<layers>", "2") for name in adaptations.MODES])
def test_every_adaptation_is_said_in_words(mode):
    row = {"task": "x", "initialization": "text", "learning_rate": 0.1, "seed": 0, "test_n": 9}
    row |= {"test_score": 0.1, "best_step": 1, "plateau": True, "patience": 1, "cooldown": 0.2}
    row |= {"steps": 8}
    row |= {"metric": "mcc", "pooling": "mean", "warmup": 0.1, "diverged": False}
    budget = NO_PRETRAINING
    runs = pd.DataFrame([row | {"adaptation": mode}])
    assert f"({mode})." in study_caveats.of_study(runs, NO_PAIRS, budget, [])[0]


@pytest.fixture
def runs():
    keys = synthetic.SETTINGS[["task", "initialization"]]
    return keys.assign(seed=0, pooling="mean", **synthetic.CHOSEN_FOR)


def test_settings_swept_at_the_studys_budget_inside_the_grid_need_no_caveat(runs):
    assert study_caveats.of_settings(runs, synthetic.SETTINGS) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"batch_size": 16},
            "16 of 16 pairs of task and arm .* with at most 512 steps of 16 examples.* not with",
        ),
        ({"patience": 64}, "a patience of 64 and a cooldown of 1.0, not with .* patience of 512"),
        ({"encoder": "mpnet"}, "with 3 layers of mpnet, not with 3 layers of minilm-l6"),
        ({"max_tokens": 30}, "1600 training sequences of at most 30 tokens, not with"),
        ({"adaptation": "bias"}, "with adaptation bias, not with adaptation full"),
        ({"runs": 1}, "of 16 pairs of task and arm rest on one sweep run"),
        ({"edge": True}, r"lowest or highest candidate for sentiment \(text pretraining"),
    ],
)
def test_what_speaks_against_the_chosen_settings_is_said(runs, change, words):
    [line] = study_caveats.of_settings(runs, synthetic.SETTINGS.assign(**change))
    assert re.search(words, line)


def test_what_settings_are_chosen_for_is_what_the_sweep_records():
    named = [name for names in study_caveats.CHOSEN_FOR for name in names]
    assert named == settings_choice.CHOSEN_FOR


def test_settings_swept_by_other_code_are_called_so(runs):
    codes = dict.fromkeys(synthetic.ARMS, "0123abcd")
    assert study_caveats.of_settings(runs, synthetic.SETTINGS, codes) == []
    [line] = study_caveats.of_settings(runs, synthetic.SETTINGS, codes | {"random": "another"})
    assert "another state of the training code" in line


def test_settings_written_by_hand_are_called_so(runs):
    columns = ["task", "initialization", "learning_rate", "pooling"]
    [line] = study_caveats.of_settings(runs, synthetic.SETTINGS[columns])
    assert "does not say how" in line
