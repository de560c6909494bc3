"""Labels of symbols stay with their symbols: cut, divided, encoded, written and read."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtransfer.corpora.examples import Example
from seqtransfer.files import arrow
from seqtransfer.tokens import encoding, views

SETTINGS = views.Settings(
    classes=("a", "c"),
    split="random",
    truncate="head",
    max_length=8,
    sizes={"train": 60, "dev": 20, "test": 20},
    split_seed=0,
    kind="token_classification",
)


def corpus(seed: int, n: int = 150) -> list[Example]:
    """Sequences of 3 to 11 letters; the label of each is its letter in lower case."""
    rng = np.random.default_rng(seed)
    bodies = ["".join(rng.choice(list("ABC"), rng.integers(3, 12))) for _ in range(n)]
    return [
        Example(f"e{i}", tuple(body), " ".join(body.lower()), None, None)
        for i, body in enumerate(bodies)
    ]


@settings(max_examples=20)
@given(st.integers(0, 2**32), st.sampled_from(["head", "centre", "tail", "ends"]))
def test_every_token_has_the_class_of_its_symbol_and_specials_and_other_labels_none(seed, cut):
    arrays, vocabulary, facts = encoding.build(corpus(seed), replace(SETTINGS, truncate=cut))
    assert vocabulary.symbols == ("A", "B", "C")
    expected = np.array([-1] * 5 + [0, -1, 1])  # of [PAD] .. [MASK], A, B, C
    for part in ("train", "dev", "test"):
        assert (arrays[part].token_labels == expected[arrays[part].ids]).all()
        assert len(arrays[part].token_labels) == len(arrays[part].ids) > 0
        assert (arrays[part].labels == -1).all()
    assert arrays["pretrain"].token_labels is None
    assert facts["cut"]["train"]["share"] > 0


def test_sequences_that_agree_as_far_as_they_are_seen_are_one_and_conflicts_go():
    seen = [("AAAAAAB", "a a a a a a x"), ("AAAAAAC", "a a a a a a y"), ("DA", "x a")]
    seen += [("DA", "x c")]
    examples = [Example(f"s{i}", tuple(s), label, None, None) for i, (s, label) in enumerate(seen)]
    _, _, facts = encoding.build(corpus(0) + examples, SETTINGS)
    _, _, without = encoding.build(corpus(0), SETTINGS)
    found = {
        key: facts["counts"][key] - without["counts"][key]
        for key in ("repeats_dropped", "conflicts_dropped")
    }
    assert found == {"repeats_dropped": 1, "conflicts_dropped": 2}


def test_a_sequence_without_a_known_label_within_the_cut_serves_pretraining_alone():
    examples = [*corpus(0), Example("x", tuple("BBBBBBA"), "b b b b b b a", None, None)]
    assert not views.is_usable(views.view(examples, SETTINGS).examples[-1], SETTINGS)
    _, _, facts = encoding.build(examples, SETTINGS)
    assert "x" not in set(facts["manifest"].query("part != 'pretrain'")["id"])


def test_as_many_labels_as_symbols_are_needed():
    broken = [*corpus(0), Example("x", tuple("ABC"), "a b", None, None)]
    with pytest.raises(ValueError, match=r"example 'x': 3 symbols, but 2 labels"):
        encoding.build(broken, SETTINGS)


def test_a_class_that_a_part_lacks_is_named():
    rare = replace(SETTINGS, classes=("a", "c", "z"))
    with pytest.raises(ValueError, match=r"class 'z' has 0 examples in train"):
        encoding.build(corpus(0), rare)


def test_labels_of_tokens_are_read_back_and_taken_with_their_sequences(tmp_path):
    whole = encoding.build(corpus(1), SETTINGS)[0]["train"]
    arrow.write_ragged(tmp_path / "a.arrow", whole)
    read = arrow.read_ragged(tmp_path / "a.arrow")
    assert np.array_equal(read.token_labels, whole.token_labels)
    rows = np.array([5, 0, 5, 2])
    taken = read.take(rows)
    for place, row in enumerate(rows):
        own = slice(whole.offsets[row], whole.offsets[row + 1])
        mine = slice(taken.offsets[place], taken.offsets[place + 1])
        assert np.array_equal(taken[place], whole[row])
        assert np.array_equal(taken.token_labels[mine], whole.token_labels[own])
    assert taken.names.tolist() == [whole.names[row] for row in rows]
    assert taken.units.tolist() == [whole.units[row] for row in rows]
    shorter = replace(whole, token_labels=whole.token_labels[:-1])
    with pytest.raises(ValueError, match="do not belong together"):
        arrow.write_ragged(tmp_path / "b.arrow", shorter)


def test_a_file_whose_labels_are_of_other_lengths_than_its_ids_is_refused(tmp_path):
    path = tmp_path / "a.arrow"
    arrow.write_ragged(path, encoding.build(corpus(1), SETTINGS)[0]["dev"])
    batch = pa.ipc.open_file(str(path)).get_batch(0)
    labels = batch["token_labels"].to_pylist()
    labels[0], labels[1] = labels[0] + labels[1][:1], labels[1][1:]
    moved = pa.array(labels, batch.schema.field("token_labels").type)
    with pa.ipc.new_file(str(tmp_path / "b.arrow"), batch.schema) as file:
        file.write_batch(pa.record_batch([*batch.columns[:-1], moved], schema=batch.schema))
    with pytest.raises(ValueError, match=r"b\.arrow: .*more or fewer labels than ids"):
        arrow.read_ragged(tmp_path / "b.arrow")
