"""Adaptations and controls that do not fit a study are refused when it is planned."""

from copy import deepcopy

import pytest

from plain_study import STUDY
from seqtransfer.study.checks import configuration, task_checks


@pytest.mark.parametrize("adaptation", ["full", "probe", "layernorm", "bias", "lora", "last-3"])
def test_an_adaptation_that_fits_passes_and_full_is_filled_in(adaptation):
    config = deepcopy(STUDY)
    configuration.complete(config)
    assert config["finetune"] == STUDY["finetune"] | {"adaptation": "full"}
    config["finetune"]["adaptation"] = adaptation
    configuration.check(config)
    configuration.complete(config)
    assert config["finetune"]["adaptation"] == adaptation


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"adaptation": "last-4"}, "adaptation: last-4 needs more than the 3 of encoder.layers"),
        ({"adaptation": "last-30"}, "adaptation: last-30 needs more than the 3"),
        ({"lora": {"rank": 4, "alpha": 8}}, "lora: adaptation full has none"),
        ({"adaptation": "bias", "lora": {}}, "lora: adaptation bias has none; use `lora`, or drop"),
    ],
)
def test_an_adaptation_that_does_not_fit_is_refused(changes, message):
    config = deepcopy(STUDY)
    config["finetune"] |= changes
    with pytest.raises(ValueError, match=r"^finetune\." + message):
        configuration.check(config)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"controls": ["cn"]}, r"controls: 'cn' is unknown; known: .*; did you mean 'cnn'\?"),
        (
            {"controls": ["cnn"], "finetune": STUDY["finetune"] | {"adaptation": "probe"}},
            "controls: they train every weight, but finetune.adaptation is probe; drop one",
        ),
    ],
)
def test_controls_are_known_and_stand_beside_arms_that_train_in_full(changes, message):
    configuration.check(STUDY | {"controls": ["cnn", "self-attention"]})
    with pytest.raises(ValueError, match=f"^{message}"):
        configuration.check(STUDY | changes)


def test_gradients_are_analysed_where_every_weight_trains():
    analyse = {"kinds": ["isometry", "gradient_confusion"]}
    configuration.check(STUDY | {"analyse": analyse})
    probe = {"finetune": STUDY["finetune"] | {"adaptation": "probe"}}
    with pytest.raises(ValueError, match=r"^analyse\.kinds: gradient_confusion is of every weight"):
        configuration.check(STUDY | probe | {"analyse": analyse})
    configuration.check(STUDY | probe | {"analyse": {"kinds": ["isometry"]}})


def test_gradients_along_fine_tuning_are_of_steps_that_it_takes_and_of_an_analysis_made():
    analyse = {"kinds": ["gradient_confusion"], "steps": [1, STUDY["finetune"]["steps"]]}
    configuration.check(STUDY | {"analyse": analyse})
    late = analyse | {"steps": [1, STUDY["finetune"]["steps"] + 1]}
    with pytest.raises(ValueError, match=r"^analyse\.steps: \d+ is beyond finetune\.steps, \d+;"):
        configuration.check(STUDY | {"analyse": late})
    with pytest.raises(ValueError, match=r"^analyse\.steps: gradient_confusion alone"):
        configuration.check(STUDY | {"analyse": analyse | {"kinds": ["isometry"]}})
    few = {"examples": STUDY["examples"] | {"train": STUDY["finetune"]["batch_size"] + 1}}
    with pytest.raises(ValueError, match=r"^analyse\.kinds: gradient_confusion needs two batches"):
        configuration.check(STUDY | few | {"analyse": analyse})


BINS = {"kind": "bins", "size": 4, "window": 1, "by": "quantile"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"neighbours": {"kmer": 2, "threshold": 0.5}}, "neighbours: are found before bins are"),
        ({"truncate": "centre"}, "truncate: centre needs tokens of one width"),
    ],
)
def test_learned_bins_are_refused_where_they_come_too_late(changes, message):
    task = {"format": "series", "converter": "series", "layout": {"file": "a.ts"}}
    task |= {"tokens": BINS, "truncate": "head", "split": "stratified", "classes": ["1", "2"]}
    task_checks.check("catalogue.tasks.mine", task)
    with pytest.raises(ValueError, match=r"^catalogue\.tasks\.mine\." + message):
        task_checks.check("catalogue.tasks.mine", task | changes)


def test_of_lines_without_a_header_it_is_said_where_the_number_to_predict_stands():
    task = {"format": "series", "converter": "series", "layout": {"file": "a.csv"}}
    task |= {"kind": "regression", "tokens": BINS, "truncate": "head", "split": "random"}
    with pytest.raises(ValueError, match=r"^catalogue\.tasks\.mine\.layout: .* `label: first` or"):
        task_checks.check("catalogue.tasks.mine", task)
    for layout in ({"file": "a.csv", "label": "last"}, {"file": "a.ts"}, {"file": "a.arff.gz"}):
        task_checks.check("catalogue.tasks.mine", task | {"layout": layout})


TOKENS = {
    "format": "symbols", "converter": "three_line", "layout": {"file": "a.dbn"}, "split": "random",
    "truncate": "head", "kind": "token_classification", "classes": ["(", ")"],
}  # fmt: skip
KMERS = {"kind": "kmers", "k": 3, "stride": 1}
TABLE = {"converter": "table", "layout": {"file": "a.csv", "symbol_label": r"\\S+"}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tokens": KMERS}, r"mine\.tokens: kmers are not one token a symbol"),
        ({"tokens": {"kind": "bpe", "size": 9}}, r"mine\.tokens: bpe are not one token a symbol"),
        ({"order": "shuffled"}, r"mine\.order: shuffled takes symbols from their labels"),
        ({"split": "stratified"}, r"mine\.split: 'stratified' does not fit a token_classification"),
        ({"metric": "spearman"}, r"mine\.metric: 'spearman' does not fit"),
        ({"classes": ["(", "?"]}, r"mine\.classes: '\?' holds a space or is `\?`"),
        ({"classes": ["a b", "c"]}, r"mine\.classes: 'a b' holds a space"),
        (TABLE | {"layout": {"file": "a.csv"}}, r"mine: .*needs a label of every symbol"),
        (TABLE | {"format": "fasta"}, r"mine: .*needs a label of every symbol"),
        ({"kind": "classification", "split": "stratified"}, r"set `kind: token_classification`"),
        ({"kind": "regression", "classes": None}, r"set `kind: token_classification`"),
    ],
)
def test_classes_of_tokens_need_a_label_and_a_token_for_every_symbol(changes, message):
    task_checks.check("catalogue.tasks.mine", TOKENS)
    task_checks.check("catalogue.tasks.mine", TOKENS | TABLE)
    letters = {"symbol": ".", "alphabet": "dna", "strip": ["gaps"]}
    task_checks.check(
        "catalogue.tasks.mine", TOKENS | TABLE | {"layout": TABLE["layout"] | letters}
    )
    task = {key: value for key, value in (TOKENS | changes).items() if value is not None}
    with pytest.raises(ValueError, match=message) as caught:
        task_checks.check("catalogue.tasks.mine", task)
    assert "\n" not in str(caught.value)
