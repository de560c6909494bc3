"""A soft start is planned with the texts that it needs, and refused where these are none."""

from copy import deepcopy

import pytest
from test_configuration import STUDY

from seqtransfer.report.register import entries
from seqtransfer.study import used_configuration
from seqtransfer.study.checks import configuration, soft_starts

FILMS = {
    "source": "wheel",
    "converter": "sentiment",
    "format": "text",
    "classes": ["bad", "good"],
    "split": "stratified",
    "truncate": "head",
    "max_length": 40,
}


def study(texts: str = "films", arms=("text", "from-aligned", "random"), **films) -> dict:
    config = deepcopy(STUDY) | {"tasks": ["splice"], "initializations": list(arms)}
    config["compare"] |= {"reference": "text"}
    config["align"] = {"texts": texts, "steps": 8, "batch_size": 4, "learning_rate": 0.01}
    config["catalogue"]["tasks"]["films"] = FILMS | films
    return config


@pytest.mark.parametrize("arm", ["from-aligned", "from-aligned-embeddings-only"])
def test_the_texts_are_encoded_and_recorded_and_nothing_is_pretrained(arm):
    config = study(arms=("text", arm))
    configuration.check(config)
    assert soft_starts.asked(config) == ["aligned"] and configuration.corpora(config) == []
    assert configuration.tasks(config) == ["splice", "films"]
    config["catalogue"]["sources"] = {"wheel": {"package": "films"}, "archive": {"path": "genes"}}
    record = used_configuration.selected(config)
    assert record["align"] == config["align"]
    kept = record["catalogue"]
    assert list(kept["tasks"]) == ["splice", "films"] and "wheel" in kept["sources"]


def test_without_a_soft_start_no_texts_are_read_whatever_the_key_says():
    config = study("flims", arms=("text", "random"))
    configuration.check(config)
    assert (soft_starts.asked(config), configuration.tasks(config)) == ([], ["splice"])


@pytest.mark.parametrize(
    ("texts", "films", "message"),
    [
        ("flims", {}, r"align\.texts: 'flims' is unknown; known: .*; did you mean 'films'\?"),
        ("splice", {}, r"align\.texts: 'splice' is a classification in format fasta; name a"),
        ("films", {"kind": "regression"}, r"align\.texts: 'films' is a regression in format text;"),
    ],
)
def test_texts_that_are_none_or_have_no_classes_are_refused(texts, films, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        configuration.check(study(texts, **films))


@pytest.mark.parametrize("part", ["tasks", "artificial"])
def test_a_corpus_with_the_name_of_a_soft_start_is_refused(part):
    config = study()
    config["catalogue"][part]["aligned"] = dict(
        config["catalogue"][part]["films" if part == "tasks" else "pairs"]
    )
    with pytest.raises(
        ValueError, match=rf"^catalogue\.{part}\.aligned: the arm from-aligned is a"
    ):
        configuration.check(config)


def test_a_soft_start_is_no_source_of_a_matrix():
    config = study()
    assert not entries.transfers_corpora(config)
    config["initializations"].append("from-films")
    assert entries.transfers_corpora(config)
