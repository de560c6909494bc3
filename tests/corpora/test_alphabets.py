"""Symbols: which stay, which are taken out, which are refused, and all of them counted."""

import pytest
from Bio.Data import IUPACData
from hypothesis import given
from hypothesis import strategies as st

from seqtransfer.corpora.alphabets import ALPHABETS, Cleaner


def test_the_alphabets_are_biopythons():
    for name, plain, ambiguous in [
        ("dna", IUPACData.unambiguous_dna_letters, IUPACData.ambiguous_dna_letters),
        ("rna", IUPACData.unambiguous_rna_letters, IUPACData.ambiguous_rna_letters),
        ("protein", IUPACData.protein_letters, IUPACData.extended_protein_letters),
    ]:
        alphabet = ALPHABETS[name]
        assert set(alphabet.letters) == set(plain)
        # Biopython counts X of nucleotides as N; no file of ours may.
        assert set(alphabet.letters + alphabet.ambiguous) == set(ambiguous) - (
            {"X"} if name != "protein" else set()
        )


@pytest.mark.parametrize("name", [None, *ALPHABETS])
@given(sequence=st.text(min_size=1, max_size=30), gaps=st.booleans(), stop=st.booleans())
def test_a_sequence_is_kept_whole_but_for_what_is_stripped_or_refused(name, sequence, gaps, stop):
    cleaner = Cleaner(name, ("gaps",) * gaps + ("stop",) * stop)
    expected = "".join(c.upper() if c.isascii() else c for c in sequence)
    if gaps:
        expected = expected.replace("-", "").replace(".", "")
    if stop:
        expected = expected.removesuffix("*")
    allowed = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ*-")
    if name:
        allowed = set(ALPHABETS[name].letters + ALPHABETS[name].ambiguous)
    if expected and set(expected) <= allowed:
        assert cleaner.clean("x", sequence) == expected
        table = cleaner.table().set_index("symbol")
        counted = table[table["kind"] != "stripped"]["count"]
        assert counted.to_dict() == {symbol: expected.count(symbol) for symbol in set(expected)}
        assert table["count"].sum() == len(sequence)
    else:
        with pytest.raises(ValueError, match=r"^x: (holds .* at position|has no sequence)"):
            cleaner.clean("x", sequence)


@pytest.mark.parametrize(("alphabet", "letter", "foreign"), [("rna", "U", "T"), ("dna", "T", "U")])
def test_neither_nucleotide_is_taken_for_the_other(alphabet, letter, foreign):
    cleaner = Cleaner(alphabet, ())
    assert cleaner.clean("x", f"ac{letter.lower()}g") == f"AC{letter}G"
    with pytest.raises(ValueError, match=f"^x: holds '{foreign}' at position 3; "):
        cleaner.clean("x", f"AC{foreign}G")


def test_the_table_adds_up_over_records_and_says_what_each_symbol_is():
    cleaner = Cleaner("protein", ("gaps", "stop"))
    for sequence in ("MK--X*", "mku", "M-K"):
        cleaner.clean("x", sequence)
    rows = {row[0]: tuple(row[1:]) for row in cleaner.table().itertuples(index=False)}
    assert rows == {
        "M": ("letter", 3, 3),
        "K": ("letter", 3, 3),
        "X": ("ambiguous", 1, 1),
        "U": ("rare", 1, 1),
        "-": ("stripped", 3, 2),
        "*": ("stripped", 1, 1),
    }


@pytest.mark.parametrize(
    ("sequence", "position"), [("AC*GT*", 3), ("*", 1), ("A--*-C", 4), ("ACGT**", 5)]
)
def test_a_stop_inside_is_refused_with_its_place_in_the_file(sequence, position):
    if sequence == "*":
        with pytest.raises(ValueError, match="has no sequence"):
            Cleaner("dna", ("gaps", "stop")).clean("x", sequence)
        return
    with pytest.raises(ValueError, match=rf"'\*' at position {position};"):
        Cleaner("dna", ("gaps", "stop")).clean("x", sequence)
