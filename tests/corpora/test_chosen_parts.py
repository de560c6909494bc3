"""Parts and groups by what a column or header says: chromosomes, folds, mutated positions."""

import pytest

from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.converters import fasta, first_rows, midi, table
from seqtransfer.corpora.fasta import read_fasta

CHROMOSOMES = ["chr1", "chr2", "chr8", "chr9", "chrX"]
PARTS = {"dev": ["chr2"], "test": ["chr8", "chr9"]}
EXPECTED = ["train", "dev", "test", "test", "train"]


def test_a_table_is_divided_by_the_words_that_are_named(tmp_path):
    rows = [f"ACGT{'A' * n},a,{name}" for n, name in enumerate(CHROMOSOMES)]
    (tmp_path / "x.csv").write_text("\n".join(["sequence,label,chr", *rows]))
    options = table.Options("x.csv", split="chr", parts=PARTS)
    table.convert(tmp_path, tmp_path / "x.fasta", options)
    assert [one.split for one in read_fasta(tmp_path / "x.fasta")] == EXPECTED


def test_folds_are_numbers(tmp_path):
    rows = [f"ACGT{'A' * n},a,{n}" for n in range(5)]
    (tmp_path / "x.csv").write_text("\n".join(["sequence,label,fold_random_5", *rows]))
    options = table.Options("x.csv", split="fold_random_5", parts={"dev": [1], "test": [2, 3]})
    table.convert(tmp_path, tmp_path / "x.fasta", options)
    assert [one.split for one in read_fasta(tmp_path / "x.fasta")] == EXPECTED


def test_records_are_divided_by_their_headers(tmp_path):
    records = [f">enhancer::{name}:1-9(+)\nACGT{'A' * n}\n" for n, name in enumerate(CHROMOSOMES)]
    (tmp_path / "x.fasta").write_text(
        "".join(f.replace("::", f"{i}::") for i, f in enumerate(records))
    )
    options = fasta.Options(
        "x.fasta", label={"pattern": r"^([a-z]+)\d::"}, split={"pattern": r"::(\w+):"}, parts=PARTS
    )
    found = list(fasta.labelled_records(tmp_path, options, Cleaner("dna", ())))
    assert [one.split for one in found] == EXPECTED


def test_a_word_that_no_example_has_is_refused_once_all_are_read(tmp_path):
    (tmp_path / "x.csv").write_text("sequence,label,chr\nACGT,a,1\nACGA,a,8\n")
    record = {"converter": "table", "format": "fasta", "classes": ["a"]}
    record["layout"] = {"file": "x.csv", "split": "chr", "parts": {"test": ["chr8"]}}
    first_rows.check(record, str(tmp_path), {"x.csv": tmp_path / "x.csv"})  # one row tells nothing
    with pytest.raises(
        ValueError, match=r"no example has 'chr8' in `split`, .* gives to test; write"
    ):
        table.convert(tmp_path, tmp_path / "x.fasta", table.Options(**record["layout"]))
    assert not (tmp_path / "x.fasta").exists()


@pytest.mark.parametrize(
    ("layout", "said"),
    [
        ({"parts": {"test": [1]}}, "`parts` needs `split`"),
        ({"split": "x", "parts": {"dev": [1], "test": ["1"]}}, "'1' stands in it twice"),
    ],
)
def test_parts_that_contradict_other_keys_are_refused(layout, said):
    for options in (table.Options, midi.Options):
        with pytest.raises(ValueError, match=said):
            options(**layout)
    with pytest.raises(ValueError, match="`parts` of dev and `dev_share`"):
        table.Options("x", split="x", parts={"dev": [1]}, dev_share=0.1)


def test_a_group_may_be_a_word_within_a_column(tmp_path):
    mutants = ["M301A", "M301C", "K12E"]
    rows = [f"ACGT{'A' * n},{n}.5,{name}" for n, name in enumerate(mutants)]
    (tmp_path / "x.csv").write_text("\n".join(["sequence,label,mutant", *rows]))
    options = table.Options("x.csv", group="mutant", group_pattern=r"(\d+)")
    table.convert(tmp_path, tmp_path / "x.fasta", options)
    assert [one.group for one in read_fasta(tmp_path / "x.fasta")] == ["301", "301", "12"]
    options = table.Options("x.csv", group="mutant", group_pattern=r"^M(\d+)")
    with pytest.raises(
        ValueError, match=r"line 4: the pattern .* finds nothing in the group 'K12E'"
    ):
        table.convert(tmp_path, tmp_path / "y.fasta", options)
    (tmp_path / "two.csv").write_text("sequence,label,mutant\nACGT,1,A2C:G40D\nACGA,2,G40S\n")
    options = table.Options("two.csv", group="mutant", group_pattern=r"(\d+)")
    with pytest.raises(ValueError, match=r"line 2: the pattern .* finds '2' and '40' in the group"):
        table.convert(tmp_path, tmp_path / "y.fasta", options)
    with pytest.raises(ValueError, match=r"`group_pattern` is searched in the column `group`"):
        table.Options("x.csv", group_pattern=r"(\d+)")
