"""Adaptations and controls that do not fit a study are refused when it is planned."""

from copy import deepcopy

import pytest

from plain_study import STUDY
from seqtransfer.study import configuration


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
