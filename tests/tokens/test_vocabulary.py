"""A token map is a uniform one-to-one draw of ordinary rows; special tokens keep their meaning."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from seqtransfer.tokens.token_maps import borrowed_rows, token_map
from seqtransfer.tokens.vocabulary import (
    CLS,
    MASK,
    PAD,
    SEP,
    SPECIALS,
    Vocabulary,
    WordPieces,
    renamed,
)

ORDINARY = [*"abcdefgh", "##a", "the", "[", "]"]
ROWS = {
    name: row
    for row, name in enumerate(
        ["[PAD]", "[unused0]", "[unused1]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *ORDINARY]
    )
}


def test_a_vocabulary_is_the_special_tokens_and_then_the_symbols_in_sorted_order():
    vocabulary = Vocabulary.of(["T", "A", "G", "A", "[UNK]", "C"])
    assert vocabulary.symbols == ("A", "C", "G", "T")
    assert len(vocabulary) == 9
    ids = vocabulary.ids()
    assert [ids[name] for name in SPECIALS] == [PAD, CLS, SEP, MASK, 4] == list(range(5))
    assert [ids[symbol] for symbol in "ACGT"] == [5, 6, 7, 8]


@given(st.lists(st.text("ACGT", min_size=1, max_size=2), max_size=20), st.randoms())
def test_a_vocabulary_does_not_depend_on_order_or_repeats(symbols, random):
    shuffled = [*symbols, *symbols]
    random.shuffle(shuffled)
    assert Vocabulary.of(shuffled) == Vocabulary.of(symbols)


@given(st.integers(0, len(ORDINARY)), st.integers(0, 2**32))
def test_a_map_is_one_to_one_onto_ordinary_rows_and_keeps_special_tokens_apart(size, seed):
    vocabulary = Vocabulary(tuple(f"s{i:02d}" for i in range(size)))
    drawn = token_map(vocabulary, ROWS, np.random.default_rng(seed))
    assert (drawn.shape, drawn.dtype) == ((5 + size,), np.int64)
    assert drawn[:5].tolist() == [ROWS[name] for name in SPECIALS]
    assert len(set(drawn[5:].tolist())) == size
    assert set(drawn[5:].tolist()) <= {ROWS[name] for name in ORDINARY}


def test_every_symbol_gets_every_ordinary_row_equally_often():
    vocabulary, draws = Vocabulary(("x", "y", "z")), 3000
    maps = np.array([token_map(vocabulary, ROWS, np.random.default_rng(s)) for s in range(draws)])
    for column in maps[:, 5:].T:
        counts = [np.sum(column == ROWS[name]) for name in ORDINARY]
        assert stats.chisquare(counts).pvalue > 0.001
    # Pairs too: a permutation's two images are uniform over ordered pairs of different rows.
    pairs = maps[:, 5] * 100 + maps[:, 6]
    _, counts = np.unique(pairs, return_counts=True)
    assert len(counts) == len(ORDINARY) * (len(ORDINARY) - 1)
    assert stats.chisquare(counts).pvalue > 0.001


def test_a_larger_vocabulary_extends_the_map_of_a_smaller_one_at_the_same_seed():
    small = token_map(Vocabulary(("x", "y")), ROWS, np.random.default_rng(1))
    large = token_map(Vocabulary(("x", "y", "z")), ROWS, np.random.default_rng(1))
    assert np.array_equal(large[:7], small)


def test_the_order_of_the_tokenizers_table_does_not_matter():
    vocabulary = Vocabulary(("x", "y"))
    backwards = dict(reversed(ROWS.items()))
    first, second = (token_map(vocabulary, r, np.random.default_rng(1)) for r in (ROWS, backwards))
    assert np.array_equal(first, second)


def test_more_symbols_than_ordinary_rows_are_refused_with_both_numbers():
    vocabulary = Vocabulary(tuple(f"s{i}" for i in range(len(ORDINARY) + 1)))
    with pytest.raises(ValueError, match=r"13 symbols do not fit the encoder's 12 tokens"):
        token_map(vocabulary, ROWS, np.random.default_rng(0))


@pytest.mark.parametrize("name", SPECIALS)
def test_an_encoder_without_a_special_token_is_refused(name):
    rows = {key: row for key, row in ROWS.items() if key != name}
    with pytest.raises(ValueError, match=rf"no \[{name[1:-1]}\] token"):
        token_map(Vocabulary(("x",)), rows, np.random.default_rng(0))


def test_the_gap_of_a_t5_is_its_mask_and_its_end_stands_for_its_start():
    named = renamed({"<pad>": 0, "</s>": 1, "<unk>": 2, "the": 3, "<extra_id_0>": 4})
    assert [named[name] for name in SPECIALS] == [0, 1, 1, 4, 2]
    assert named["the"] == 3 and "<extra_id_0>" not in named


def test_a_text_becomes_its_word_pieces_uncut_unpadded_and_without_special_tokens(tokenizer_folder):
    wordpieces = WordPieces(tokenizer_folder)
    pieces = wordpieces.split("The FILM: not bad, abc!")
    expected = "the film [UNK] not bad [UNK] a ##b ##c !".split()
    assert pieces == tuple(expected)
    assert wordpieces.split("the") == ("the",)
    assert wordpieces.split("") == ()
    rows = wordpieces.rows()
    assert sorted(rows.values()) == list(range(len(rows)))
    assert rows["[PAD]"] == 0


def test_a_shift_moves_every_symbol_by_as_many_ordinary_places_in_a_circle():
    vocabulary = Vocabulary.of(ORDINARY)
    generator = np.random.default_rng(0)
    moved = token_map(vocabulary, ROWS, generator, "shift", 5)
    for symbol, row in zip(vocabulary.symbols, moved[5:], strict=True):
        there = ORDINARY[(ORDINARY.index(symbol) + 5) % len(ORDINARY)]
        assert row == ROWS[there]
    whole_circle = token_map(vocabulary, ROWS, generator, "shift", len(ORDINARY))
    assert np.array_equal(whole_circle, token_map(vocabulary, ROWS, generator, "identity"))
    assert [ROWS[symbol] for symbol in vocabulary.symbols] == whole_circle[5:].tolist()
    assert moved[:5].tolist() == [ROWS[name] for name in SPECIALS]


def test_moved_specials_get_rows_that_no_symbol_has_and_symbols_keep_theirs():
    vocabulary = Vocabulary(tuple("xyz"))
    kept, moved = (
        token_map(vocabulary, ROWS, np.random.default_rng(3), specials=specials)
        for specials in ("kept", "moved")
    )
    assert np.array_equal(kept[5:], moved[5:]) and len(set(moved.tolist())) == len(vocabulary)
    assert set(moved.tolist()) <= {ROWS[name] for name in ORDINARY}


def test_a_shift_with_moved_specials_is_one_circle_of_all_rows():
    vocabulary = Vocabulary.of(ORDINARY)
    moved = token_map(vocabulary, ROWS, np.random.default_rng(0), "shift", 5, "moved")
    own = [ROWS[name] for name in (*SPECIALS, *vocabulary.symbols)]
    assert moved.tolist() == [(row + 5) % len(ROWS) for row in own]


def test_specials_that_move_need_rows_too():
    symbols = Vocabulary(tuple(f"s{i}" for i in range(len(ORDINARY))))
    assert len(token_map(symbols, ROWS, np.random.default_rng(0))) == len(symbols)
    with pytest.raises(ValueError, match=f"{len(ORDINARY) + 5} symbols do not fit"):
        token_map(symbols, ROWS, np.random.default_rng(0), specials="moved")


@pytest.mark.parametrize("kind", ["shift", "identity"])
def test_symbols_that_are_no_tokens_have_no_place_to_move_from(kind):
    with pytest.raises(ValueError, match="symbol 'EI' is no token of the encoder"):
        token_map(Vocabulary(("EI", "a")), ROWS, np.random.default_rng(0), kind, 3)


@pytest.mark.parametrize("name", ["[PAD]", "[CLS]", "[SEP]", "[MASK]"])
def test_a_text_that_spells_a_special_token_does_not_become_one(tokenizer_folder, name):
    assert name not in WordPieces(tokenizer_folder).split(f"the film {name} good")


KNOWN = Vocabulary(tuple("12345678")).ids()  # of a table pretrained elsewhere


@given(st.integers(0, 16), st.integers(0, 2**32))
def test_symbols_borrow_rows_of_a_strange_table_one_to_one_as_far_as_they_go(size, seed):
    vocabulary = Vocabulary(tuple(f"s{i:02d}" for i in range(size)))
    rows = borrowed_rows(vocabulary, KNOWN, np.random.default_rng(seed))
    assert (rows.shape, rows.dtype) == ((5 + size,), np.int64)
    assert rows[:5].tolist() == list(range(5))
    taken = rows[5:][rows[5:] >= 0]
    assert len(taken) == len(set(taken.tolist())) == min(size, 8)
    assert ((taken >= 5) & (taken < 13)).all() and (rows >= -1).all()


@pytest.mark.parametrize("size", [3, 12])
def test_every_symbol_borrows_every_row_equally_often(size):
    vocabulary, draws = Vocabulary(tuple(f"s{i:02d}" for i in range(size))), 3000
    maps = [borrowed_rows(vocabulary, KNOWN, np.random.default_rng(s))[5:] for s in range(draws)]
    share = min(1, 8 / size) / 8  # of a symbol in one row; the rest of the time it gets none
    for column in np.array(maps).T:
        counts = [np.sum(column == row) for row in range(5, 13)]
        expected = [draws * share] * 8
        if size > 8:
            counts, expected = [*counts, np.sum(column < 0)], [*expected, draws * (1 - 8 * share)]
        assert stats.chisquare(counts, expected).pvalue > 0.001


def test_in_its_own_domain_a_symbol_keeps_its_row_and_one_unknown_there_gets_none():
    vocabulary = Vocabulary(("1", "3", "x"))
    assert borrowed_rows(vocabulary, KNOWN, None).tolist() == [0, 1, 2, 3, 4, 5, 7, -1]
    foreign = {"[CLS]": 0, "[PAD]": 1, "[SEP]": 2, "[UNK]": 3, "3": 9, "[MASK]": 32}
    assert borrowed_rows(vocabulary, foreign, None).tolist() == [1, 0, 2, 32, 3, -1, 9, -1]


def test_a_corpus_of_exactly_the_task_s_symbols_is_not_strange():
    rows = borrowed_rows(Vocabulary(tuple("12345678")), KNOWN, np.random.default_rng(0))
    assert rows.tolist() == list(range(13))
    one_less = borrowed_rows(Vocabulary(tuple("1234567")), KNOWN, np.random.default_rng(0))
    assert one_less.tolist() != list(range(12))


def test_an_encoder_that_knows_none_of_the_symbols_is_of_another_domain():
    with pytest.raises(ValueError, match=r"knows none of the symbols \['60'\]; its own are \['1'"):
        borrowed_rows(Vocabulary.of(["60"]), KNOWN, None)


@pytest.mark.parametrize(
    "names",
    [
        SPECIALS,
        ("<pad>", "<s>", "</s>", "<mask>", "<unk>"),  # RoBERTa
        ("<pad>", "<cls>", "<eos>", "<mask>", "<unk>"),  # ESM
        ("<pad>", "[CLS]", "[SEP]", "[MASK]", "<unk>"),  # ALBERT
    ],
)
def test_special_tokens_of_any_family_are_known_by_our_names(names):
    rows = {name: row for row, name in enumerate([*names, "a", "b"])}
    found = renamed(rows)
    assert [found[name] for name in SPECIALS] == [0, 1, 2, 3, 4]
    assert found["a"] == 5 and len(found) == 7
    drawn = token_map(Vocabulary.of("xy"), found, np.random.default_rng(0))
    assert sorted(drawn[5:]) == [5, 6]


@pytest.mark.parametrize(
    ("tokens", "added", "expected"),
    [
        # GPT-2 has one special token, which ends a text.
        (["<|endoftext|>"], ["<|endoftext|>"], dict.fromkeys(SPECIALS, 1)),
        # Qwen pads with it, too, and has others for chats, which are no symbols of ours.
        (
            ["<unk>", "<|endoftext|>", "<|im_start|>"],
            ["<unk>", "<|endoftext|>", "<|im_start|>"],
            dict.fromkeys(SPECIALS, 2) | {"[UNK]": 1},
        ),
        # Llama 2 neither pads nor masks.
        (
            ["<unk>", "<s>", "</s>"],
            ["<unk>", "<s>", "</s>"],
            {"[PAD]": 3, "[CLS]": 2, "[SEP]": 3, "[MASK]": 3, "[UNK]": 1},
        ),
        # MPNet has BERT's vocabulary, whose special tokens it never uses, and its own.
        (
            ["[CLS]", "[SEP]", "[UNK]", "[PAD]", "[MASK]", "<s>", "<pad>", "</s>", "<mask>"],
            ["[UNK]", "<s>", "<pad>", "</s>", "<mask>"],
            {"[CLS]": 6, "[PAD]": 7, "[SEP]": 8, "[MASK]": 9, "[UNK]": 3},
        ),
        (list(SPECIALS), list(SPECIALS), {name: 1 + i for i, name in enumerate(SPECIALS)}),
    ],
)
def test_special_tokens_are_those_that_the_tokenizer_adds(tokens, added, expected, tmp_path):
    rows = {token: row for row, token in enumerate(["a", *tokens])}
    tokenizer = Tokenizer(WordLevel(rows, unk_token="a"))
    tokenizer.add_special_tokens(added)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    assert WordPieces(tmp_path).rows() == {"a": 0} | expected


def test_a_shift_of_special_tokens_that_share_a_row_is_one_to_one():
    rows = dict.fromkeys(SPECIALS, 0) | {name: row for row, name in enumerate("abcdefgh", start=1)}
    drawn = token_map(
        Vocabulary.of("abc"), rows, np.random.default_rng(0), "shift", shift=3, specials="moved"
    )
    assert len(set(drawn[len(SPECIALS) :])) == 3
