"""Sequences of symbols are written and read back whole; a table's cells are cut by a pattern."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtransfer.corpora.converters import table
from seqtransfer.corpora.converters.table import Options
from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.symbol_tables import RESERVED, read_symbols, write_symbols

SMILES = r"\[[^]]*\]|Br|Cl|%[0-9][0-9]|."
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=5
).filter(lambda word: word.split() == [word] and not RESERVED.fullmatch(word))


@given(st.lists(st.lists(WORDS, min_size=1, max_size=6).map(tuple), min_size=1, max_size=4))
def test_what_is_written_is_read_back(tmp_path_factory, corpus):
    path = tmp_path_factory.mktemp("symbols") / "a.symbols"
    examples = [Example(f"s{i}", symbols, "1", None, None) for i, symbols in enumerate(corpus)]
    write_symbols(path, examples)
    assert read_symbols(path) == examples


def converted(tmp_path, text, **options):
    (tmp_path / "a.csv").write_text(text)
    table.convert(tmp_path, tmp_path / "a.symbols", Options(file="a.csv", **options))
    return [(example.symbols, example.label) for example in read_symbols(tmp_path / "a.symbols")]


@pytest.mark.parametrize(
    ("cell", "options", "symbols"),
    [
        ("C G  Am F", {}, "C G Am F"),
        ("C|G|Am", {"symbol": "[^|]+"}, "C G Am"),
        ("CC(Cl)c1c[nH]cn1", {"symbol": SMILES}, "C C ( Cl ) c 1 c [nH] c n 1"),
        ("BrC%12C=C", {"symbol": SMILES}, "Br C %12 C = C"),
    ],
)
def test_a_cell_is_cut_by_the_pattern(tmp_path, cell, options, symbols):
    found = converted(tmp_path, f'sequence,label\n"{cell}",x\n', **options)
    assert found == [(tuple(symbols.split()), "x")]


@pytest.mark.parametrize(
    ("cell", "options", "message"),
    [
        ("a b", {"symbol": ".+"}, r"a\.csv: line 2: `symbol` '\.\+' finds 'a b'"),
        ("ab", {"symbol": "x*"}, r"line 2: `symbol` 'x\*' finds ''"),
        ("ab", {"symbol": "x"}, r"line 2: `symbol` 'x' finds nothing in 'ab'"),
        ("a [SEP] b", {}, r"'\[SEP\]' is the name of a special token"),
    ],
)
def test_a_pattern_that_does_not_fit_is_named_with_its_row(tmp_path, cell, options, message):
    with pytest.raises(ValueError, match=message):
        converted(tmp_path, f"sequence,label\n{cell},x\n", **options)
    assert not (tmp_path / "a.symbols").exists()


@pytest.mark.parametrize(
    ("pattern", "message"), [("(a)", r"has a group; write \(\?: \)"), ("[", "no regular expr")]
)
def test_a_pattern_that_cannot_be_is_refused_before_any_file(pattern, message):
    with pytest.raises(ValueError, match="`symbol`.*" + message):
        Options(file="a.csv", symbol=pattern)


def test_a_sequence_without_symbols_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"sequence 's1': holds no symbol"):
        write_symbols(tmp_path / "a.symbols", [Example("s1", (), "x", None, None)])
