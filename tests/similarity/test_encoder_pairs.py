"""Which encoders and which of their layers are compared, and what a row of results is called."""

from hypothesis import given
from hypothesis import strategies as st

from seqtransfer.similarity import encoder_pairs
from seqtransfer.similarity.encoder_pairs import Encoder


@given(st.integers(1, 24), st.integers(1, 24))
def test_layers_at_equal_depth_are_the_nearest_from_first_to_last_in_order(left, right):
    chosen = [encoder_pairs.layer_at_equal_depth(i, left, right) for i in range(left + 1)]
    assert chosen[0] == 0 and chosen[-1] == right
    assert chosen == sorted(chosen)
    for i, j in enumerate(chosen):
        assert abs(i / left - j / right) <= 0.5 / right + 1e-12


def test_encoders_of_equal_depth_are_compared_layer_by_layer():
    assert [encoder_pairs.layer_at_equal_depth(i, 6, 6) for i in range(7)] == list(range(7))


def test_pairs_are_compared_at_both_stages_and_every_arm_with_itself():
    found = encoder_pairs.compared(["text", "random"], [["text", "random"]])
    assert [f"{left}, {right}" for left, right in found] == [
        "text before, random before",
        "text after, random after",
        "text before, text after",
        "random before, random after",
    ]


def test_a_row_says_its_stage_or_that_it_is_of_a_change():
    before, after = Encoder("text", "before"), Encoder("text", "after")
    names = {"task": "splice", "left": "text", "right": "text", "seed": 3}
    assert encoder_pairs.row_names(before, before, "splice", 3) == names | {"stage": "before"}
    assert encoder_pairs.row_names(before, after, "splice", 3) == names | {"stage": "change"}
