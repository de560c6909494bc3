"""A cut that takes a whole channel of a series is refused, with lengths that take none."""

import re
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from test_encoding import SETTINGS

from seqtransfer.corpora.examples import Example
from seqtransfer.corpora.series import CHANNEL
from seqtransfer.tokens import encoding, tokenizations, views, whole_channels


def series(points, name="s-000001"):
    """One of so many points in each channel, no two of them equal."""
    values = [" ".join(str(c * 1000 + i) for i in range(n)) for c, n in enumerate(points)]
    return Example(name, tuple(f" {CHANNEL} ".join(values).split()), "1", None, None)


def refusal(examples, tokens, truncate, max_length):
    """What is said of the series, or nothing."""
    settings = replace(SETTINGS, tokens=tokens, truncate=truncate, max_length=max_length)
    try:
        whole_channels.check(examples, settings)
    except ValueError as error:
        return str(error)
    return ""


def channels_left(example, tokens, truncate, max_length):
    """The channels of the tokens that an encoder would see, each written in place of its tokens."""
    split = tokenizations.splitter(tokens, [example.symbols])

    def numbered(symbols):
        channel, found = 1, []
        for token in split(symbols):
            channel += token == CHANNEL
            found.append(CHANNEL if token == CHANNEL else str(channel))
        return tuple(found)

    settings = replace(SETTINGS, truncate=truncate, max_length=max_length)
    return views.arrange(example, numbered, settings)


@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=4), st.integers(1, 6), st.integers(5, 40),
    st.sampled_from(["head", "tail", "centre", "ends"]), st.sampled_from([0, 1, 3]),
)  # fmt: skip
def test_a_channel_is_lost_when_no_token_of_it_is_seen(points, window, max_length, truncate, lag):
    assume(min(points) > lag * window and not (lag and truncate == "centre"))  # which is refused
    tokens = {"kind": "sax", "size": 4, "window": window}
    if lag:
        tokens |= {"kind": "lags", "by": "quantile", "lag": lag}
    example = series(points)
    seen, _ = channels_left(example, tokens, truncate, max_length)
    gone = [str(c) for c in range(1, len(points) + 1) if str(c) not in seen]
    said = refusal([example], tokens, truncate, max_length)
    found = re.search(r"nothing of channel ([\d, ]+) \(1 such", said)
    assert (found[1].split(", ") if found else []) == gone
    if said:  # what it says to set leaves all
        length = int(re.search(r"Set `max_length` to (\d+)", said)[1])
        assert not refusal([example], tokens, truncate, length)
        assert not channels_left(example, tokens, truncate, length)[1]
        assert channels_left(example, tokens, truncate, length - 1)[1]
        if wider := re.search(r"`window` of its tokens to (\d+)", said):
            own = tokens | {"window": int(wider[1])}
            assert not channels_left(example, own, truncate, max_length)[1]


def test_the_longest_series_is_named_with_its_numbers():
    tokens = {"kind": "sax", "size": 8, "window": 1}
    examples = [series([40, 40]), series([50, 50], "s-000002"), series([10, 10], "s-000003")]
    assert refusal(examples, tokens, "head", 32) == (
        "series 's-000002' has 2 channels, one after another 101 tokens; `max_length: 32` and"
        " `truncate: head` leave 30, and nothing of channel 2 (2 such series). Set `max_length` to"
        " 103, or `window` of its tokens to 4; or leave out channels"
    )
    assert "nothing of channel 1 " in refusal(examples, tokens, "tail", 32)
    assert refusal(examples, tokens, "ends", 32) == ""


def test_a_task_of_such_series_is_not_encoded():
    rows = [series([3, 3], f"s-{n:06}") for n in range(12)]
    examples = [replace(row, label="ab"[n % 2]) for n, row in enumerate(rows)]
    settings = replace(
        SETTINGS, tokens={"kind": "sax", "size": 3, "window": 1}, classes=("a", "b"),
        truncate="head", max_length=6,
    )  # fmt: skip
    with pytest.raises(ValueError, match=r"^series 's-000000' .*channel 2 \(12 such"):
        encoding.build(examples, settings)
