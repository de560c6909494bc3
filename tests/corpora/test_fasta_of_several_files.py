"""FASTA files of one task: ids that begin anew in each, tables of facts beside them, and litter."""

import pytest
from test_general_converters import convert


def test_ids_that_begin_anew_in_each_part_are_told_apart(tmp_path, capsys):
    files = {"train.fa": ">seq0 a\nMK\n>seq1 b\nMV\n", "test.fa": ">seq0 a\nMW\n>other b\nMY\n"}
    layout = {"files": {"train": "train.fa", "test": "test.fa"}, "label": {"field": 2}}
    found = convert(tmp_path, "fasta", layout, files)
    assert [(e.id, e.symbols, e.split) for e in found] == [
        ("seq0", "MK", "train"), ("seq1", "MV", "train"),
        ("test-seq0", "MW", "test"), ("other", "MY", "test"),
    ]  # fmt: skip
    printed = capsys.readouterr().out
    assert "ids that an earlier file has, and that were renamed: 1, test-seq0 the first" in printed


def test_ids_that_begin_anew_in_each_file_of_a_class_are_told_apart(tmp_path):
    files = {f"{name}.fasta": ">1\nMK\n>2\nMV\n" for name in ("my negative", "x/positive")}
    layout = {"file": "**/*.fasta", "label": {"file": "(negative|positive)"}}
    found = convert(tmp_path, "fasta", layout, files, classes=["negative", "positive"])
    assert [(e.id, e.label) for e in found] == [
        ("1", "negative"), ("2", "negative"), ("x_positive-1", "positive"),
        ("x_positive-2", "positive"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["test.fa", "train.fa"])
def test_an_id_twice_in_one_file_is_refused(tmp_path, name):
    files = {"train.fa": ">p a\nMK\n", "test.fa": ">p b\nMV\n"}
    files[name] += ">p b\nMW\n"
    layout = {"files": {"train": "train.fa", "test": "test.fa"}, "label": {"field": 2}}
    with pytest.raises(ValueError, match=rf"{name}: record 'p': id '.*p' comes twice"):
        convert(tmp_path, "fasta", layout, files)


def test_an_id_of_two_files_is_refused_where_a_table_has_one_row_for_it(tmp_path):
    files = {"a.fa": ">p\nMK\n", "b.fa": ">p\nMV\n", "facts.tsv": "id\tlabel\np\ta\n"}
    layout = {"file": "*.fa", "labels": "facts.tsv", "label": {"column": "label"}}
    with pytest.raises(
        ValueError, match=r"b\.fa: record 'p': id 'p' comes twice, first at .*a\.fa"
    ):
        convert(tmp_path, "fasta", layout, files, classes=["a"])


def test_what_a_file_manager_leaves_beside_files_is_not_read_by_a_pattern(tmp_path, capsys):
    files = {"x.fasta": ">p a\nMK\n", "._x.fasta": b"\0\5\x16\7", ".DS_Store": b"\0", "y.txt": ""}
    files |= {"__MACOSX/z.fasta": b"\0"}
    layout = {"file": "**/*.fasta", "label": {"field": 2}}
    assert [e.id for e in convert(tmp_path, "fasta", layout, files, classes=["a"])] == ["p"]
    assert "files read: x.fasta\nfiles left: y.txt\n" in capsys.readouterr().out
