"""Tasks where no encoder is needed are named before every verdict, with what scores as high."""

import math

import pandas as pd

from seqtransfer.report.caveats import baseline_caveats as caveats
from seqtransfer.report.page import document


def score_table(baseline, control=None, **arms):
    """Test scores of each task: of the baselines and of the controls by name, and of arms."""
    rows = [
        {"task": task, "kind": kind, "initialization": name, "mean": values[number]}
        for kind, group in (("baseline", baseline), ("control", control or {}), ("arm", arms))
        for name, values in group.items()
        for number, task in enumerate(("x", "y"))
    ]
    test = pd.DataFrame(rows).assign(metric="mcc", split="test", headline=True)
    return pd.concat([test.assign(split="dev", mean=-1.0), test])


def test_a_baseline_that_beats_every_arm_stands_before_every_verdict():
    baselines = {"majority": [0.0, 0.0], "ngram": [0.51, 0.3]}
    score = score_table(baselines, text=[0.4, 0.5], random=[0.51, 0.2])
    [sentence] = caveats.before_all(score)
    assert sentence.startswith("In 1 of 2 tasks a baseline without an encoder scores")
    assert "x (n-gram regression 0.510 MCC against at most 0.510, random weights)" in sentence
    [rest] = caveats.of_baselines(score)
    assert rest.endswith("some arms: y (n-gram regression 0.300 MCC against random weights 0.200).")
    text = document.markdown({"first": [sentence], "claims": [], "caveats": ["a caveat"]})
    assert text.index(sentence) < text.index("The rules are") < text.index("a caveat")


def test_controls_that_text_is_not_above_are_named_from_the_highest_on():
    controls = {
        "bag-of-embeddings": [0.4, 0.1],
        "cnn": [0.52, 0.4],
        "self-attention": [math.nan] * 2,
    }
    arms = {"random": [0.9, 0.9]}
    score = score_table({"ngram": [0.6, 0.3]}, controls, text=[0.4, 0.5], **arms)
    [sentence] = caveats.of_controls(score)
    assert sentence.startswith("In 1 of 2 tasks a control, a small network without an encoder,")
    assert ": x (convolutional network 0.520 and bag of embeddings 0.400 against" in sentence
    assert caveats.of_controls(score_table({"ngram": [0.6, 0.3]}, controls, **arms)) == []
    lost = score_table({"ngram": [0.6, 0.3]}, controls, text=[math.nan] * 2)
    assert caveats.of_controls(lost) == []


def test_controls_are_no_baselines():
    score = score_table({"ngram": [0.3, 0.3]}, {"cnn": [0.9, 0.9]}, text=[0.4, 0.5])
    assert caveats.before_all(score) == caveats.of_baselines(score) == []


def test_a_constant_answer_may_be_the_baseline_that_beats_an_arm():
    score = score_table({"majority": [0.0, 0.0], "ngram": [-0.2, 0.1]}, text=[-0.1, 0.2])
    assert "x (the majority class 0.000 MCC against at most" in caveats.before_all(score)[0]


def test_baselines_below_all_arms_are_no_caveat_and_an_arm_without_a_score_is_not_beaten():
    lost = score_table({"ngram": [0.3, 0.3]}, text=[0.4, 0.4], random=[math.nan, 0.5])
    assert caveats.before_all(lost) == caveats.of_baselines(lost) == []
    lost = score_table({"ngram": [0.45, 0.3]}, text=[0.4, 0.4], random=[math.nan, 0.5])
    assert caveats.before_all(lost) == []
    assert (
        "x (n-gram regression 0.450 MCC against text pretraining 0.400)."
        in caveats.of_baselines(lost)[0]
    )
