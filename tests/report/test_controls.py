"""A study with controls shows them as controls; one without them is as it was."""

import numpy as np
import pandas as pd
import pytest

import synthetic
from seqtransfer.files import json_tsv
from seqtransfer.report import names, register
from seqtransfer.report.claims.arm_estimates import of_difference
from seqtransfer.report.claims.estimates import with_few_seeds
from seqtransfer.report.figures import panels, run_figures, style
from seqtransfer.report.tables import main_table, run_tables, without_encoder
from seqtransfer.report.tables.results import Results

CONTROLS, SEEDS = ("cnn", "bag-of-embeddings"), (0, 1, 2)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A made-up study whose controls' runs are those of random weights, by another name."""
    paths = synthetic.write_study(
        tmp_path_factory.mktemp("controls"), tasks=("splice", "composer"), seeds=SEEDS
    )
    random = [path for path in paths["metrics"] if path.parts[-3] == "random"]
    for name in CONTROLS:
        for path in random:
            copy = path.parents[2] / name / path.parts[-2] / "metrics.json"
            json_tsv.write_json(copy, json_tsv.read_json(path) | {"initialization": name})
            paths["controls"].append(copy)
    for path in paths["left_out"]:
        table = json_tsv.read_table(path)
        copies = table[table["initialization"] == "random"]
        named = [copies.assign(initialization=name) for name in CONTROLS]
        json_tsv.write_table(path, pd.concat([table, *named]))
    return Results(paths, "domain")


def against_controls(results, control_runs):
    """The rows of the table `without_encoder` that are of controls."""
    tables = results.scores, results.left_out, results.baselines_left_out
    table = without_encoder.differences(results.runs, control_runs, *tables)
    return table[table["kind"] == "control"]


def test_scores_have_controls_with_seeds_and_interval_and_are_else_unchanged(results):
    table = results.scores
    control = table[table["kind"] == "control"]
    assert set(control["initialization"]) == set(CONTROLS) and set(control["seeds"]) == {len(SEEDS)}
    assert control["low"].notna().any()

    def of(name):
        rows = table[table["initialization"] == name]
        return rows.drop(columns=["initialization", "kind"]).reset_index(drop=True)

    for name in CONTROLS:
        pd.testing.assert_frame_equal(of(name), of("random"))
    without = run_tables.scores(
        results.metrics, [r for f in results.records("baselines") for r in f]
    )
    rest = table[table["kind"] != "control"].reset_index(drop=True)
    pd.testing.assert_frame_equal(rest, without)


def test_an_arm_is_compared_with_a_control_over_seeds_and_test_examples(results):
    table = against_controls(results, results.control_runs)
    assert len(table) == 2 * len(synthetic.ARMS) * len(CONTROLS)
    assert list(dict.fromkeys(table["task"])) == ["splice", "composer"]
    for row in table.itertuples():
        if row.initialization == "random":  # the very same runs: no chance, no interval
            assert row.mean == 0 and np.isnan(row.low)
            continue
        arms = results.runs, "test_score", row.initialization, "random"
        one = with_few_seeds(of_difference(*arms, results.left_out))[row.task]
        assert (row.mean, row.low, row.high) == pytest.approx((one.mean, *one.interval(0.95)))
        assert one.error >= with_few_seeds(of_difference(*arms))[row.task].error  # of seeds alone


def test_a_control_without_a_score_has_no_difference(results):
    lost = results.control_runs.copy()
    lost.loc[(lost["initialization"] == "cnn") & (lost["seed"] == 1), "test_score"] = np.nan
    table = against_controls(results, lost).set_index("against")
    assert table.loc["cnn", ["mean", "low", "high"]].isna().all(axis=None)
    assert set(table.loc["cnn", "seeds"]) == {2}
    assert table.loc["bag-of-embeddings", "mean"].notna().all()


def test_only_studies_with_controls_have_their_runs_and_every_column_is_described(results):
    found = register.tables_of({**synthetic.CONFIG, "controls": list(CONTROLS)})
    assert set(found) - set(register.tables_of(synthetic.CONFIG)) == {"control_runs"}
    functions = register.table_functions()
    for name in ("control_runs", "without_encoder"):
        described = {column for column in register.TABLES[name].columns if "<" not in column}
        assert described <= set(functions[name](results)), name


def test_the_sweep_of_controls_stands_in_the_sensitivity(results):
    assert list(results.trained["initialization"].unique()) == [*synthetic.ARMS, *CONTROLS]


def test_the_main_table_has_controls_between_arms_and_baselines_never_in_bold(results):
    lost = results.scores.copy()
    lost.loc[lost["kind"] == "control", "mean"] = 2.0
    table = main_table.table(lost)
    assert not table.loc[table["kind"] == "control", "best"].any()
    read = main_table.wide(table).iloc[:, 0].tolist()
    arms = len(synthetic.ARMS)
    assert read[: arms + 2] == [names.arm(name) for name in (*synthetic.ARMS, *CONTROLS)]
    assert "n-gram regression" in read[arms + 2 :]


def test_the_figure_of_scores_has_controls_in_grey_below_the_arms_without_their_runs(results):
    frames = {name: getattr(results, name) for name in ("scores", "runs", "budget")}
    figure = run_figures.scores(frames, [])
    arms, controls = style.ordered(synthetic.ARMS), ["bag-of-embeddings", "cnn"]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == panels.arm_labels([*arms, *controls])
    for axis, task in zip(figure.axes, ("splice", "composer"), strict=True):
        for place, name in enumerate(controls, start=len(arms)):
            [mark] = [line for line in axis.lines if list(line.get_ydata()) == [place]]
            rows = results.scores.set_index(["initialization", "task", "split"])
            [mean] = rows.loc[rows["headline"], "mean"].loc[[(name, task, "test")]]
            assert mark.get_xdata()[0] == mean and mark.get_color() == style.CONTROL
        borders = [line for line in axis.lines if set(line.get_ydata()) == {len(arms) - 0.5}]
        assert len(borders) == 1
    chosen = style.colours([*arms, *CONTROLS])
    assert style.colours(arms) == {arm: chosen[arm] for arm in arms}


def test_a_control_far_from_all_arms_is_pointed_to_and_does_not_squeeze_them(results):
    frames = {name: getattr(results, name) for name in ("scores", "runs", "budget")}
    near = run_figures.scores(frames, []).axes[0]
    scores = frames["scores"].copy()
    far = (scores["initialization"] == "cnn") & (scores["task"] == "splice")
    scores.loc[far, ["mean", "low", "high"]] = -0.9, -0.95, -0.85
    axis = run_figures.scores(frames | {"scores": scores}, []).axes[0]
    assert [text.get_text() for text in near.texts] == []
    assert [text.get_text() for text in axis.texts] == ["\N{LEFTWARDS ARROW} -0.90"]
    assert axis.texts[0].xy[1] == len(synthetic.ARMS) + 1
    runs = frames["runs"].query("task == 'splice'")["test_score"]
    low, high = axis.get_xlim()
    assert -0.9 < low < runs.min() and runs.max() < high
