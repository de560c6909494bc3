"""Files are written whole or not at all, equal content is equal bytes, and all comes back."""

import errno
import json
import math
import os
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import id_sequences
from seqtransfer.files import arrow, atomic, json_tsv


def test_a_failed_write_leaves_the_old_file_and_no_temporary(tmp_path):
    path = tmp_path / "scores.tsv"
    path.write_text("old")
    with pytest.raises(RuntimeError), atomic.atomic(path) as temporary:
        temporary.write_text("half of the n")
        raise RuntimeError("killed")
    assert [file.name for file in tmp_path.iterdir()] == ["scores.tsv"]
    assert path.read_text() == "old"


def test_a_failed_first_write_leaves_nothing(tmp_path):
    with pytest.raises(TypeError):
        json_tsv.write_json(tmp_path / "record.json", {"value": object()})
    with pytest.raises(KeyboardInterrupt), atomic.atomic(tmp_path / "a.npz") as temporary:
        temporary.write_bytes(b"half")
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_a_file_appears_under_its_name_only_when_it_is_whole(tmp_path):
    path = tmp_path / "new" / "folder" / "weights.npz"
    with atomic.atomic(path) as temporary:
        temporary.write_bytes(b"whole")
        assert not path.exists()
        assert temporary.parent == path.parent  # a rename is atomic within one file system only
        assert temporary.suffix == ".npz"  # np.savez would add a suffix that is not there
    assert path.read_bytes() == b"whole"
    assert [file.name for file in path.parent.iterdir()] == ["weights.npz"]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def test_numbers_that_are_not_finite_are_null_in_json(tmp_path):
    record = {"a": math.nan, "b": [math.inf, {"c": np.float64("-inf")}, (1.5, "NaN")]}
    json_tsv.write_json(tmp_path / "a.json", record)
    back = json_tsv.read_json(tmp_path / "a.json")
    assert back == {"a": None, "b": [None, {"c": None}, [1.5, "NaN"]]}


@settings(max_examples=25)
@given(st.dictionaries(st.text(max_size=5), json_values, max_size=6))
def test_equal_records_are_equal_bytes_and_come_back(record):
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, "a.json"), Path(folder, "b.json")
        json_tsv.write_json(first, record)
        json_tsv.write_json(second, dict(reversed(record.items())))
        assert first.read_bytes() == second.read_bytes()
        assert json_tsv.read_json(first) == record


def test_a_broken_record_is_named_with_its_remedy(tmp_path):
    path = tmp_path / "metrics.json"
    path.write_text('{"mcc": 0.')
    with pytest.raises(ValueError, match=r"metrics\.json: cannot be read .*rerun"):
        json_tsv.read_json(path)


sequences_of_ids = st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=7), max_size=9)
# NumPy strings end at their last character that is not NUL: ids have none.
words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)


@given(sequences_of_ids, st.booleans(), st.data())
def test_ragged_sequences_come_back_as_they_were(sequences, regression, data):
    n = len(sequences)
    label = st.floats(allow_nan=False) if regression else st.integers(-1, 9)
    labels = data.draw(st.lists(label, min_size=n, max_size=n))
    names = data.draw(st.lists(words, min_size=n, max_size=n))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "part.arrow")
        arrow.write_ragged(path, id_sequences.joined(sequences, labels, names))
        ragged = arrow.read_ragged(path)
        assert len(ragged) == n
        assert [ragged[i].tolist() for i in range(n)] == sequences
        assert ragged.labels.tolist() == labels
        assert ragged.names.tolist() == names
        assert ragged.lengths.tolist() == [len(s) for s in sequences]
        kind = np.float64 if regression and n else np.int64
        assert (ragged.ids.dtype, ragged.labels.dtype) == (np.int32, kind)


@given(st.lists(words, min_size=1, max_size=9), st.data())
def test_names_of_a_file_behave_like_an_array_of_strings(names, data):
    n = len(names)
    rows = np.array(data.draw(st.lists(st.integers(-n, n - 1), max_size=5)), dtype=int)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    array = np.asarray(names, dtype=str)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "part.arrow")
        arrow.write_ragged(path, id_sequences.joined([[1]] * n, [0] * n, names))
        lazy = arrow.read_ragged(path).names
        for index in (rows, mask, slice(1, None, 2)):
            assert lazy[index].tolist() == array[index].tolist()
        assert [lazy[0], lazy[-1]] == [names[0], names[-1]]
        assert list(lazy) == np.asarray(lazy).tolist() == names
        assert pd.DataFrame({"id": lazy})["id"].tolist() == names


def test_equal_sequences_are_equal_bytes_whenever_they_are_written(tmp_path):
    ragged = id_sequences.joined([[1, 5, 2], [1, 2]], [0, 1], ["x", "y"])
    arrow.write_ragged(tmp_path / "a.arrow", ragged)
    # Written once more from what was read: other buffers, the same content.
    arrow.write_ragged(tmp_path / "b.arrow", arrow.read_ragged(tmp_path / "a.arrow"))
    assert (tmp_path / "a.arrow").read_bytes() == (tmp_path / "b.arrow").read_bytes()


def test_any_arrow_reader_knows_the_columns(tmp_path):
    ragged = id_sequences.joined([[1, 5, 2], []], [0.5, 1.5], ["x", "y"])
    arrow.write_ragged(tmp_path / "a.arrow", replace(ragged, units=np.array(["g", "y"])))
    table = pa.ipc.open_file(str(tmp_path / "a.arrow")).read_all()
    assert table.to_pydict() == {
        "ids": [[1, 5, 2], []], "label": [0.5, 1.5], "name": ["x", "y"], "unit": ["g", "y"]
    }  # fmt: skip
    arrow.write_ragged(tmp_path / "b.arrow", ragged)
    assert arrow.read_ragged(tmp_path / "b.arrow").units.tolist() == ["x", "y"]


def test_what_is_read_is_a_view_of_the_file_that_nobody_can_change(tmp_path):
    path = tmp_path / "a.arrow"
    arrow.write_ragged(path, id_sequences.joined([[1, 5, 2], [1, 2]], [0, 1], ["x", "y"]))
    before = pa.total_allocated_bytes()
    ragged = arrow.read_ragged(path)
    assert pa.total_allocated_bytes() == before  # mapped, not copied
    for array in (ragged.ids, ragged.offsets, ragged.labels, ragged[0]):
        assert not array.flags.owndata and not array.flags.writeable


def test_arrays_that_do_not_belong_together_are_not_written(tmp_path):
    whole = id_sequences.joined([[1, 5, 2], [1, 2]], [0, 1], ["x", "y"])
    for change in (
        {"labels": whole.labels[:1]},
        {"names": whole.names[:1]},
        {"ids": whole.ids[1:]},
    ):
        with pytest.raises(ValueError, match=r"a\.arrow: .* do not belong together"):
            arrow.write_ragged(tmp_path / "a.arrow", replace(whole, **change))
    assert not list(tmp_path.iterdir())


def arrow_file(path: Path, columns: dict) -> Path:
    batch = pa.record_batch(columns)
    with pa.ipc.new_file(str(path), batch.schema) as file:
        file.write_batch(batch)
    return path


def test_a_file_of_another_kind_is_refused_by_name(tmp_path):
    good = tmp_path / "good.arrow"
    arrow.write_ragged(good, id_sequences.joined([[1, 2], [3]], [0, 1], ["x", "y"]))
    cases = {"empty": b"", "text": b"no Arrow file" * 9, "cut": good.read_bytes()[:-40]}
    for name, content in cases.items():
        (tmp_path / f"{name}.arrow").write_bytes(content)
        with pytest.raises(
            ValueError, match=rf"{name}\.arrow: no Arrow file .*delete it and rerun"
        ):
            arrow.read_ragged(tmp_path / f"{name}.arrow")
    with pytest.raises(ValueError, match=r"its columns are \['x'\]"):
        arrow.read_ragged(arrow_file(tmp_path / "other.arrow", {"x": pa.array([1])}))
    with pytest.raises(FileNotFoundError):
        arrow.read_ragged(tmp_path / "none.arrow")


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 10**4), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_file_with_changed_bytes_is_read_or_refused_but_never_crashes(changes):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "part.arrow")
        arrow.write_ragged(path, id_sequences.joined([[1, 2], [3]], [0, 1], ["x", "yß"]))
        content = bytearray(path.read_bytes())
        for place, value in changes:
            content[place % len(content)] = value
        path.write_bytes(content)
        try:
            ragged = arrow.read_ragged(path)
        except ValueError as error:
            assert "part.arrow" in str(error)
        else:
            assert [len(ragged[i]) for i in range(len(ragged))] == ragged.lengths.tolist()
            assert len(ragged.names.tolist()) == len(ragged)


def test_words_that_other_readers_take_for_missing_stay_words(tmp_path):
    words = ["NA", "nan", "None", "null", 'a "quote"', "a\ttab", "two\nlines", "ß"]
    table = pd.DataFrame({"id": words, "score": np.arange(len(words)) / 4})
    json_tsv.write_table(tmp_path / "t.tsv", table)
    pd.testing.assert_frame_equal(json_tsv.read_table(tmp_path / "t.tsv"), table)


def test_names_that_look_like_numbers_stay_names(tmp_path):
    table = pd.DataFrame({"task": ["2024", "1e42"], "class": ["01", "1"], "score": [0.5, 1.5]})
    json_tsv.write_table(tmp_path / "t.tsv", table)
    pd.testing.assert_frame_equal(json_tsv.read_table(tmp_path / "t.tsv"), table)


@given(st.lists(st.floats(-1e30, 1e30, allow_subnormal=False) | st.just(np.nan), min_size=1))
def test_numbers_of_a_table_keep_six_digits_and_missing_ones_stay_missing(values):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "t.tsv")
        json_tsv.write_table(path, pd.DataFrame({"step": range(len(values)), "loss": values}))
        back = json_tsv.read_table(path, ["loss"])["loss"].to_numpy(dtype=float)
    np.testing.assert_allclose(back, values, rtol=5.1e-6, equal_nan=True)


CELLS = st.fixed_dictionaries(
    {
        "step": st.integers(-(10**9), 10**9),
        "loss": st.floats(),
        "p": st.floats(width=32).map(np.float32),
        "name": st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
        "diverged": st.booleans(),
    }
)


@given(st.lists(CELLS, min_size=1, max_size=5))
def test_records_are_written_as_the_table_of_them_is(records):
    with tempfile.TemporaryDirectory() as folder:
        one, other = Path(folder, "one.tsv"), Path(folder, "other.tsv")
        json_tsv.write_records(one, records)
        json_tsv.write_table(other, pd.DataFrame(records).astype({"p": np.float32}))
        assert one.read_bytes() == other.read_bytes()


def test_a_missing_column_is_named_with_the_file_and_the_columns_there_are(tmp_path):
    path = tmp_path / "settings.tsv"
    json_tsv.write_table(path, pd.DataFrame({"task": ["splice"]}))
    with pytest.raises(ValueError, match=r"settings\.tsv: no column 'pooling'.*\['task'\]"):
        json_tsv.read_table(path, ["task", "pooling"])


def test_records_end_with_a_line_break_and_have_sorted_keys(tmp_path):
    json_tsv.write_json(tmp_path / "r.json", {"b": 1, "a": {"d": 2, "c": 3}})
    text = (tmp_path / "r.json").read_text()
    assert text.endswith("}\n")
    pairs = json.loads(text, object_pairs_hook=lambda pairs: pairs)
    assert pairs == [("a", [("c", 3), ("d", 2)]), ("b", 1)]


def test_what_cannot_be_written_is_named_and_nothing_is_left(tmp_path):
    with (
        pytest.raises(OSError, match=r"t\.tsv: .*No space left"),
        atomic.atomic(tmp_path / "t.tsv") as new,
    ):
        new.touch()
        Path("/dev/full").write_text("1")
    assert list(tmp_path.iterdir()) == []


def test_only_partial_files_of_processes_that_are_gone_are_removed(tmp_path):
    gone = subprocess.Popen(["true"])
    gone.wait()
    (tmp_path / f".t.{gone.pid}.partial.tsv").touch()
    living = tmp_path / f".t.{os.getpid()}.partial.tsv"
    others = [tmp_path / name for name in (f".t.{gone.pid}.partial.json", "t.partial.tsv", "t.tsv")]
    for path in (living, *others):
        path.touch()
    atomic.remove_partial(tmp_path / "t.tsv")
    assert set(tmp_path.iterdir()) == {living, *others}
    os.utime(living, (0, 0))  # written before a process with this number began
    atomic.remove_partial(tmp_path / "t.tsv")
    assert set(tmp_path.iterdir()) == set(others)


@pytest.mark.parametrize("content", [b"", b'{"a": ', b'{"a": "\xff"}', b"\0\1\2"])
def test_a_damaged_record_or_table_is_named(content, tmp_path):
    (tmp_path / "t.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"t\.json: cannot be read .*delete it and rerun"):
        json_tsv.read_json(tmp_path / "t.json")
    (tmp_path / "t.tsv").write_bytes(b'a\tb\n"1\xff\t' if content else b"")
    with pytest.raises(ValueError, match=r"t\.tsv: cannot be read .*delete it and rerun"):
        json_tsv.read_table(tmp_path / "t.tsv")


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path):
    with pytest.raises(FileNotFoundError):
        json_tsv.read_json(tmp_path / "t.json")


def test_a_full_disk_is_told_with_the_folder_that_it_hit(tmp_path):
    full = OSError(errno.ENOSPC, "No space left on device")
    with (
        pytest.raises(OSError, match=f"{tmp_path}/x: .*No space left"),
        atomic.whole_folder(tmp_path / "x") as new,
    ):
        (new / "a.csv").write_text("half")
        raise full
    assert not list(tmp_path.iterdir())


def test_jobs_may_remove_the_same_folder_at_the_same_time(tmp_path):
    for attempt in range(20):
        folder = tmp_path / f"{attempt}"
        for place in range(30):
            (folder / f"{place}" / "inner").mkdir(parents=True)
        with ThreadPoolExecutor(4) as jobs:
            list(jobs.map(atomic.remove, [folder] * 4))
        assert not folder.exists()
