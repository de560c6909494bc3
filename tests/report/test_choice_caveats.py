"""What choices of the paper's released code take from verdicts, in sentences."""

import pandas as pd

from seqtransfer.report.caveats import choice_caveats

LEAKS = pd.DataFrame(
    [
        ("splice", "test", "before", "duplicates", 9.0, 160),
        ("splice", "test", "after", "duplicates", 13.0, 160),
        ("splice", "dev", "after", "duplicates", 7.0, 160),
        ("sentiment", "test", "after", "duplicates", 0.0, 400),
        ("splice", "test", "after", "similarity_share_0.5", 0.2, 160),
    ],
    columns=["task", "split", "splitting", "measure", "value", "n"],
)
PLAIN = {"splice": {"kind": "permutation"}, "sentiment": {"kind": "permutation"}}


def test_a_study_that_makes_none_of_the_choices_needs_no_caveat():
    clean = LEAKS[LEAKS["task"] == "sentiment"]
    assert choice_caveats.of_choices(clean, PLAIN, [], {}) == []


def test_test_sequences_that_stand_in_train_are_counted_task_by_task():
    (line,) = choice_caveats.of_choices(LEAKS, PLAIN, [], {})
    assert "duplicates were kept: splice 13 of 160." in line and "sentiment" not in line


def test_a_map_that_no_seed_draws_and_special_tokens_that_move_are_named():
    maps = {"splice": {"kind": "permutation", "specials": "moved"}}
    maps |= {"sentiment": {"kind": "shift", "shift": 1000}, "other": {"kind": "permutation"}}
    fixed, moved = choice_caveats.of_maps(maps)
    assert "the same at every seed in sentiment:" in fixed
    assert "rows of other tokens in splice:" in moved


def test_dropout_that_stays_on_in_some_arms_is_named():
    (line,) = choice_caveats.of_dropout(["random", "domain"])
    assert "in the hidden states of random weights and domain pretraining alone" in line


def test_symbols_that_the_encoder_of_the_field_lacks_are_counted_and_named():
    symbols = {"rna": ["A", "C", "G", "U"], "dna": ["A", "C", "G", "T"], "many": list("ABCDEFGH")}
    known = ["[CLS]", "[SEP]", "A", "C", "G", "T"]
    lines = choice_caveats.of_unknown(symbols, {"rna": known, "dna": known, "many": ["A", "[CLS]"]})
    assert len(lines) == 2
    assert lines[0].startswith("In rna the encoder of the field lacks 1 of its 4 symbols (U). ")
    assert "lacks 7 of its 8 symbols (B, C, D, E, F, G, ...); and [SEP]." in lines[1]


def test_tasks_that_were_changed_and_kept_their_rates_are_named():
    assert choice_caveats.of_altered({}) == []
    (line,) = choice_caveats.of_altered({"splice": ["tokens", "order"], "sentiment": ["order"]})
    assert "as they stand there: splice (tokens, order); sentiment (order). They may" in line


def test_a_reference_from_elsewhere_is_named_with_what_it_may_have_seen():
    clean = LEAKS[LEAKS["task"] == "sentiment"]
    (line,) = choice_caveats.of_choices(clean, PLAIN, [], {"splice": "DNA-BERT (DNA)"})
    assert "by others (DNA-BERT (DNA) in splice): an encoder with all of its layers" in line
    assert "their labels perhaps" in line
