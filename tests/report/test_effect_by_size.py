"""Effects against the size of encoders: the size, the mean of shared tasks, what else differs."""

import copy
import dataclasses
import math

import matplotlib
import numpy as np
import pandas as pd
import pytest
from test_claims import NO_PAIRS, run_table
from test_legibility import check
from transformers import AutoModel, BertConfig, MPNetConfig

import effect_by_size as script
from seqtransfer.files import json_tsv
from seqtransfer.report.claims import ledger
from seqtransfer.report.figures import size_figures, style
from seqtransfer.report.studies import effect_by_size, finished_studies
from seqtransfer.report.studies.effect_by_size import MEAN
from seqtransfer.report.studies.finished_studies import Study
from seqtransfer.report.tables import table_files

ALONE = {"layers": 6, "width": 100, "parameters": 10**6}
GAIN = np.array([0.10, 0.14, 0.05, 0.11])


def study(
    name: str,
    layers: int,
    tasks=("x", "y"),
    gain=GAIN,
    encoder="mine",
    shape=ALONE,
    seeds=4,
    **finetune,
) -> Study:
    """A study of some of the tasks v to z; text is ahead by `gain`, one number a seed."""
    run = run_table({"text": 0.5 + gain * (1 + 0.1 * layers), "random": np.full(4, 0.5)})
    run.loc[run["task"] == "y", "test_score"] += 0.1 * run["seed"] ** 2
    run = run[run["task"].isin(tasks) & (run["seed"] < seeds)]
    configuration = {
        "study": name, "tasks": list(tasks), "encoder": {"name": encoder, "layers": layers},
        "examples": {"train": 1600}, "max_length": dict.fromkeys(tasks, 64),
        "finetune": {"steps": 64} | finetune,
        "catalogue": {
            "encoders": {encoder: {"shape": shape} if shape else {}},
            "tasks": {task: {"title": f"{task} of {name}", "source": task} for task in tasks},
        },
    }  # fmt: skip
    record = dict.fromkeys(finished_studies.OF_RECORD)
    record |= {"configuration": configuration, "splits": dict.fromkeys(tasks, "0123456789")}
    return Study(name, record, {"claims": ledger.judge(run, run, NO_PAIRS)}, run, pd.DataFrame())


@pytest.fixture
def studies():
    return [study("six", 6, steps=32), study("two", 2), study("one", 1)]


def rows_of(studies, catalogue=()):
    return effect_by_size.table(studies, dict(catalogue))


@pytest.mark.parametrize("config", [BertConfig, MPNetConfig])
def test_the_size_is_the_number_of_weights_in_the_matrices_of_the_layers(config):
    shape = {"hidden_size": 32, "intermediate_size": 128, "num_attention_heads": 2}
    model = AutoModel.from_config(config(num_hidden_layers=3, vocab_size=50, **shape))
    counted = sum(one.numel() for one in model.encoder.layer.parameters() if one.dim() == 2)
    known = effect_by_size.encoder(study("three", 3, shape=ALONE | {"width": 32}), {})
    assert known["parameters"] == counted and known["width"] == 32


@pytest.mark.parametrize("seeds", [2, 3, 4])
def test_the_mean_of_all_tasks_is_the_one_that_the_study_judges(seeds):
    """Also where tasks of few seeds have the spread of all."""
    studies = [study("six", 6, seeds=seeds), study("two", 2, seeds=seeds)]
    found = rows_of(studies)
    for one in studies:
        row = found[(found["study"] == one.name) & (found["task"] == MEAN)].iloc[0]
        known = one.claims["b"]["overall"]
        assert row[["effect", "low", "high"]].tolist() == pytest.approx(
            [known["mean"], known["low"], known["high"]]
        )


def test_rows_go_from_the_smallest_encoder_to_the_largest_with_the_effects_of_the_ledger(studies):
    found = rows_of(studies)
    assert list(found) == effect_by_size.COLUMNS
    assert found["study"].tolist() == ["one"] * 3 + ["two"] * 3 + ["six"] * 3
    assert found["task"].tolist() == ["x", "y", MEAN] * 3
    assert set(found["seeds"]) == {4} and set(found["unit"]) == {"MCC"}
    row = found[(found["study"] == "six") & (found["task"] == "x")].iloc[0]
    assert row["effect"] == pytest.approx(1.6 * GAIN.mean())
    known = studies[0].claims["b"]["effects"][0]
    assert (row["low"], row["high"]) == (known["low"], known["high"])


def test_a_task_that_an_encoder_lacks_is_shown_but_not_in_the_mean(studies):
    found = rows_of([*studies[:2], study("one", 1, tasks=["y"])])
    assert found["task"].tolist() == ["y", "x", "y", "x", "y"]  # of one task there is no mean


def test_studies_of_one_encoder_add_up_their_tasks():
    parts = [study("two-x", 2, ["x"]), study("two-y", 2, ["y"]), study("six", 6)]
    found = rows_of(parts).set_index("study")
    assert found.loc["two-x, two-y", "task"] == MEAN
    whole = rows_of([study("two", 2), study("six", 6)]).set_index(["layers", "task"])
    row = found.loc["two-x, two-y", ["effect", "low", "high"]]
    assert row.tolist() == whole.loc[(2, MEAN), ["effect", "low", "high"]].tolist()


def test_tasks_of_the_same_examples_share_their_chance_as_in_the_studys_own_mean():
    studies = []
    for layers in (1, 6):
        one = study(f"of-{layers}", layers)
        runs = one.runs[["task", "initialization", "seed"]].merge(
            pd.DataFrame({"group": range(20)}), how="cross"
        )
        runs["score"] = np.random.default_rng(layers).normal(0.5, 0.02, len(runs))
        judged = [
            ledger.judge(one.runs, one.runs, NO_PAIRS, left_out=runs.assign(examples=examples))
            for examples in (runs["task"], "shared")
        ]
        studies.append([dataclasses.replace(one, ledger={"claims": found}) for found in judged])
        kept = copy.deepcopy(one.record)
        for task in kept["configuration"]["catalogue"]["tasks"].values():
            task["source"] = "shared"
        studies[-1][1] = dataclasses.replace(studies[-1][1], record=kept)
    apart, shared = (rows_of(list(each)) for each in zip(*studies, strict=True))
    for found, each in ((apart, 0), (shared, 1)):
        for pair in studies:
            known = pair[each].claims["b"]["overall"]
            row = found[(found["study"] == pair[0].name) & (found["task"] == MEAN)].iloc[0]
            assert (row["low"], row["high"]) == pytest.approx((known["low"], known["high"]))
    widths = [found["high"] - found["low"] for found in (apart, shared)]
    assert (widths[1] > 1.05 * widths[0])[apart["task"] == MEAN].all()


def test_a_missing_number_stays_missing_and_so_does_the_mean_over_it(studies):
    lacking = study("one", 1, gain=np.array([0.1, math.nan, 0.1, 0.1]))
    found = rows_of([*studies[:2], lacking]).set_index(["study", "task"])
    assert found.loc["one", ["effect", "low", "high"]].isna().all(axis=None)
    assert found.loc["six", ["effect", "low", "high"]].notna().all(axis=None)


def test_a_ledger_of_older_code_is_refused_with_what_to_do(studies):
    del studies[0].claims["b"]["effects"][1]["alone"]
    with pytest.raises(ValueError, match=r"^six: .*older code, without 'alone'; run the study's"):
        rows_of(studies)
    shared = [studies[0], study("one", 1, ["x"])]  # of one task there is no mean to ask it for
    assert len(rows_of(shared)) == 3


def test_what_cannot_be_drawn_is_refused_by_name(studies):
    for wrong, said in (
        ([studies[1], study("again", 2)], r"all studies have the encoder mine \(2 x 100\)"),
        ([*studies, study("again", 2, ["y"])], "two and again have y with the same encoder"),
        (
            [study("two", 2, ["x"]), study("one", 1, ["y"])],
            r"every encoder \(mine \(1 x 100\): y; mine \(2 x 100\): x\)",
        ),
        ([*studies, study("bare", 3, shape=None)], r"bare: the width of its encoder mine is not"),
        (
            [*studies, dataclasses.replace(study("b", 3), ledger={"claims": []})],
            r"b does not test claim \(b\)",
        ),
    ):
        with pytest.raises(ValueError, match=said):
            rows_of(wrong)


def test_a_shape_that_a_study_does_not_record_is_that_of_the_catalogue(studies):
    bare = study("three", 3, shape=None)
    found = rows_of([*studies, bare], {"mine": {"shape": ALONE | {"width": 200}}})
    assert found.set_index("study").loc["three", "width"].tolist() == [200] * 3
    assert found.set_index("study").loc["six", "width"].tolist() == [100] * 3


def test_settings_that_differ_are_listed_with_the_studies_that_have_them(studies):
    other = study("other", 3, ["y"], patience=8)
    other.record["splits"]["y"] = "abcdefghij"
    other.record["configuration"]["max_length"]["x"] = 8  # of a task that it does not have
    every = [*studies, other]
    differing = effect_by_size.differing(every)
    assert set(differing) == {"finetune.steps", "finetune.patience", "split.y"}
    text = effect_by_size.caption(rows_of(every), differing)
    assert "finetune.steps: 32 (six), 64 (two, one, other)" in text
    assert "finetune.patience: absent (six, two, one), 8 (other)" in text
    assert "split.y: 01234567 (six, two, one), abcdefgh (other)" in text
    same = [study("two", 2), study("one", 1)]
    assert effect_by_size.differing(same) == {}
    assert "have the same settings" in effect_by_size.caption(rows_of(same), {})


def test_a_task_of_one_encoder_alone_has_no_setting_to_compare():
    parts = [study("two", 2, ["x"]), study("two-y", 2, ["y"]), study("one", 1, ["x"])]
    parts[1].record["configuration"]["max_length"]["y"] = 8
    assert effect_by_size.differing(parts) == {}


def test_things_are_moved_apart_as_little_as_possible():
    assert size_figures.apart([0.0, 5.0], [1.0]).tolist() == [0.0, 5.0]
    np.testing.assert_allclose(size_figures.apart([2.0, 2.0], [1.0]), [1.5, 2.5])
    np.testing.assert_allclose(size_figures.apart([0, 0, 9], [2, 3]), [-1, 1, 9])


def test_the_figure_shows_every_effect_with_its_interval_at_its_encoder(studies):
    found = rows_of([*studies, study("same", 2, encoder="other")])
    drawn = size_figures.effect_by_size(found, ())
    (axis,) = drawn.axes
    lines = [line for line in axis.get_lines() if len(line.get_xdata()) == 4]
    for task, line, bars in zip(("x", "y", MEAN), lines, axis.collections, strict=True):
        rows = found[found["task"] == task]
        assert line.get_ydata().tolist() == rows["effect"].tolist()
        np.testing.assert_allclose(line.get_xdata(), rows["parameters"], rtol=0.1)
        assert len(set(line.get_xdata())) == 4
        ends = np.array([segment[:, 1] for segment in bars.get_segments()])
        np.testing.assert_allclose(ends, rows[["low", "high"]])
    texts = {text.get_text() for text in axis.texts}
    assert texts == {"x", "y", MEAN, *(f"mine\n{n} x 100" for n in (1, 2, 6)), "other\n2 x 100"}


def test_tasks_look_alike_in_figures_of_the_same_tasks_and_one_of_a_single_size_is_hollow():
    orders = [
        [study("six", 6, ["x", "y"]), study("one", 1, ["y"])],
        [study("one", 1, ["y", "x"]), study("six", 6, ["y"])],
    ]
    seen = []
    for studies in orders:
        drawn = size_figures.effect_by_size(rows_of(studies), ())
        (axis,) = drawn.axes
        texts = {text.get_text() for text in axis.texts}
        assert {"y", "x (one size)"} < texts
        dots = [line for line in axis.get_lines() if str(line.get_gid()).startswith(style.TOLD)]
        looks = {
            (str(dot.get_gid())[len(style.TOLD)], dot.get_color(), dot.get_marker()) for dot in dots
        }
        seen.append(looks)
        for dot in dots:
            alone = str(dot.get_gid())[len(style.TOLD)] == "x"
            assert dot.get_markerfacecolor() == ("white" if alone else dot.get_color())
        assert "hollow" in effect_by_size.caption(rows_of(studies), {})
    assert seen[0] == seen[1] and len(seen[0]) == 2


@pytest.mark.parametrize("width", style.WIDTHS)
@pytest.mark.parametrize("more", range(5))
def test_no_text_of_the_figure_lies_over_another_with_three_to_seven_encoders(studies, more, width):
    near = [study(f"near-{n}", 2 + n, encoder=f"encoder-{n}", steps=n) for n in range(more)]
    found = rows_of([*studies, *near])
    with matplotlib.rc_context(style.preset(width)):
        check(size_figures.effect_by_size(found, effect_by_size.differing(near)))


def test_the_script_writes_the_table_the_figure_and_the_caption(studies, tmp_path, capsys):
    folders = []
    for one in studies:
        folder = tmp_path / one.name
        json_tsv.write_json(folder / "report/claims.json", one.ledger)
        json_tsv.write_json(folder / "report/study.json", one.record)
        (folder / "report/tables").mkdir()
        for name in ("runs", "scores"):
            table_files.write(folder / f"report/tables/{name}.csv", one.runs)
        folders.append(folder)
    script.main(studies=folders, output=tmp_path / "sizes", title="At rates of their own")
    written = table_files.read(tmp_path / "sizes.csv")
    pd.testing.assert_frame_equal(written, rows_of(studies), rtol=1e-5, check_dtype=False)
    text = (tmp_path / "sizes.md").read_text()
    assert capsys.readouterr().out == text and "\n\n| study | encoder |" in text
    assert "<title>At rates of their own</title>" in (tmp_path / "sizes.svg").read_text()
    for name in ("sizes.md", "sizes.svg"):
        assert "finetune.steps: 32 (six), 64 (two, one)" in (tmp_path / name).read_text()
