"""What an encoder is, held against what a catalogue says of it."""

import pytest

from seqtransfer.encoders import encoder_check

FACTS = {"family": "bert", "layers": 6, "width": 384, "heads": 12, "parameters": 22_713_216}


@pytest.mark.parametrize(
    "shape", [{}, {"layers": 6}, FACTS, FACTS | {"parameters": 22_000_000}], ids=str
)
def test_an_encoder_that_is_what_the_catalogue_says_passes(shape):
    encoder_check.check_described("encoder 'mine'", shape, FACTS)


@pytest.mark.parametrize("key", ["family", "layers", "width", "heads"])
def test_an_encoder_that_is_another_than_the_catalogue_says_is_refused(key):
    other = FACTS | {key: "esm" if key == "family" else 1}
    with pytest.raises(ValueError, match=rf"^encoder 'mine': .* says {key}: .*; correct the cata"):
        encoder_check.check_described("encoder 'mine'", other, FACTS)
