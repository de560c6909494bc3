"""Labels of symbols, from tables and files of three lines; whatever does not fit is named."""

import pytest

from seqtransfer.corpora import converters
from seqtransfer.corpora.symbol_tables import read_symbols

TASK = {"format": "symbols", "kind": "token_classification", "classes": ["(", ")", "."]}
RNA = ">1abc chain A\nGGAUCACC\n((....))\n>2xyz\nguc\n...\n"


def converted(tmp_path, text, layout, converter="three_line", **changes):
    """The examples of a file of this text."""
    layout = {"file": "a.txt"} | layout
    (tmp_path / layout["file"]).write_text(text, encoding=layout.get("encoding", "utf-8"))
    record = TASK | {"converter": converter, "layout": layout} | changes
    converters.convert(record, tmp_path, tmp_path / "a.symbols")
    return read_symbols(tmp_path / "a.symbols")


def test_records_of_three_lines_give_each_symbol_its_label(tmp_path, capsys):
    first, second = converted(tmp_path, RNA + "\n\n", {"alphabet": "rna"})
    assert (first.id, first.symbols, first.label) == ("1abc", tuple("GGAUCACC"), "( ( . . . . ) )")
    assert (second.id, second.symbols, second.label) == ("2xyz", tuple("GUC"), ". . .")
    assert "11 symbols, {'.': 7, '(': 2, ')': 2}" in capsys.readouterr().out


def test_a_gap_is_taken_out_of_the_record_since_it_has_a_label(tmp_path):
    with pytest.raises(ValueError, match=r"'-' at position 2; take it out of the record, with its"):
        converted(tmp_path, ">a\nG-C\n(.)\n", {"alphabet": "rna"})


def test_empty_lines_and_comments_may_stand_between_records(tmp_path):
    text = "# of a base\n\n" + RNA.replace(">2xyz", "\n#File 2\n  \n>2xyz") + "#end"
    assert [e.id for e in converted(tmp_path, text, {"alphabet": "rna"})] == ["1abc", "2xyz"]
    hashes = converted(tmp_path, ">a\nGGC\n#()\n", {}, classes=["#"])
    assert [e.label for e in hashes] == ["# ( )"]


def test_a_file_has_the_stated_encoding(tmp_path):
    found = converted(tmp_path, ">blé é\nACG\n(.)\n", {"encoding": "utf-16"})
    assert [(e.id, e.label) for e in found] == [("blé", "( . )")]


def test_id_and_group_are_found_by_patterns(tmp_path):
    layout = {"id": "^>(.+)", "group": r"^>\d(\w+)"}
    found = converted(tmp_path, RNA, layout)
    assert [(e.id, e.group) for e in found] == [("1abc-chain-A", "abc"), ("2xyz", "xyz")]


@pytest.mark.parametrize(
    ("text", "layout", "said"),
    [
        (">a\nGGC\n(.\n", {}, r"a\.txt: line 1: 3 symbols, but 2 labels"),
        (RNA + ">b\nGG\n...\n", {}, r"line 7: 2 symbols, but 3 labels"),
        (RNA + ">b\nGG\n", {}, r"line 7: expected a record of three lines.*found '>b'"),
        ("a\nGG\n()\n", {}, r"line 1: expected a record of three lines"),
        (">b\nGG\n\n()\n", {}, r"line 1: expected .* found '\(\)' after three"),
        (">b\nGG\n\n", {}, "line 1: 2 symbols, but 0 labels"),
        (">b\n\nGG\n()\n", {}, r"line 1: expected .* found '\(\)' after three"),
        (">b\nGGCC\nGG\n((..\n))\n", {},
         r"line 1: expected .* all symbols on one and all labels .* found '\(\(\.\.' after three"),
        ("# a\n\n>b\nGGC\n(.) (-3.40)\n", {},
         r"line 5: its labels go on after a blank, '\(-3\.40\)': an energy\? remove it"),
        (">b\nGGC\n(.)\t-3.4\n", {}, "line 3: its labels go on after a blank, '-3.4'"),
        ("> \nGG\n()\n", {}, r"line 1: `id` .* finds nothing in '>'"),
        (RNA, {"group": r"chain (\w)"}, r"line 4: `group` 'chain .* finds nothing in '>2xyz'"),
        (">a\nGTC\n(.)\n", {"alphabet": "rna"}, r"line 1: holds 'T' at position 2"),
        (">a\nGGC\n( )\n", {}, r"line 1: the label ' ' of symbol 2 is empty or holds white"),
        (
            RNA.replace("2xyz", "1abc"), {},
            r"a\.txt: line 4: id '1abc' comes twice, first at .*a\.txt: line 1;",
        ),
        (RNA.replace(")", "]"), {}, r"no symbol has the class '\)'; its labels are '\.', '\('"),
    ],
)  # fmt: skip
def test_what_is_no_such_record_is_named_with_file_and_line(tmp_path, text, layout, said):
    with pytest.raises(ValueError, match=said):
        converted(tmp_path, text, layout)
    assert not (tmp_path / "a.symbols").exists()


TABLE = "name,chords,keys\nx,C G Am,1 5 6\ny,F|G,4/5\n"
LABELS = {"sequence": "chords", "label": "keys", "id": "name", "symbol": r"[^ |]+", "file": "a.csv"}


def test_cells_of_a_table_are_cut_by_two_patterns(tmp_path):
    layout = LABELS | {"symbol_label": r"\d"}
    found = converted(tmp_path, TABLE, layout, "table", classes=["1", "5"])
    assert [(e.symbols, e.label) for e in found] == [
        (("C", "G", "Am"), "1 5 6"), (("F", "G"), "4 5")
    ]  # fmt: skip


@pytest.mark.parametrize("label", ["H-HEE", "-HEC", "HEC/", "H/E-C"])
def test_labels_are_left_out_nowhere_since_others_would_move_to_their_symbols(tmp_path, label):
    layout = LABELS | {"symbol": r"\w", "symbol_label": "[HEC]"}
    with pytest.raises(ValueError, match=r"line 2: `symbol_label` '\[HEC\]' leaves '[-/]' out of"):
        converted(tmp_path, f"name,chords,keys\nx,ACDE,{label}\n", layout, "table", classes=["H"])


def test_what_no_symbol_covers_is_counted_and_said(tmp_path, capsys):
    layout = {"file": "a.csv", "sequence": "chords", "symbol": "[A-G]m?"}
    table = "chords,label\nC G# Am,x\nF#|G,y\nA,x\n"
    changes = {"kind": "classification", "classes": ["x", "y"]}
    converted(tmp_path, table, layout, "table", **changes)
    printed = capsys.readouterr().out
    assert "3 of 10 characters are left out, since no match of `symbol` covers them" in printed
    for row in ("# stripped 2 2", "| stripped 1 1"):
        assert row.split() in [line.split() for line in printed.splitlines()]
    converted(tmp_path, table, layout | {"symbol": r"\S"}, "table", **changes)
    assert "left out" not in capsys.readouterr().out


def test_unequal_cells_are_named_with_line_and_both_lengths(tmp_path):
    layout = LABELS | {"symbol_label": r"\S+"}
    with pytest.raises(ValueError, match=r"a\.csv: line 3: 2 symbols, but 1 labels"):
        converted(tmp_path, TABLE, layout, "table", classes=["1", "5"])


def test_a_pattern_that_finds_an_empty_label_is_named_with_line_and_symbol(tmp_path):
    layout = LABELS | {"symbol_label": r"\d*"}
    with pytest.raises(ValueError, match=r"line 2: the label '' of symbol 2 is empty"):
        converted(tmp_path, "name,chords,keys\nx,C G,1\n", layout, "table", classes=["1"])


def test_a_pattern_of_labels_has_no_group():
    with pytest.raises(ValueError, match=r"`symbol_label` '\(a\)' has a group"):
        converters.CONVERTERS["table"].options(file="a.csv", symbol_label="(a)")


BASES = {"file": "a.csv", "symbol": ".", "symbol_label": "."}


def bases(tmp_path, rows, layout, **changes):
    """The examples of a table of bases and their labels."""
    lines = "".join(f"{row}\n" for row in ("sequence,label", *rows))
    return converted(tmp_path, lines, BASES | layout, "table", classes=["E", "I"], **changes)


def test_bases_in_both_cases_are_one_symbol_by_the_alphabet(tmp_path, capsys):
    found = bases(tmp_path, ["acGTn,EEIII"], {"alphabet": "dna"})
    assert [(e.symbols, e.label) for e in found] == [(tuple("ACGTN"), "E E I I I")]
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["N", "ambiguous", "1", "1"] in rows


def test_a_letter_that_is_taken_out_loses_its_label(tmp_path):
    layout = {"alphabet": "protein", "strip": ["gaps", "stop"]}
    (found,) = bases(tmp_path, ["MK-.L*-,EEIEIIE"], layout)
    assert (found.symbols, found.label) == (tuple("MKL"), "E E I")
    (found,) = bases(tmp_path, ["M-*,EII"], {"strip": ["gaps"]})
    assert (found.symbols, found.label) == (("M", "*"), "E I")


@pytest.mark.parametrize(
    ("rows", "layout", "said"),
    [
        (["ACGX,EEII"], {"alphabet": "dna"}, r"line 2: holds 'X' at position 4; alphabet `dna`"),
        (["AC-G,EEII"], {"alphabet": "dna"}, r"'-' at position 3; .*`strip: \[gaps\]`"),
        (["ACG,EI"], {"alphabet": "dna"}, "line 2: 3 symbols, but 2 labels"),
        (["AC Am,EI"], {"alphabet": "dna", "symbol": r"\S+"},
         r"line 2: `alphabet` is of single letters, and `symbol` .* finds 'AC'; write `symbol: "),
        (["AC Am,EI"], {"strip": ["gaps"], "symbol": r"\S+"}, "`strip` is of single letters"),
        (["GAT,EEI", "GAt,EEI"], {},
         r"line 3: holds 't', and .*line 2 'T', .* `alphabet: dna`, .*`symbol: '\[A-Za-z\]'`"),
        (["GAu,EEI", "UA,EI"], {}, "line 2: holds 'u', and .*line 3 'U', .* `alphabet: rna`"),
        (["MKLm,EEII"], {"symbol": r"(?i)\w"}, "line 2: holds 'm', .* `alphabet: protein`"),
    ],
)  # fmt: skip
def test_letters_that_fit_no_alphabet_or_come_in_two_cases_are_named(tmp_path, rows, layout, said):
    with pytest.raises(ValueError, match=said):
        bases(tmp_path, rows, layout)
    assert not (tmp_path / "a.symbols").exists()


@pytest.mark.parametrize(
    ("row", "layout"),
    [
        ("c1ccCC,EIEEII", {}),  # other symbols than letters, as in SMILES
        ("Cc,EI", {"symbol": "[A-Za-z]"}),  # a pattern that names both cases
        ("CcNn,EI", {"symbol": "[A-Z]."}),  # a symbol of two letters
        ("gat,EEI", {}),
    ],
)
def test_cases_that_are_meant_stay_two_symbols(tmp_path, row, layout):
    found = bases(tmp_path, [row], layout)
    assert "".join(found[0].symbols) == row.split(",")[0]


def test_symbols_of_whole_examples_keep_their_cases(tmp_path):
    layout = {"file": "a.csv", "symbol": ".", "sequence": "smiles"}
    changes = {"kind": "classification", "classes": ["x"]}
    (found,) = converted(tmp_path, "smiles,label\nCcNn,x\n", layout, "table", **changes)
    assert found.symbols == tuple("CcNn")
