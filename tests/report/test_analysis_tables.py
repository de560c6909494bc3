"""Means over seeds of the analyses, and the association of arms with gain and speed."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from seqtransfer.report.tables import analysis_tables
from seqtransfer.report.tables.analysis_tables import HEADLINES, VALUES

TASKS, ARMS, SEEDS = ("a", "b"), ("random", "text", "domain", "shuffled"), (0, 1, 2)


def study(value):
    """Results in which `value(task, arm, seed)` is the state change, runs of twice that score, and
    learning curves of minus that height."""
    keys = [(task, arm, seed) for task in TASKS for arm in ARMS for seed in SEEDS]
    values = pd.DataFrame(
        {"task": task, "initialization": arm, "seed": seed, "stage": stage, "code": "0"}
        | {"step": None}
        | {"analysis": "perturbation", "quantity": "state_change", "size": size, "part": "all"}
        | {"layer": None, "reference": 3 * size, "n": 40 + TASKS.index(task)}
        | {"value": value(task, arm, seed) if (stage, size) == ("before", 0.01) else 99.0}
        for task, arm, seed in keys
        for stage in ("before", "after")
        for size in (0.001, 0.01)
    )[list(VALUES)]
    runs = pd.DataFrame(keys, columns=["task", "initialization", "seed"])
    known = [value(*key) for key in keys]
    return (
        values,
        runs.assign(test_score=[2 * x for x in known]),
        runs.assign(relative=[-x for x in known]),
    )


def noisy(task, arm, seed):
    return 10 * TASKS.index(task) + ARMS.index(arm) ** 2 + 0.1 * seed


def test_a_row_is_the_mean_over_seeds_with_its_t_interval_and_reference():
    values, *_ = study(noisy)
    table = analysis_tables.table(values, "perturbation", ["size"])
    assert len(table) == len(TASKS) * len(ARMS) * 2 * 2
    (row,) = table[
        (table["task"] == "b") & (table["initialization"] == "domain")
        & (table["stage"] == "before") & (table["size"] == 0.01)
    ].itertuples()  # fmt: skip
    three = [noisy("b", "domain", seed) for seed in SEEDS]
    low, high = stats.t.interval(0.95, 2, np.mean(three), stats.sem(three))
    assert (row.mean, row.low, row.high, row.seeds) == pytest.approx((np.mean(three), low, high, 3))
    assert row.reference == pytest.approx(0.03)
    assert table.groupby("task")["sequences"].unique().map(list).to_dict() == {"a": [40], "b": [41]}


def test_a_step_along_fine_tuning_is_a_row_of_the_seeds_that_took_it():
    values, *_ = study(noisy)
    steps = {"before": 0, "after": None}
    values = values.assign(
        analysis="gradient_confusion", step=values["stage"].map(steps).astype("Int64")
    )
    late = values[values["stage"] == "before"].assign(stage="during", step=64)
    late = late[late["seed"] < 2]
    every = pd.concat([values, late.astype({"step": "Int64"})], ignore_index=True)
    table = analysis_tables.table(every, "gradient_confusion", ["step", "size"])
    assert set(table[["stage", "seeds"]].itertuples(index=False, name=None)) == {
        ("before", 3), ("during", 2), ("after", 3),
    }  # fmt: skip
    assert table[table["stage"] == "after"]["step"].isna().all()
    assert (table[table["stage"] == "during"]["step"] == 64).all()
    assert set(table["batches"]) == {40, 41} and "sequences" not in table


def test_an_analysis_that_was_not_made_has_no_rows():
    values, *_ = study(noisy)
    assert analysis_tables.table(values, "isometry", ["layer"]).empty
    empty = pd.DataFrame(columns=list(VALUES))
    assert analysis_tables.table(empty, "lipschitz", ["layer", "part"]).empty
    assert analysis_tables.association(analysis_tables.points(empty, *study(noisy)[1:])).empty


def test_the_summary_has_means_and_paired_differences_before_and_after():
    def uneven(task, arm, seed):
        return noisy(task, arm, seed) + 0.3 * ARMS.index(arm) * seed**2

    values, *_ = study(uneven)
    table = analysis_tables.summary(values)
    assert len(table) == len(TASKS) * len(ARMS) * 2
    rows = table.set_index(["stage", "task", "initialization"])
    row = rows.loc[("before", "b", "domain")]
    own = np.array([uneven("b", "domain", seed) for seed in SEEDS])
    apart = own - [uneven("b", "random", seed) for seed in SEEDS]
    for found, name in (
        (own, "mean low high"),
        (apart, "difference difference_low difference_high"),
    ):
        expected = np.mean(found), *stats.t.interval(0.95, 2, np.mean(found), stats.sem(found))
        assert row[name.split()].tolist() == pytest.approx(expected)
    assert (row["reference"], row["sequences"], row["seeds"]) == (pytest.approx(0.03), 41, 3)
    assert rows.loc[("after", "a", "text"), ["mean", "difference"]].tolist() == [99, 0]
    random = table[table["initialization"] == "random"]
    assert random[["difference", "difference_low", "difference_high"]].isna().all(axis=None)
    alone = analysis_tables.summary(values[values["initialization"] != "random"])
    assert alone["difference"].isna().all() and alone["mean"].notna().all()


def test_the_summary_is_read_as_a_row_for_each_arm_and_a_column_for_each_analysis():
    values, *_ = study(noisy)
    gains = values.assign(analysis="lipschitz", quantity="gain", part="attention", value=0.00125)
    without = gains[gains["initialization"] != "domain"]
    table = analysis_tables.summary(pd.concat([values, without], ignore_index=True))
    read = analysis_tables.wide(table)
    assert list(read) == [
        "task", "stage", "initialization", "change of state by 1 % noise", "LayerNorm gain",
    ]  # fmt: skip
    places = read[["task", "stage", "initialization"]].itertuples(index=False, name=None)
    stages = ("before", "after")
    assert list(places) == [(t, stage, arm) for t in TASKS for stage in stages for arm in ARMS]
    assert read.iloc[1, 3:].tolist() == ["1.100 [0.852, 1.348]", "0.00125"]
    assert read.iloc[2, 3] == "4.100 [3.852, 4.348]" and pd.isna(read.iloc[2, 4])
    assert analysis_tables.wide(analysis_tables.summary(values[:0])).empty


def test_points_are_differences_from_random_at_the_same_seed():
    points = analysis_tables.points(*study(noisy))
    assert len(points) == len(TASKS) * (len(ARMS) - 1) * len(SEEDS)
    assert set(points["quantity"]) == {"change of state by 1 % noise"}
    assert points["gain"].to_numpy() == pytest.approx(2 * points["value"].to_numpy())
    assert points["speed"].to_numpy() == pytest.approx(-points["value"].to_numpy())
    keys = points.set_index(["task", "initialization", "seed"])
    (row,) = keys.loc[[("b", "domain", 1)], "value"]
    assert row == pytest.approx(4)
    assert (points["sequences"] == points["task"].map({"a": 40, "b": 41})).all()
    assert points["batches"].isna().all()


def associated(points: pd.DataFrame) -> pd.DataFrame:
    """The rows within tasks, by outcome."""
    table = analysis_tables.association(points)
    return table[table["scope"] == "within"].set_index("outcome")


def test_a_perfect_association_has_rho_one_and_the_least_p_of_its_permutations():
    table = associated(analysis_tables.points(*study(noisy)))
    assert table["rho"].to_dict() == pytest.approx({"gain": 1, "speed": -1})
    assert set(table["arms"]) == {3} and set(table["tasks"]) == {2}
    assert set(table["permutations"]) == {6}
    # Arms lie at 1, 4 and 9 in both tasks: their order and its reverse are as extreme as can be.
    assert table["p_value"].to_dict() == pytest.approx({"gain": 1 / 3, "speed": 1 / 3})


def test_differences_between_tasks_are_no_association_of_arms():
    """Within tasks all arms are alike, whatever the level of the task."""
    points = analysis_tables.points(*study(lambda task, arm, seed: 0.0))
    levels = points["task"].map({"a": 0.0, "b": 5.0})
    assert associated(points.assign(value=levels, gain=levels, speed=levels))["rho"].isna().all()


def test_a_single_arm_beside_random_has_no_association():
    points = analysis_tables.points(*study(noisy))
    table = associated(points[points["initialization"] == "text"])
    assert table["rho"].isna().all() and set(table["arms"]) == set(table["permutations"]) == {1}


def test_an_arm_without_a_number_is_left_out_and_counted():
    values, runs, convergence = study(noisy)
    lost = (runs["task"] == "a") & (runs["initialization"] == "text") & (runs["seed"] == 1)
    runs.loc[lost, "test_score"] = np.nan
    table = associated(analysis_tables.points(values, runs, convergence))
    assert table["arms"].to_dict() == {"gain": 2, "speed": 3}


def test_every_headline_names_what_an_analysis_gives():
    for by in HEADLINES.values():
        assert set(by) <= {"quantity", "layer", "part", "size"} and len(by["quantity"]) == 1
