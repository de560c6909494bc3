"""Arms, contrasts and measures of the leak audit in words."""

import pytest

from seqtransfer.report import names


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("first-2", "first 2 layers of text"),
        ("from-splice", "pretraining on splice"),
        ("from-splice-attention-only", "pretraining on splice, attention only"),
        ("domain-feedforward-only", "domain pretraining, feed-forward blocks only"),
        ("checkpoint-64", "domain pretraining, 64 steps"),
        ("ngram", "n-gram regression"),
        ("random 7", "random 7"),
    ],
)
def test_arms_in_words(name, said):
    assert names.arm(name) == said


@pytest.mark.parametrize(
    ("contrast", "said"),
    [
        ("text - random", "text pretraining minus random weights"),
        ("text-vs-domain", "text pretraining with domain pretraining"),
        (
            "text-vs-domain - random-vs-domain",
            "text pretraining minus random weights, each with domain pretraining",
        ),
        (
            "text-vs-domain - re-paired",
            "text pretraining with domain pretraining minus units re-paired at random",
        ),
        (
            "text - (random + 0.8 (domain - random))",
            "text pretraining minus (random weights + 0.8 (domain pretraining minus random"
            " weights))",
        ),
        ("first-2 - from-splice", "first 2 layers of text minus pretraining on splice"),
    ],
)
def test_contrasts_in_words(contrast, said):
    assert names.contrast(contrast) == said


def test_ends_of_intervals_show_their_side_of_0_and_means_that_round_to_0_have_no_sign():
    assert [names.signed(x) for x in (0.0312, -0.0312, -0.0003)] == ["+0.031", "−0.031", "0.000"]
    said = {0.0312: "+0.031", -0.0003: "−0.0003", 0.00004: "+0.00004", 0: "0.000", 1e-9: "0.000"}
    assert {number: names.bound(number) for number in said} == said
    assert names.bound(0.002, 2) == "+0.002" and names.typed_ends(-0.5, 2e-4) == "-0.500 to +0.0002"


def test_levels_are_named_once_each_in_the_order_in_which_they_come():
    assert names.levels([0.95, 0.9, 0.95]) == "95 % and 90 %"
    assert names.levels([0.9, 0.95], "or") == "90 % or 95 %" and names.levels([0.9]) == "90 %"


def test_several_metrics_are_words_each():
    assert names.metric("mcc, macro_f1") == "MCC, macro-F1"


def test_measures_of_the_leak_audit_in_words():
    assert names.leak("identity_share_0.8") == "identity with train in edits: share at 0.8 or more"
    assert names.leak("similarity_q05") == "k-mer similarity to train: 5 % point"
    assert names.leak("kmer") == "k of the k-mers"
    assert names.leak("overlap_share_0.5").startswith("runs of numbers in common with train: share")
    assert names.leak("distance_q50") == "distance of the numbers from train: 50 % point"
    assert names.leak("distance_near").startswith("share of series near to train")
    assert names.measure("similarity_q50") == "k-mer similarity to train: 50 % point"


def test_quantities_of_analyses_are_words():
    said = {
        "log10_q05": "5 % quantile of log10",
        "log10_median": "log10 of the median",
        "log10_spread": "log10 of the spread",
        "minimum_cosine": "minimum cosine",
        "interquartile mean": "interquartile mean",
    }
    assert {name: names.quantity(name) for name in said} == said


@pytest.mark.parametrize(
    ("number", "line", "said"),
    [
        (0.0004, 0.0, "+0.0004"), (-0.0004, 0.0, "-0.0004"), (0.031, 0.0, "+0.031"),
        (-0.05045, -0.05, "-0.0505"), (-0.04995, -0.05, "-0.04995"), (-0.05, -0.05, "-0.050"),
        (0.0, 0.0, "0.000"), (1e-9, 0.0, "0.000"), (0.0004, -0.05, "0.000"),
    ],
)  # fmt: skip
def test_an_end_is_told_from_its_line_and_from_no_other(number, line, said):
    assert names.typed_bound(number, line=line) == said
