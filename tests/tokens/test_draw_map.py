"""The script `draw_map`: the catalogue's kind of map, drawn by the names of task and seed."""

import itertools

import numpy as np
import pytest

import draw_map
from seqtransfer.files import json_tsv
from seqtransfer.tokens.vocabulary import SPECIALS, Vocabulary, WordPieces

SYMBOLS = tuple("ABCDEF")


@pytest.fixture
def drawn(tmp_path, encoder):
    """A function that draws a map by the script, of one task and seed: its rows."""

    def draw(task="one", seed=0, symbols=SYMBOLS, **settings):
        facts, path = tmp_path / "task.json", tmp_path / "map.npy"
        json_tsv.write_json(facts, {"symbols": list(symbols)})
        draw_map.main(
            task=task, seed=seed, facts=facts, encoder=encoder, settings=settings,
            token_map_path=path,
        )  # fmt: skip
        return np.load(path, allow_pickle=False)

    return draw


def test_each_task_and_seed_has_a_permutation_of_its_own(drawn):
    every = [drawn(*pair, kind="permutation") for pair in itertools.product(("x", "y"), (0, 1, 2))]
    for one, other in itertools.combinations(every, 2):
        assert not np.array_equal(one, other)
    for rows in every:
        own = rows[len(SPECIALS) :]
        assert len(set(own.tolist())) == len(own) == len(SYMBOLS)
        assert np.array_equal(rows[: len(SPECIALS)], every[0][: len(SPECIALS)])
    assert np.array_equal(every[0], drawn("x", 0, kind="permutation"))


def test_a_shift_and_the_identity_are_those_of_the_encoders_own_pieces(drawn, encoder):
    pieces = WordPieces(encoder)
    own = tuple(name for name in pieces.rows() if not name.startswith("["))[:4]
    ordinary = Vocabulary(own)
    same = drawn(symbols=own, kind="identity")
    assert same.tolist() == [pieces.rows()[name] for name in ordinary.ids()]
    first, second = (drawn(symbols=own, kind="shift", shift=shift) for shift in (2, 3))
    special = {name for name in pieces.rows() if name[0] + name[-1] == "[]" and len(name) > 2}
    places = sorted(row for name, row in pieces.rows().items() if name not in special)
    for shift, rows in ((2, first), (3, second)):
        at = [(places.index(pieces.rows()[name]) + shift) % len(places) for name in own]
        assert rows[len(SPECIALS) :].tolist() == [places[i] for i in at]
    for seed in (1, 2):  # nothing is drawn
        assert np.array_equal(first, drawn(seed=seed, symbols=own, kind="shift", shift=2))


def test_special_tokens_move_only_where_the_catalogue_says_so(drawn):
    kept, moved = (
        drawn(kind="permutation", **settings) for settings in ({}, {"specials": "moved"})
    )
    assert not np.array_equal(kept[: len(SPECIALS)], moved[: len(SPECIALS)])
