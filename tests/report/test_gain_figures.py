"""Figures of gains show the numbers of their tables, whatever the arms."""

import numpy as np
import pytest

import synthetic
from seqtransfer.files import json_tsv
from seqtransfer.report import names, register
from seqtransfer.report.figures import gain_figures, panels, run_figures, style
from seqtransfer.report.tables import table_files
from seqtransfer.report.tables.gain_tables import ALL_TASKS, OTHER_TASKS

ARMS = (
    *("text", "random", "shuffled", "domain", "from-splice", "from-sentiment", "from-zipf"),
    *("checkpoint-64", "checkpoint-8", "first-2", "first-1", "moments", "re-embedded"),
    *("embeddings-only", "layernorm-only", "attention-only", "feedforward-only"),
    *("from-zipf-attention-only", "domain-feedforward-only"),
)
TASKS = ("sentiment", "splice")
CONFIG = synthetic.CONFIG | {"initializations": ARMS}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """All tables of a study of every arm, by name; and the claims."""
    folder = tmp_path_factory.mktemp("arms")
    extra = {arm: 0.01 * number for number, arm in enumerate(ARMS) if arm not in synthetic.GAIN}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synthetic, "GAIN", synthetic.GAIN | extra)
        patch.setattr(synthetic, "SPEED", synthetic.SPEED | extra)
        patch.setattr(synthetic, "CONFIG", CONFIG)
        paths = synthetic.write_study(folder, tasks=TASKS, arms=ARMS)
        written = synthetic.report(folder / "report", paths)
    frames = {
        path.stem: table_files.read(path) for path in written.values() if path.suffix == ".csv"
    }
    return frames, json_tsv.read_json(written["claims"])["claims"]


@pytest.mark.parametrize("name", register.FIGURES)
def test_every_figure_takes_every_arm(name, drawn, tmp_path):
    figure = register.figure_functions()[name](*drawn)
    style.save(figure, tmp_path / "figure.svg", name, "")
    assert (tmp_path / "figure.svg").stat().st_size > 5000


def test_the_heat_map_writes_the_tables_numbers_in_its_cells(drawn):
    frames, claims = drawn
    figure = gain_figures.transfer(frames, claims)
    table = frames["transfer"]
    sources = list(dict.fromkeys(table["source"]))
    for axis, split in zip(figure.axes[:2], ("test", "dev"), strict=True):
        cells = {text.get_position(): text.get_text() for text in axis.texts}
        written = {
            place: text.split("\n")[0].replace("\N{MINUS SIGN}", "-")
            for place, text in cells.items()
        }
        rows = table[table["split"] == split]
        assert len(written) == len(rows) == 2 * len(sources) + len(set(sources) - set(TASKS))
        for row in rows.itertuples():
            place = ([*TASKS, OTHER_TASKS].index(row.task), sources.index(row.source))
            assert float(written[place]) == pytest.approx(row.mean, abs=5e-4)
        frames_around = [patch for patch in axis.patches if not patch.get_fill()]
        assert len(frames_around) == len(TASKS)  # of the diagonal


def test_a_cell_of_the_heat_map_is_pale_where_its_interval_includes_0_and_the_legend_says_so(drawn):
    frames, claims = drawn
    table = frames["transfer"].copy()
    of_text = (table["source"] == "text encoder") & (table["task"] == "splice")
    table.loc[of_text, ["mean", "low", "high"]] = 0.3, -0.1, 0.7  # the largest gain
    table.loc[table["task"] == "sentiment", ["mean", "low", "high"]] = 0.2, 0.1, 0.3
    figure = gain_figures.transfer(frames | {"transfer": table}, claims)
    cells = figure.axes[0].images[0].get_array()[0, :, :3]
    sure, unsure = (style.luminance(cells[place]) for place in (0, 1))
    assert sure < unsure
    said = [text.get_text() for text in figure.legends[0].get_texts()]
    assert said == [
        *("bold, strong colour: interval excludes 0", "pale: interval includes 0"),
        *("pretrained on the task itself", "not run, or a run has no score"),
    ]


def test_the_axis_of_steps_has_a_point_per_checkpoint_and_seed(drawn):
    figure = gain_figures.pretraining(*drawn)
    for axis in figure.axes:
        assert axis.lines[0].get_xdata().tolist() == [0, 8, 64, 2000]
        assert sorted(axis.get_xticks()) == [0, 8, 64, 2000]
        dots = [len(part.get_offsets()) for part in axis.collections[1:]]
        assert dots == [3] * 4
    assert [axis.get_title() for axis in figure.axes] == ["sentiment (text)", "splice (DNA)"]


def test_the_ladder_names_its_rungs_from_the_top_down(drawn):
    figure = gain_figures.ladder(*drawn)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == panels.arm_labels([
        "moments", "shuffled", "embeddings-only", "layernorm-only", "attention-only",
        "feedforward-only", "first-1", "first-2", "re-embedded", "text",
        "from-zipf-attention-only", "from-zipf", "domain-feedforward-only", "domain",
    ])  # fmt: skip
    low, high = figure.axes[0].get_ylim()
    assert low > high and [axis.get_title() for axis in figure.axes][-1] == "mean over 2 tasks"


def test_the_ladder_of_two_seeds_keeps_the_interval_of_the_mean_over_tasks(drawn):
    """Its degrees are not those of two seeds, so it is no bar from one seed to the other."""
    frames, claims = drawn
    table = frames["ladder"].assign(seeds=2)
    figure = gain_figures.ladder(frames | {"ladder": table}, claims)
    assert "of the mean a 95 % t interval" in figure.get_suptitle().replace("\n", " ")
    axis = figure.axes[-1]
    bars = {
        tuple(np.round(line.get_xdata(), 6)) for line in axis.lines if len(line.get_xdata()) == 2
    }
    rows = table[table["task"] == ALL_TASKS].dropna(subset="low")
    assert {tuple(np.round(row, 6)) for row in rows[["low", "high"]].to_numpy()} <= bars


def test_marks_of_gains_say_their_values(drawn):
    frames, claims = drawn
    told = {
        str(line.get_gid()).removeprefix(style.TOLD)
        for draw in (gain_figures.ladder, gain_figures.pretraining)
        for axis in draw(frames, claims).axes
        for line in axis.lines
    }
    row = next(frames["ladder"].query("initialization == 'text' and split == 'dev'").itertuples())
    ends = f"{names.signed(row.low)} to {names.signed(row.high)}"
    assert f"text pretraining, dev score: {names.signed(row.mean)} ({ends})" in told
    assert any(one.startswith("domain pretraining (95 % t interval") for one in told)
    assert any(one.startswith("text pretraining: 0.") for one in told)


def test_the_sweeps_arms_have_one_order_whatever_the_process(drawn):
    figure = run_figures.sensitivity(*drawn)
    named = [text.get_text() for text in figure.legends[0].get_texts()]
    assert named == [*map(names.arm, style.ordered(ARMS)), "chosen"]
