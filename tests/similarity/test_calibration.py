"""Floor, ceiling and the paper's setting: what is scored with the reference."""

import numpy as np
import pandas as pd
import pytest

import calibrate
from seqtransfer.files import json_tsv
from seqtransfer.report.tables import similarity_tables
from seqtransfer.similarity import calibration, representation_files
from seqtransfer.similarity.measures import MEASURES
from seqtransfer.tokens import units


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def encoder(seed, layers=(0, 1, 2), n=48):
    found = {f"layer_{i}": draw([seed, i], n, 4) for i in layers}
    ids = np.array([f"e:{i}" for i in range(n)])
    sequences = np.repeat(np.arange(n // 3), 3)
    return found | {"ids": ids, "sequences": sequences, "units": sequences}


def table(**given):
    reference = given.pop("reference", encoder(0))
    drawn = calibration.references(
        reference, {"text": encoder(1)}, {7: encoder(2), 8: encoder(3)}, given.pop("ceiling", None),
        ["pwcca", "cka", "neighbours"], count=4, seed=0,
    )  # fmt: skip
    return pd.DataFrame(drawn)


def test_every_kind_is_scored_whole_and_without_each_group():
    found = table(ceiling=encoder(4))
    assert set(zip(found["kind"], found["left"], strict=True)) == {
        ("arm", "text"), ("floor", "random 7"), ("floor", "random 8"), ("ceiling", "again"),
    }  # fmt: skip
    # Arms and floor meet both pretrainings of the reference; the ceiling is one of the other.
    assert len(found) == (3 * 2 + 1) * 3 * 3 * 5
    for reference, held in (("first", encoder(0)), ("again", encoder(4))):
        row = found[found["reference"] == reference].query(
            "left == 'random 8' and layer == 2 and measure == 'pwcca' and group == -1"
        )
        expected = MEASURES["pwcca"](encoder(3)["layer_2"], held["layer_2"])
        assert row["score"].item() == pytest.approx(expected)
    row = found.query("kind == 'ceiling' and layer == 2 and measure == 'pwcca' and group == -1")
    expected = MEASURES["pwcca"](encoder(4)["layer_2"], encoder(0)["layer_2"])
    assert row["score"].item() == pytest.approx(expected)
    # Without a group both sides lack the same rows.
    kept = units.groups(encoder(0)["units"], 4, np.random.default_rng(0)) != 2
    row = found.query(
        "left == 'text' and reference == 'again' and layer == 1 and measure == 'cka' and group == 2"
    )
    expected = MEASURES["cka"](encoder(1)["layer_1"][kept], encoder(4)["layer_1"][kept])
    assert row["score"].item() == pytest.approx(expected, abs=1e-4)


def test_a_measure_that_is_undefined_leaves_the_others_their_scores():
    still = encoder(1)
    # A row of zeros has no cosine; only rows of its group are left out with it.
    still["layer_2"][4] = 0
    drawn = calibration.references(
        encoder(0), {"text": still}, {7: encoder(2)}, None, ["cka", "neighbours"], count=4, seed=0
    )
    found = pd.DataFrame(drawn).query("left == 'text' and layer == 2").set_index("group")
    assert len(found) == 2 * 5
    assert found.loc[found["measure"] == "cka", "score"].notna().all()
    group = units.groups(still["units"], 4, np.random.default_rng(0))
    near = found.loc[found["measure"] == "neighbours", "score"]
    assert near.index[near.notna()].tolist() == [group[4]]
    kept = group != group[4]
    expected = MEASURES["neighbours"](still["layer_2"][kept], encoder(0)["layer_2"][kept])
    assert near[group[4]] == pytest.approx(expected)


def test_rows_that_are_equal_without_a_group_have_no_score_without_it_alone():
    almost = encoder(1)
    group = units.groups(almost["units"], 4, np.random.default_rng(0))
    almost["layer_2"][group != 2] = 0.3
    drawn = calibration.references(
        encoder(0), {"text": almost}, {7: encoder(2)}, None, ["pwcca", "cka", "rsa_euclidean"],
        count=4, seed=0,
    )  # fmt: skip
    found = pd.DataFrame(drawn).query("left == 'text' and layer == 2")
    assert len(found) == 3 * 5
    assert set(found.loc[found["score"].isna(), "group"]) == {2}
    assert (found.loc[found["group"] == 2, "score"].isna()).all()


def test_a_layer_that_diverged_leaves_its_own_cells_empty():
    diverged = encoder(1)
    diverged["layer_2"][5, 1] = np.nan
    drawn = calibration.references(
        encoder(0), {"text": diverged}, {7: encoder(2)}, None, ["cka", "neighbours"], count=4,
        seed=0,
    )  # fmt: skip
    found = pd.DataFrame(drawn)
    assert len(found) == 3 * 3 * 2 * 5
    empty = found[found["score"].isna()]
    assert set(zip(empty["left"], empty["layer"], strict=True)) == {("text", 2)}


def test_the_reference_again_with_equal_states_is_a_ceiling_of_one():
    found = table(ceiling=encoder(0))
    assert found[found["kind"] == "ceiling"]["score"].to_numpy() == pytest.approx(1.0, abs=1e-4)


def test_a_deeper_reference_has_its_ceiling_beside_the_layers_of_the_floor():
    deep = encoder(0, layers=range(9))
    found = table(reference=deep, ceiling=encoder(4, layers=range(9)))
    whole = found[(found["measure"] == "cka") & (found["group"] == -1)]
    assert set(whole[whole["kind"] == "floor"]["layer"]) == {0, 1, 2}
    ceilings = whole[whole["kind"] == "ceiling"].set_index("layer")["score"]
    for layer, beside in ((0, 0), (1, 4), (2, 8)):
        first, again = (encoder(n, layers=range(9))[f"layer_{beside}"] for n in (0, 4))
        assert ceilings[layer] == pytest.approx(MEASURES["cka"](again, first))


def test_without_another_pretraining_the_ceiling_is_of_halves_of_the_neurons():
    reference = encoder(0)
    found = table(reference=reference)
    ceiling = found[found["kind"] == "ceiling"]
    assert set(ceiling["left"]) == {"halves"} and set(found["reference"]) == {"first"}
    assert (ceiling["score"] < 0.9).all()


def test_the_script_writes_both_tables_and_noise_scores_near_what_is_expected(tmp_path):
    paths = {}
    for name, seed in (("domain", 0), ("text", 1), ("random", 2)):
        held = encoder(seed, n=1500)
        layers = {key: held[key] for key in held if key.startswith("layer")}
        representation_files.write(
            tmp_path / f"{name}.arrow", [(held["ids"], held["sequences"], held["units"], layers)]
        )
        paths[name] = tmp_path / f"{name}.arrow"
    calibrate.main(
        reference=paths["domain"], arms={"text": paths["text"]}, floor={7: paths["random"]},
        ceiling=None, references=tmp_path / "r.tsv", paper=tmp_path / "p.tsv", task="splice",
        measures=["cka"], groups=3, code="abc",
    )  # fmt: skip
    paper = json_tsv.read_table(tmp_path / "p.tsv").set_index("left")
    assert list(paper.index) == ["text", "random", "noise"]
    assert set(paper["rows"]) == {1000} and set(paper["width"]) == {4}
    assert paper.loc["noise", "score"] == pytest.approx(paper.loc["noise", "expected"], abs=0.03)
    # Normal numbers are nearly centred as they are.
    assert paper.loc["noise", "released"] == pytest.approx(paper.loc["noise", "score"], abs=0.01)
    references = json_tsv.read_table(tmp_path / "r.tsv")
    assert set(references["kind"]) == {"arm", "floor", "ceiling"}
    assert set(references.columns) == set(similarity_tables.REFERENCE)
