"""FASTA and text tables are read as written, and malformed ones are named."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtransfer.corpora.examples import Example, TextExample
from seqtransfer.corpora.fasta import read_fasta, write_fasta
from seqtransfer.corpora.text_files import rows
from seqtransfer.corpora.texts import read_text

# Any text but lone surrogates, which no UTF-8 file can hold.
VALUES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
WORDS = st.text(string.ascii_letters + string.digits + "_.|:#%=-", min_size=1, max_size=20)
SYMBOLS = st.text(string.ascii_uppercase + "*-", min_size=1, max_size=200)
EXAMPLES = st.lists(
    st.builds(
        Example,
        id=WORDS,
        symbols=SYMBOLS,
        label=VALUES,
        group=st.none() | VALUES,
        split=st.sampled_from([None, "train", "dev", "test"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda example: example.id,
)


@given(EXAMPLES)
def test_fasta_gives_back_what_was_written(tmp_path_factory, examples):
    path = tmp_path_factory.mktemp("fasta") / "x.fasta"
    write_fasta(path, examples)
    assert list(read_fasta(path)) == examples


def test_fasta_of_others_is_read_with_quoted_values_and_foreign_words(tmp_path):
    path = tmp_path / "x.fasta"
    path.write_text(
        ">sp|P1|ONE Insulin OS=Homo sapiens label=Cytoplasm%3BNucleus\nmk*\nL-V\n\n"
        ">two split=dev group=family%201 label=N\nACGT\n"
    )
    assert list(read_fasta(path)) == [
        Example("sp|P1|ONE", "MK*L-V", "Cytoplasm;Nucleus", None, None),
        Example("two", "ACGT", "N", "family 1", "dev"),
    ]


@pytest.mark.parametrize(
    "content, words",
    [
        (">a\nACGT\n", ["record 'a'", "no label", ">a label=..."]),
        (">a label=\nACGT\n", ["record 'a'", "no label"]),
        (">a label=N\n>b label=N\nACGT\n", ["record 'a'", "no sequence"]),
        (">a label=N\nAC1T.\n", ["record 'a'", "'.', '1'"]),
        (">a label=N\nACÄT\n", ["record 'a'", "'Ä'"]),
        (">a label=N\nA\n>a label=N\nC\n", ["id 'a' comes twice"]),
        (">a label=N split=valid\nA\n", ["record 'a'", "'valid'", "train, dev, test"]),
        (">a label=N label=M\nA\n", ["record 'a'", "comes twice"]),
        (">\nACGT\n", ["record ''"]),
        ("", ["no examples"]),
        ("ACGT\n", ["not a FASTA file"]),
    ],
)
def test_malformed_fasta_names_file_and_record(tmp_path, content, words):
    path = tmp_path / "bad.fasta"
    path.write_text(content)
    with pytest.raises(ValueError) as caught:
        read_fasta(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "example, word",
    [
        (Example("a b", ("A",), "N", None, None), "one word"),
        (Example(">a", ("A",), "N", None, None), "one word"),
        (Example("a", ("60",), "N", None, None), "one character"),
        (Example("a", ("a",), "N", None, None), "'a'"),
        (Example("a", ("A",), "N", None, None, ("C",)), "not a pair"),
        (Example("a", (), "N", None, None), "no sequence"),
        (Example("a", ("A",), None, None, None), "no label"),
        (Example("a", ("A",), "N", None, "valid"), "'valid'"),
    ],
)
def test_examples_that_fasta_cannot_hold_leave_no_file(tmp_path, example, word):
    with pytest.raises(ValueError, match=word):
        write_fasta(tmp_path / "x.fasta", [example])
    assert list(tmp_path.iterdir()) == []


def test_text_keeps_quotation_marks_leading_zeros_and_words_for_nothing(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text(
        'id\tlabel\ttext\tgroup\tsplit\n001\t1.0\t"a ""film"""\tg\ttrain\nNA\tNone\tnull\t\t\n'
    )
    assert read_text(path) == [
        TextExample("001", 'a "film"', "1.0", "g", "train"),
        TextExample("NA", "null", "None", None, None),
    ]


def test_a_column_second_makes_every_text_a_pair(tmp_path):
    path = tmp_path / "x.tsv"
    path.write_text("id\tlabel\ttext\tsecond\n1\t0.5\tA man\tA dog\n")
    assert read_text(path) == [TextExample("1", "A man", "0.5", None, None, "A dog")]


@pytest.mark.parametrize(
    "content, words",
    [
        ("id\tlabel\ttext\tsecond\n1\ta\tx\t\n", ["text '1'", "`second` is empty"]),
        ("id\ttext\n1\tx\n", ["no column 'label'", "['id', 'text']"]),
        ("id\tlabel\ttext\n", ["no rows"]),
        ("", ["is empty"]),
        ("id\tlabel\ttext\n1\ta\n", ["line 2", "2 cells instead of 3"]),
        ("id\tlabel\ttext\n1\ta\t \n", ["text '1'", "empty"]),
        ("id\tlabel\ttext\n1\t\tx\n", ["text '1'", "no label", "column `label`"]),
        ("id\tlabel\ttext\n\ta\tx\n", ["example 1 has no id"]),
        ("id\tlabel\ttext\n1\ta\tx\n1\ta\ty\n", ["id '1' comes twice"]),
        ('id\tlabel\ttext\n1\ta\t"x\n2\tb\ty"\n', ["line 2", "quotation mark"]),
        ("id\tlabel\ttext\tsplit\n1\ta\tx\teval\n", ["text '1'", "'eval'"]),
    ],
)
def test_malformed_text_tables_name_file_and_row(tmp_path, content, words):
    path = tmp_path / "bad.tsv"
    path.write_text(content)
    with pytest.raises(ValueError) as caught:
        read_text(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_a_table_in_another_encoding_is_named(tmp_path):
    path = tmp_path / "latin.tsv"
    path.write_bytes("id\ttext\n1\tcafé\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin\.tsv: line 2: byte 0xe9 is no text in utf-8"):
        list(rows(path, ["id"]))
