"""Zero-shot, only tasks that a likelihood can order are asked, and encoders that fill in masks."""

from copy import deepcopy

import pytest
from test_configuration import STUDY

from seqtransfer.study.checks import configuration, zero_shot_checks

TWO = {
    "source": "archive", "converter": "splice", "format": "fasta", "classes": ["no", "yes"],
    "split": "stratified", "truncate": "head", "max_length": 40,
}  # fmt: skip
ENCODERS = {
    "bodies": {"source": "wheel", "conversion": "antiberty", "title": "t"},
    "texts": {"source": "wheel", "conversion": "onnx_bert", "title": "t"},
    "plain": {"hub": "a/b", "revision": "0" * 40, "title": "t"},
    "decoder": {"source": "wheel", "conversion": "iglm", "title": "t", "shape": {"family": "gpt2"}},
}


def study(arms=("text", "domain"), asked=("mine",), encoder=None, **task) -> dict:
    config = deepcopy(STUDY) | {"tasks": ["mine"], "initializations": list(arms)}
    config["compare"] |= {"reference": "text"}
    config["analyse"] = config.get("analyse", {}) | {"kinds": [], "zero_shot": list(asked)}
    config["catalogue"]["tasks"]["mine"] = {
        key: value for key, value in (TWO | task).items() if value is not None
    }
    config["catalogue"]["encoders"] |= ENCODERS
    config["domain_encoders"] = {"mine": encoder} if encoder else {}
    return config


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"kind": "regression", "classes": None, "split": "random"},
        {"encoder": "bodies"},
        {"tokens": {"kind": "kmers", "k": 3, "stride": 3}},
        {"arms": ("text", "domain", "domain-attention-only")},
    ],
)
def test_two_classes_or_a_regression_with_a_pretrained_encoder_may_be_asked(changes):
    config = study(**changes)
    zero_shot_checks.check(config)
    assert zero_shot_checks.tasks(config) == ["mine"]


def test_nothing_is_asked_where_the_key_is_absent():
    config = study()
    del config["analyse"]["zero_shot"]
    configuration.check(config)
    assert zero_shot_checks.tasks(config) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"asked": ["mime"]}, r"analyse\.zero_shot: 'mime' is unknown; .*did you mean 'mine'\?"),
        ({"classes": ["a", "b", "c"]}, r"analyse\.zero_shot: 'mine' has 3 classes, which one"),
        ({"kind": "token_classification"}, r"analyse\.zero_shot: 'mine' asks for a class of every"),
        ({"arms": ("text", "random")}, r"analyse\.zero_shot: 'mine' has no encoder pretrained on"),
        (
            {"arms": ("text", "domain-attention-only")},
            "analyse.*: 'mine' has no encoder pretrained",
        ),
        ({"encoder": "texts"}, r"analyse.*'texts', domain_encoders\.mine, comes without a head"),
        ({"encoder": "decoder"}, r"analyse.*'decoder', domain_encoders\.mine, is a decoder, gpt2"),
        (
            {"tokens": {"kind": "kmers", "k": 3, "stride": 1}},
            "analyse.* tokens that overlap, .* 3`",
        ),
        ({"tokens": {"kind": "intervals"}}, "analyse.* tokens `intervals`, of which two pitches"),
        ({"encoder": "plain"}, r"analyse.*'plain', domain_encoders\.mine, is an encoder of text"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(changes, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        zero_shot_checks.check(study(**changes))


def test_the_checks_of_a_study_ask_it():
    with pytest.raises(ValueError, match=r"^analyse\.zero_shot: 'mine' has no encoder pretrained"):
        configuration.check(study(arms=("text", "random")))
