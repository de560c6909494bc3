"""Files are written whole or not at all, equal content is equal bytes, and all comes back."""

import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtransfer import formats
from seqtransfer.formats import Ragged


def test_a_failed_write_leaves_the_old_file_and_no_temporary(tmp_path):
    path = tmp_path / "scores.tsv"
    path.write_text("old")
    with pytest.raises(RuntimeError), formats.atomic(path) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError("killed")
    assert [file.name for file in tmp_path.iterdir()] == ["scores.tsv"]
    assert path.read_text() == "old"


def test_a_failed_first_write_leaves_nothing(tmp_path):
    with pytest.raises(TypeError):
        formats.write_json(tmp_path / "record.json", {"value": object()})
    with pytest.raises(KeyboardInterrupt), formats.atomic(tmp_path / "a.npz") as temporary:
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_a_file_appears_under_its_name_only_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "folder" / "weights.npz"
    with formats.atomic(path) as temporary:
        temporary.write_bytes(b"whole")
        assert not path.exists()
        assert temporary.parent == path.parent  # a rename is atomic within one file system only
        assert temporary.suffix == ".npz"  # np.savez would add a suffix that is not there
    assert path.read_bytes() == b"whole"
    assert [file.name for file in path.parent.iterdir()] == ["weights.npz"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(max_examples=25)
@given(st.dictionaries(st.text(max_size=5), json_values, max_size=6))
def test_equal_records_are_equal_bytes_and_come_back(record):
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "a.json"), Path(folder, "b.json")
        formats.write_json(first, record)
        formats.write_json(second, dict(reversed(record.items())))
        assert first.read_bytes() == second.read_bytes()
        assert formats.read_json(first) == record


def test_a_broken_record_is_named_with_its_remedy(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text('{"mcc": 0.')
    with pytest.raises(ValueError, match=r"metrics\.json: not valid JSON .*rerun"):
        formats.read_json(path)


sequences_of_ids = st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=7), max_size=9)


@given(sequences_of_ids, st.data())
def test_ragged_sequences_come_back_as_they_were(sequences, data):
    n = len(sequences)
    labels = data.draw(st.lists(st.integers(-1, 9), min_size=n, max_size=n))
    # NumPy strings end at their last character that is not NUL: ids have none.
    text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
    names = data.draw(st.lists(text, min_size=n, max_size=n))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "part.npz")
        formats.write_ragged(path, Ragged.from_lists(sequences, labels, names))
        ragged = formats.read_ragged(path)
    assert len(ragged) == n
    assert [ragged[i].tolist() for i in range(n)] == sequences
    assert ragged.labels.tolist() == labels
    assert ragged.names.tolist() == names
    assert ragged.lengths.tolist() == [len(s) for s in sequences]
    assert (ragged.ids.dtype, ragged.labels.dtype) == (np.int32, np.int64)


def test_equal_sequences_are_equal_bytes_whenever_they_are_written(tmp_path):
    ragged = Ragged.from_lists([[1, 5, 2], [1, 2]], [0, 1], ["x", "y"])
    for name in ("a.npz", "b.npz"):
        formats.write_ragged(tmp_path / name, ragged)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:  # no clock inside
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_file_with_pickled_objects_is_refused(tmp_path):
    path = tmp_path / "part.npz"
    arrays = {"offsets": np.array([0, 1]), "labels": np.array([0]), "names": np.array(["x"])}
    np.savez(path, ids=np.array([{"anything": "runs"}], dtype=object), **arrays)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        formats.read_ragged(path)


def test_words_that_other_readers_take_for_missing_stay_words(tmp_path):
    words = ["NA", "nan", "None", "null", 'a "quote"', "a\ttab", "two\nlines", "ß"]
    table = pd.DataFrame({"id": words, "score": np.arange(len(words)) / 4})
    formats.write_table(tmp_path / "t.tsv", table)
    pd.testing.assert_frame_equal(formats.read_table(tmp_path / "t.tsv"), table)


@given(st.lists(st.floats(-1e30, 1e30, allow_subnormal=False) | st.just(np.nan), min_size=1))
def test_numbers_of_a_table_keep_six_digits_and_missing_ones_stay_missing(values):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.tsv")
        formats.write_table(path, pd.DataFrame({"step": range(len(values)), "loss": values}))
        back = formats.read_table(path, ["loss"])["loss"].to_numpy(dtype=float)
    np.testing.assert_allclose(back, values, rtol=5.1e-6, equal_nan=True)


def test_a_missing_column_is_named_with_the_file_and_the_columns_there_are(tmp_path):
    path = tmp_path / "settings.tsv"
    formats.write_table(path, pd.DataFrame({"task": ["splice"]}))
    with pytest.raises(ValueError, match=r"settings\.tsv: no column 'pooling'.*\['task'\]"):
        formats.read_table(path, ["task", "pooling"])


def test_records_end_with_a_line_break_and_have_sorted_keys(tmp_path):
    formats.write_json(tmp_path / "r.json", {"b": 1, "a": {"d": 2, "c": 3}})
    text = (tmp_path / "r.json").read_text()
    assert text.endswith("}\n")
    pairs = json.loads(text, object_pairs_hook=lambda pairs: pairs)
    assert pairs == [("a", [("c", 3), ("d", 2)]), ("b", 1)]
