"""What people new to layouts get wrong and would not notice: data that are read, but wrongly."""

import re

import pytest

from seqtransfer.corpora import label_faults, layouts
from seqtransfer.corpora.converters import fasta, series, table


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"occupied=(\d)", "a occupied=1 b", "1"),
        (r"occupied=(\d)", "a occupied=1", "1"),
        (r"(?:^|\s)label=(\S+)", "a label=x,y", "x,y"),
        (r"^([A-Z]+)", "ABC12", "ABC"),  # another kind of character follows
        (r"^(\w)\w+", "abc", "a"),  # what follows is in the pattern
        (r"_(\d+)\.", "NM_12.5", "12"),
        (r"(\d)$", "seq1", "1"),
        (r"b=(\d)", "a=1", None),
    ],
)
def test_a_pattern_finds_whole_words(pattern, text, found):
    assert layouts.searched("x", pattern, text) == found


@pytest.mark.parametrize(
    ("pattern", "text", "said"),
    [
        (r"family=(\d)", "a family=11", "finds '1' in '11', where it goes on"),
        (r"score=-?(\d\.\d)", "a score=-0.91", "finds '0.9' in '0.91'"),
        (r"score=(\d+)", "score=0.91", "finds '0' in '0.91'"),
        (r"class=([a-z])", "class=alpha", "finds 'a' in 'alpha'"),
        (r"occupied=(\d)", "a preoccupied=0 occupied=1", "begins within a word, 'a preoccupied=0'"),
    ],
)
def test_a_pattern_that_cuts_a_word_or_number_is_refused(pattern, text, said):
    with pytest.raises(ValueError, match=f"^x: pattern .*{re.escape(said)}"):
        layouts.searched("x", pattern, text)


def test_a_record_whose_label_a_pattern_cuts_is_named(tmp_path):
    (tmp_path / "x.fasta").write_text(">a family=3\nACGT\n>b family=11\nACGT\n")
    options = fasta.Options(file="x.fasta", label={"pattern": r"family=(\d)"})
    with pytest.raises(ValueError, match=r"x\.fasta: record 'b': label: pattern .* '11'"):
        fasta.convert(tmp_path, tmp_path / "out.fasta", options)


def test_which_files_a_pattern_reads_and_which_not_is_in_the_log(tmp_path, capsys):
    for name in ("a.fasta", "b.FASTA", "c.fa", "labels.tsv"):
        (tmp_path / name).write_text(
            ">a label=1\nACGT\n" if name[0] != "l" else "id\tlabel\na\t1\n"
        )
    options = fasta.Options(file="*.fasta", labels="labels.tsv", label={"column": "label"})
    fasta.convert(tmp_path, tmp_path.parent / "read.fasta", options)
    assert "files read: a.fasta\nfiles left: b.FASTA, c.fa\n" in capsys.readouterr().out


def test_ids_that_a_side_table_shortens_or_has_too_many_of_are_said(tmp_path):
    (tmp_path / "x.fasta").write_text(">sp|P0|X_HUMAN\nACGT\n")
    options = fasta.Options(file="x.fasta", labels="x.tsv", label={"column": "label"})
    (tmp_path / "x.tsv").write_text("id\tlabel\nP0\t1\n")
    with pytest.raises(ValueError, match=r"no row in the table `labels`; it has 'P0': write the"):
        fasta.convert(tmp_path, tmp_path / "out.fasta", options)
    (tmp_path / "x.tsv").write_text("id\tlabel\nsp|P0|X_HUMAN\t1\nq\t1\nr\t0\ns\t0\n")
    with pytest.raises(ValueError, match=r"line 3: no record has the id 'q' and 2 more rows have"):
        fasta.convert(tmp_path, tmp_path / "out.fasta", options)


@pytest.mark.parametrize(
    ("label", "near"), [("1", "01"), ("007", "7"), ("pos\u200b", "pos"), ("1.0", "1")]
)
def test_a_label_that_only_looks_like_a_class_is_named(label, near):
    with pytest.raises(ValueError, match=f"nearly {near!r}"):
        label_faults.check("x", label, [near, "other"])
    label_faults.check("x", label, [near, label])


def test_a_column_of_whole_numbers_among_others_is_no_value_of_a_series(tmp_path, capsys):
    lines = [f"{1000 + 7 * n},run,0.5,{n}.25,1.5,2" + ".5" * (n % 2) for n in range(12)]
    (tmp_path / "x.csv").write_text("\n".join(["person,activity,t0,t1,t2,t3", *lines]))
    with pytest.raises(
        ValueError, match=r"of 5 columns of values 'person' alone hold whole numbers"
    ):
        series.convert(tmp_path, tmp_path / "x.symbols", series.Options("x.csv", label="activity"))
    assert "x.csv: 5 columns of values, 'person' to 't3'" in capsys.readouterr().out
    grouped = series.Options("x.csv", label="activity", group="person")
    assert len(series.convert(tmp_path, tmp_path / "x.symbols", grouped)) == 12


def test_a_molecule_without_a_pattern_of_its_symbols_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("smiles,label\nCC(=O)OC1=CC=CC=C1C(=O)O,1\n")
    options = table.Options("x.csv", sequence="smiles")
    with pytest.raises(ValueError, match=r"line 2: 'CC\(=O\).* is one symbol; state `symbol`"):
        table.convert(tmp_path, tmp_path / "x.symbols", options)


def test_a_table_without_a_header_is_told_how_to_name_its_columns(tmp_path):
    (tmp_path / "x.csv").write_text("TGATTTGACC,0\nTGATTTGACA,1\n")
    with pytest.raises(ValueError, match=r"no column 'sequence'.*name the columns by `header: \["):
        table.convert(tmp_path, tmp_path / "x.fasta", table.Options("x.csv"))
