"""Representations on disk: what was written is read, in one chunk or in many."""

from itertools import pairwise

import numpy as np
import pytest

from seqtransfer.similarity import representation_files
from seqtransfer.similarity.representation_files import RepresentationFile

SEQUENCES = np.repeat(np.arange(4), 3)
UNITS = SEQUENCES // 2


def draw(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def test_layers_written_in_chunks_are_those_written_at_once(tmp_path):
    ids = np.array([f"e:{i}" for i in range(12)])
    x = {"layer_0": draw(0, 12, 3), "layer_10": draw(1, 12, 3)}
    representation_files.write(tmp_path / "one.arrow", [(ids, SEQUENCES, UNITS, x)])
    parts = [slice(0, 3), slice(3, 9), slice(9, 12)]
    chunks = (
        (ids[p], SEQUENCES[p], UNITS[p], {name: rows[p] for name, rows in x.items()}) for p in parts
    )
    representation_files.write(tmp_path / "many.arrow", chunks)
    one, many = (RepresentationFile(tmp_path / f"{name}.arrow") for name in ("one", "many"))
    assert representation_files.layer_numbers(one) == [0, 10]
    for name in (*representation_files.ROWS, *x):
        np.testing.assert_array_equal(one[name], many[name])
    np.testing.assert_array_equal(one["layer_10"], x["layer_10"])
    np.testing.assert_array_equal(one["ids"], ids)
    np.testing.assert_array_equal(one["units"], UNITS)
    assert not one["layer_0"].flags.owndata  # a view of the file


def test_no_rows_are_refused(tmp_path):
    with pytest.raises(ValueError, match="no rows to write"):
        representation_files.write(tmp_path / "x.arrow", [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kept", [0, 7, 0.5, -1])
def test_a_truncated_file_is_named(kept, tmp_path):
    path = tmp_path / "x.arrow"
    zero = np.array([0])
    representation_files.write(path, [(np.array(["a"]), zero, zero, {"layer_0": draw(0, 1, 3)})])
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept) if isinstance(kept, float) else kept])
    with pytest.raises(ValueError, match=r"x\.arrow: cannot be read .*delete it and rerun"):
        RepresentationFile(path)


def test_rows_of_several_chunks_read_as_the_array(tmp_path):
    x = draw(0, 23, 3)
    cuts = [0, 1, 9, 20, 23]
    chunks = (
        (
            np.array([f"e{i}" for i in range(a, b)]),
            np.arange(a, b),
            np.zeros(b - a),
            {"layer_0": x[a:b]},
        )
        for a, b in pairwise(cuts)
    )
    representation_files.write(tmp_path / "x.arrow", chunks)
    rows = RepresentationFile(tmp_path / "x.arrow")["layer_0"]
    assert isinstance(rows, representation_files.ChunkedLayer)
    assert (len(rows), rows.shape, rows.dtype) == (23, x.shape, x.dtype)
    order = np.random.default_rng(0).permutation(23)
    for index in (
        slice(None), slice(0, 1), slice(5, 21), slice(-4, None), slice(9, 9), slice(0, 23, 2),
        order, order[:4].reshape(2, 2), order > 11, -1, (slice(2, 12), order[:2] % 3),
    ):  # fmt: skip
        np.testing.assert_array_equal(rows[index], x[index])
    np.testing.assert_array_equal(np.asarray(rows, dtype=float), x.astype(float))
