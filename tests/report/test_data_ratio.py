"""Curves of known laws give these laws back; bounds stay bounds, and nothing unlike is joined."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import data_ratio as script
from seqtransfer.files import json_tsv
from seqtransfer.report.figures import ratio_figures, style
from seqtransfer.report.register import ratio
from seqtransfer.report.studies import data_ratio
from seqtransfer.report.tables import table_files

FACTS = {"metric": "mcc", "test_n": 300, "encoder": "mini", "layers": 2, "adaptation": "full"}
FACTS |= {"batch_size": 16, "steps": 1024, "patience": 128, "cooldown": 0.2}


def studies_of(scores, sizes, seeds=1):
    """Study -> runs, one study a size; scores: arm -> function of n and seed."""
    return {
        f"ratio-{n}": pd.DataFrame(
            {"task": "x", "initialization": arm, "seed": seed, "train_n": n}
            | {"test_score": score(n, seed), **FACTS}
            for arm, score in scores.items()
            for seed in range(seeds)
        )
        for n in sizes
    }


def runs_of(scores, sizes, seeds=1):
    return data_ratio.gather(studies_of(scores, sizes, seeds))


def test_an_exact_power_law_is_found_whatever_the_seeds_scales():
    scales = [0.5, 0.8, 1.3]
    run = runs_of({"text": lambda n, s: 1 - scales[s] * n**-0.3}, (100, 400, 1600), seeds=3)
    [law] = data_ratio.power_laws(run).to_dict("records")
    assert law["exponent"] == pytest.approx(0.3) and math.isnan(law["exponent_low"])
    assert law["reading"] == "not tested: equal seeds show no spread"
    assert law["scale"] == pytest.approx(stats.gmean(scales))
    assert law["curvature"] == pytest.approx(0, abs=1e-12)
    assert (law["sizes"], law["seeds"]) == (3, 3)


def test_the_interval_of_the_exponent_covers_the_truth_as_often_as_it_says():
    rng, sizes, studies = np.random.default_rng(0), np.array([64, 256, 1024]), 400
    errors = sizes**-0.25 * np.exp(rng.normal(0, 0.1, (studies, 4, 3)))
    study, seed, place = (index.ravel() for index in np.indices(errors.shape))
    run = {"task": study, "initialization": "text", "seed": seed, "n": sizes[place]}
    laws = data_ratio.power_laws(pd.DataFrame(run | {"test_score": 1 - errors.ravel()}))
    covered = (laws["exponent_low"] <= 0.25) & (0.25 <= laws["exponent_high"])
    refused = laws["reading"] == "a power law does not fit these subsets"
    error = 4 * math.sqrt(0.95 * 0.05 / studies)
    assert covered.mean() == pytest.approx(0.95, abs=error)
    assert refused.mean() == pytest.approx(0.05, abs=error)


def test_an_error_that_stays_however_many_examples_bends_the_law():
    rng = np.random.default_rng(1)
    run = runs_of(
        {"text": lambda n, s: 1 - (0.3 + 3 / n) * (1 + rng.normal(0, 0.002))},
        (25, 100, 400),
        seeds=4,
    )
    [law] = data_ratio.power_laws(run).to_dict("records")
    assert law["curvature_low"] > 0 and law["reading"] == "a power law does not fit these subsets"


@pytest.mark.parametrize(
    ("score", "sizes", "seeds", "reading"),
    [
        (lambda n, s: 1 - n**-0.5, (10, 100), 3, "not tested: any law goes through two sizes"),
        (lambda n, s: 1 - n**-0.5, (10, 100, 1000), 1, "not tested: one seed shows no spread"),
        (lambda n, s: 1.0, (10, 100, 1000), 3, "no law: a run has no score, or a perfect one"),
        (lambda n, s: math.nan if s else 0.5, (10, 100, 1000), 3, "no law: a run has no score"),
        (
            lambda n, s: 0.5 + 0.01 * math.sin(9 * s + n),
            (10, 100, 1000),
            3,
            "the error is not shown to fall with n",
        ),
    ],
)
def test_what_cannot_be_fitted_is_called_so(score, sizes, seeds, reading):
    [law] = data_ratio.power_laws(runs_of({"text": score}, sizes, seeds)).to_dict("records")
    assert law["reading"].startswith(reading)
    assert math.isnan(law["exponent"]) == reading.startswith("no law")


def test_two_power_laws_of_one_exponent_give_their_ratio_as_multiplier_at_every_size():
    """1 - a n^-b = 1 - A m^-b  <=>  m = n (A / a)^(1/b): here 4 times as many."""
    sizes = [round(50 * 2 ** (k / 4)) for k in range(21)]
    laws = {"text": lambda n, s: 1 - 0.5 * n**-0.5, "random": lambda n, s: 1 - n**-0.5}
    table = data_ratio.multipliers(runs_of(laws, sizes))
    inside = table[table["n"] <= sizes[-1] / 4]
    assert len(inside) == 13 and set(inside["bound"]) == {""}
    assert inside["multiplier"].to_numpy() == pytest.approx(4, rel=3e-3)
    beyond = table[table["n"] > sizes[-1] / 3.9]
    assert set(beyond["bound"]) == {"at least"}
    assert beyond["multiplier"].to_numpy() == pytest.approx(sizes[-1] / beyond["n"].to_numpy())
    assert table["low"].isna().all() and table["high"].isna().all()  # one seed


def test_interpolation_is_linear_in_log_n_and_takes_the_first_crossing():
    sizes, scores = np.array([100, 400, 1600, 6400]), np.array([0.1, 0.5, 0.3, 0.9])
    assert data_ratio.needed(sizes, scores, 0.3) == pytest.approx(200)
    assert data_ratio.needed(sizes, scores, 0.6) == pytest.approx(3200)
    assert data_ratio.needed(sizes, scores, 0.1) == 100
    assert data_ratio.needed(sizes, scores, 0.05) == 0
    assert data_ratio.needed(sizes, scores, 0.95) == math.inf
    assert math.isnan(data_ratio.needed(sizes, np.array([0.1, np.nan, 1, 1]), 0.05))


def test_the_interval_of_a_multiplier_is_paired_and_open_where_the_sizes_end():
    def random(n, s):
        return 0.1 * math.log2(n / 100) + 0.02 * s

    laws = {"random": random, "text": lambda n, s: random(2 * n, s)}  # twice the examples, always
    table = data_ratio.multipliers(runs_of(laws, (100, 200, 400, 800), seeds=3)).set_index("n")
    assert table["multiplier"].to_numpy() == pytest.approx([2, 2, 2, 1])
    assert table["bound"].tolist() == ["", "", "", "at least"]
    for n in (100, 200):  # seeds move both arms alike
        assert table.loc[n, ["low", "high"]].tolist() == pytest.approx([2, 2])
    assert math.isnan(table.loc[800, "low"]) and math.isnan(table.loc[800, "high"])
    worse = data_ratio.multipliers(
        runs_of(laws | {"text": lambda n, s: random(n, s) - 0.5}, (100, 200), seeds=3)
    )
    assert worse["bound"].tolist() == ["at most", "at most"]
    assert worse["multiplier"].tolist() == [1, 0.5]


def test_a_run_without_a_score_leaves_the_multiplier_empty():
    laws = {"random": lambda n, s: math.nan if s else 0.2, "text": lambda n, s: 0.3}
    table = data_ratio.multipliers(runs_of(laws, (10, 20), seeds=2))
    assert table[["multiplier", "low", "high"]].isna().all(axis=None)


def test_a_study_without_random_weights_has_no_multiplier_but_its_columns():
    table = data_ratio.multipliers(runs_of({"text": lambda n, s: 0.3}, (10, 20)))
    assert table.empty and "multiplier" in table


def test_curves_are_means_over_seeds_by_rising_n():
    run = runs_of({"text": lambda n, s: n / 1000 + s / 10}, (400, 100), seeds=3)
    table = data_ratio.curves(run)
    assert table["n"].tolist() == [100, 400] and table["fraction"].tolist() == [0.25, 1.0]
    low, high = stats.t.interval(0.95, 2, 0.2, stats.sem([0.1, 0.2, 0.3]))
    assert table.loc[0, ["mean", "low", "high"]].tolist() == pytest.approx([0.2, low, high])


def changed(studies, name, **columns):
    return studies | {name: studies[name].assign(**columns)}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"train_n": 10}, "ratio-10 and ratio-20: both have 10 training examples of x"),
        ({"layers": 3}, r"layers of x differs \(ratio-10 2, ratio-20 3\)"),
        ({"test_n": 299}, r"test_n of x differs"),
        ({"seed": 7}, r"text of x has seeds ratio-10 \[0\], ratio-20 \[7\], not the same"),
        ({"initialization": "random"}, r"text of x has seeds ratio-10 \[0\], not the same in each"),
    ],
)
def test_studies_that_differ_in_more_than_the_number_of_examples_are_refused(columns, said):
    studies = studies_of({"text": lambda n, s: 0.3}, (10, 20))
    with pytest.raises(ValueError, match=said):
        data_ratio.gather(changed(studies, "ratio-20", **columns))


def test_every_arm_has_the_same_encoder_in_all_studies():
    studies = studies_of({"text": lambda n, s: 0.3, "domain": lambda n, s: 0.4}, (10, 20))
    data_ratio.gather(studies)
    of_domain = studies["ratio-20"]["initialization"] == "domain"
    other = studies["ratio-20"]["encoder"].mask(of_domain, "other")
    with pytest.raises(ValueError, match=r"encoder of x differs \(ratio-10 mini, ratio-20 other\)"):
        data_ratio.gather(changed(studies, "ratio-20", encoder=other))


def manifest(train, test, dev="mn"):
    parts = {"train": train, "dev": dev, "test": test}
    rows = [(part, i, "A", f"{i} of ACGT") for part, ids in parts.items() for i in ids]
    return pd.DataFrame(rows, columns=["part", "id", "label", "sha256"])


def test_training_parts_must_be_nested_and_dev_and_test_parts_the_same():
    small, large = manifest("ab", "yz"), manifest("abcd", "yz")
    data_ratio.check_parts("x", {"all": large, "half": small})
    with pytest.raises(ValueError, match="x: the train part of half does not fit that of all"):
        data_ratio.check_parts("x", {"all": large, "half": manifest("ae", "yz")})
    with pytest.raises(ValueError, match="x: the test part of half does not fit that of all"):
        data_ratio.check_parts("x", {"all": large, "half": manifest("ab", "y")})
    with pytest.raises(ValueError, match="x: the dev part of half does not fit that of all"):
        data_ratio.check_parts("x", {"all": large, "half": manifest("ab", "yz", dev="m")})


@pytest.mark.parametrize("column", ["label", "sha256"])
def test_examples_of_one_name_are_the_same_only_with_their_label_and_content(column):
    small, large = manifest("ab", "yz"), manifest("abcd", "yz")
    small.loc[small["id"] == "y", column] = "another"
    with pytest.raises(ValueError, match="x: the test part of half does not fit that of all"):
        data_ratio.check_parts("x", {"all": large, "half": small})


def record(**finetune):
    return {
        "configuration": {
            "study": str(finetune), "examples": {"train": 100, "train_fraction": len(finetune)},
            "finetune": {"weight_decay": 0.01, "settings": str(finetune)} | finetune,
            "max_length": {"x": 64, "another": 32 + len(finetune)},
            "catalogue": {"tasks": {"x": {"title": f"X {len(finetune)}", "source": "x"}}},
        }
    }  # fmt: skip


def test_studies_may_differ_in_the_share_of_examples_and_in_other_tasks_alone():
    with pytest.raises(ValueError, match=r"finetune.steps differs \(all absent, half 8\): only"):
        data_ratio.check_settings(["x"], {"all": record(), "half": record(steps=8)})
    with pytest.raises(ValueError, match=r"max_length.another differs \(all 32, half 33\)"):
        data_ratio.check_settings(["another"], {"all": record(), "half": record(weight_decay=0.01)})
    data_ratio.check_settings(["x"], {"all": record(), "half": record(weight_decay=0.01)})


def test_encoders_and_corpora_of_one_name_must_be_the_same():
    def of(encoder, **named):
        made = record()
        made["configuration"]["domain_encoders"] = {"x": encoder}
        made["configuration"]["catalogue"] |= {"encoders": named}
        return made

    one = of("a", a={"source": "s", "title": "A"})
    said = r"domain_encoders.x differs \(all a, half b\)"
    with pytest.raises(ValueError, match=said):
        data_ratio.check_settings(["x"], {"all": one, "half": of("b")})
    with pytest.raises(ValueError, match=r"catalogue.encoders.a.source differs \(all s, half t\)"):
        data_ratio.check_settings(["x"], {"all": one, "half": of("a", a={"source": "t"})})
    also = of("a", a={"source": "s", "title": "a"}, b={"source": "t"})
    data_ratio.check_settings(["x"], {"all": one, "half": also})


def test_the_script_writes_every_table_and_the_same_figure_twice(tmp_path):
    laws = {
        "random": lambda n, s: 0.1 * math.log2(n / 8) + 0.01 * s,
        "text": lambda n, s: 0.1 * math.log2(n / 4) + 0.01 * s,
    }
    sizes = {"a": 8, "b": 16, "c": 32}
    found = dict(zip(sizes, studies_of(laws, sizes.values(), seeds=2).values(), strict=True))
    found["c"] = pd.concat([found["c"], found["c"].assign(task="another")])
    cnn = dict(
        zip(sizes, studies_of({"cnn": lambda n, s: 0.2}, sizes.values(), 2).values(), strict=True)
    )
    for name, n in sizes.items():
        table_files.write(tmp_path / name / "runs.csv", found[name])
        table_files.write(tmp_path / name / "control_runs.csv", cnn[name])
        json_tsv.write_json(tmp_path / name / "study.json", record())
        json_tsv.write_table(
            tmp_path / name / "manifest.tsv", manifest([f"e{i}" for i in range(n)], ["t"])
        )
    files = ["curves.csv", "power_laws.csv", "multipliers.csv", "curves.svg", "curves.png"]
    files += ["curves.tex", "power_laws.md", "multipliers.html"]
    for folder in ("first", "second"):
        script.main(
            studies=list(sizes),
            tasks=["x"],
            runs=[tmp_path / name / "runs.csv" for name in sizes],
            control_runs=[tmp_path / name / "control_runs.csv" for name in sizes],
            manifests=[tmp_path / name / "manifest.tsv" for name in sizes],
            records=[tmp_path / name / "study.json" for name in sizes],
            width="column",
            outputs=[tmp_path / folder / name for name in files],
        )
    for name in files:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()
    inches, _, points = style.WIDTHS["column"]
    drawing = (tmp_path / "first/curves.svg").read_text()
    assert f'width="{72 * inches:g}pt"' in drawing and f"font-size: {points}px" in drawing
    for name, entry in ratio.TABLES.items():
        columns = table_files.read(tmp_path / f"first/{name}.csv").columns
        assert list(columns) == list(entry.columns), name
    page = (tmp_path / "first/multipliers.html").read_text()
    assert ratio.TABLES["multipliers"].caption[:40] in page
    table = table_files.read(tmp_path / "first/multipliers.csv").set_index(["initialization", "n"])
    assert table.loc[("text", 8), "multiplier"] == pytest.approx(2)
    assert table.loc[("text", 32), "bound"] == "at least"
    assert set(table.index.get_level_values(0)) == {"text", "cnn"} and set(table["task"]) == {"x"}


def test_the_figure_has_a_panel_per_task_and_a_curve_per_arm():
    run = runs_of({"random": lambda n, s: n / 99, "text": lambda n, s: n / 50}, (10, 40), seeds=2)
    run = pd.concat([run, run.assign(task="y")])
    figure = ratio_figures.learning_curves(data_ratio.curves(run), "MCC")
    assert [axis.get_title() for axis in figure.axes] == ["x", "y"]
    for axis in figure.axes:
        random, text = axis.lines
        assert random.get_ydata() == pytest.approx([10 / 99, 40 / 99])
        assert text.get_xdata().tolist() == [10, 40]
        assert [label.get_text() for label in axis.get_xticklabels()] == ["10", "40"]
    assert figure.axes[0].get_ylabel() == "test MCC"
    assert "mean of 2 seeds" in figure.get_suptitle()
