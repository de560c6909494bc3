"""Pairs of encoders: which layers are compared, for which pairs, stages and maps."""

import numpy as np
import pytest

import compare
from seqtransfer.files import json_tsv
from seqtransfer.similarity import (
    encoder_comparison,
    layer_comparison,
    representation_files,
)
from seqtransfer.similarity.encoder_pairs import Encoder
from seqtransfer.similarity.measures import MEASURES
from seqtransfer.similarity.representation_files import RepresentationFile

SEQUENCES = np.repeat(np.arange(4), 3)


def layer(seed, number):
    return np.random.default_rng([seed, number]).normal(size=(12, 3)).astype(np.float32)


def write(path, seed, *, ids=None, layers=(0, 1, 2)):
    names = np.array(ids or [f"example:{i}" for i in range(12)])
    representation_files.write(
        path, [(names, SEQUENCES, SEQUENCES, {f"layer_{i}": layer(seed, i) for i in layers})]
    )
    return path


def run(tmp_path, before, after, pairs, maps=(), measures=("pwcca", "cka")):
    stages = {"before": before, "after": after}
    files = {Encoder(arm, stage): stages[stage][arm] for stage in stages for arm in before}
    compare.main(
        files=files, pairs=pairs, maps=maps, measures=measures,
        similarities=tmp_path / "s.tsv", task="splice", seed=3, draws=4, memory=4, code="abc",
    )  # fmt: skip
    return json_tsv.read_table(tmp_path / "s.tsv")


def arms(folder, **seeds):
    folder.mkdir()
    return {name: write(folder / f"{name}.arrow", seed) for name, seed in seeds.items()}


def test_a_row_for_every_pair_stage_depth_and_measure_and_arms_against_themselves(tmp_path):
    before = arms(tmp_path / "before", text=0, random=1)
    after = arms(tmp_path / "after", text=2, random=3)
    table = run(tmp_path, before, after, [["text", "random"]])
    found = set(zip(table["left"], table["right"], table["stage"], strict=True))
    assert found == {
        ("text", "random", "before"), ("text", "random", "after"),
        ("text", "text", "change"), ("random", "random", "change"),
    }  # fmt: skip
    assert len(table) == 4 * 3 * 2
    assert (table["layer"] == table["left_layer"]).all()
    expected = {"before": (0, 1), "after": (2, 3), "change": (0, 2)}
    for stage, seeds in expected.items():
        rows = table[(table["stage"] == stage) & (table["left"] == "text")]
        row = rows[(rows["layer"] == 2) & (rows["measure"] == "pwcca")].iloc[0]
        score = MEASURES["pwcca"](*(layer(seed, 2) for seed in seeds))
        assert row["score"] == pytest.approx(score, abs=1e-4)
    assert set(zip(table["task"], table["seed"], table["code"], strict=True)) == {
        ("splice", 3, "abc")
    }


def test_a_pair_scores_the_same_whatever_else_is_compared(tmp_path):
    before = arms(tmp_path / "before", x=0, y=1, z=2)
    after = arms(tmp_path / "after", x=3, y=4, z=5)
    many = run(tmp_path, before, after, [["z", "y"], ["x", "y"]], [["x", "y", "after"]])
    two = {name: before[name] for name in "xy"}, {name: after[name] for name in "xy"}
    alone = run(tmp_path, *two, [["x", "y"]])
    keys = ["left", "right", "stage", "layer", "measure"]
    both = alone.merge(many.dropna(subset="layer"), on=keys, validate="one_to_one")
    assert len(both) == len(alone)
    for name in ("score", "null_mean", "p_value"):
        assert (both[f"{name}_x"] == both[f"{name}_y"]).all()


def test_a_map_adds_the_cells_off_its_diagonal_without_a_depth(tmp_path):
    before = arms(tmp_path / "before", text=0, random=1)
    after = arms(tmp_path / "after", text=2, random=3)
    pairs, measures = [["text", "random"]], ["cka"]
    plain = run(tmp_path, before, after, pairs, measures=measures)
    table = run(tmp_path, before, after, pairs, [["text", "random", "before"]], measures)
    cells = table[table["layer"].isna()]
    assert len(table) == len(plain) + 6 and len(cells) == 6
    assert set(zip(cells["left_layer"], cells["right_layer"], strict=True)) == {
        (i, j) for i in range(3) for j in range(3) if i != j
    }
    assert set(cells["stage"]) == {"before"}


def test_encoders_of_other_depths_are_compared_at_equal_depth(tmp_path):
    left = RepresentationFile(write(tmp_path / "a.arrow", 0, layers=(0, 1, 2)))
    right = RepresentationFile(write(tmp_path / "b.arrow", 1, layers=(0, 1, 2, 3, 4)))
    rows = list(
        encoder_comparison.compare(
            {"a": left, "b": right}, [("a", "b")], [], ["cka"], draws=2, seed=0
        )
    )
    assert [(row["left_layer"], row["right_layer"]) for row in rows] == [(0, 0), (1, 2), (2, 4)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ids": [f"example:{i}" for i in range(11, -1, -1)]}, "b and a differ in ids"),
        ({"layers": ()}, "b: no array is called layer_<number>"),
    ],
)
def test_encoders_of_other_rows_are_refused(change, message, tmp_path):
    encoders = {
        "a": RepresentationFile(write(tmp_path / "a.arrow", 0)),
        "b": RepresentationFile(write(tmp_path / "b.arrow", 1, **change)),
    }
    with pytest.raises(ValueError, match=message):
        list(encoder_comparison.compare(encoders, [("a", "b")], [], ["cka"], draws=2, seed=0))


def test_layers_are_read_in_chunks_only_where_those_of_a_time_exceed_the_memory(
    tmp_path, monkeypatch
):
    encoders = {
        name: RepresentationFile(write(tmp_path / f"{name}.arrow", seed))
        for seed, name in enumerate("ab")
    }
    made = []
    streamed = layer_comparison.StreamedRepresentation
    monkeypatch.setattr(
        layer_comparison,
        "StreamedRepresentation",
        lambda *given: made.append(given[1]) or streamed(*given),
    )

    def run(pairs, maps, memory):
        made.clear()
        list(
            encoder_comparison.compare(
                encoders, pairs, maps, ["cka"], draws=2, seed=0, memory=memory
            )
        )
        return len(made)

    # 12 rows of 3 neurons a layer: a pair holds 2 layers at a time, a map of 3 x 3 layers 4.
    layer_bytes, pair = encoder_comparison.BYTES_PER_NUMBER * 12 * 3, ("a", "b")
    assert run([pair], [], 2 * layer_bytes) == 0
    assert run([pair], [], 2 * layer_bytes - 1) == 6
    assert run([pair], [pair], 4 * layer_bytes) == 0
    assert run([pair], [pair], 4 * layer_bytes - 1) == 6
