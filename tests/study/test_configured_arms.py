"""The arms of a study: what each starts from, and what it is compared with."""

from copy import deepcopy

import pytest
from test_configuration import STUDY, changed

from seqtransfer.study.checks import configuration, task_checks


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        (
            "from-splise",
            "corpus of 'from-splise': 'splise' is unknown; known: aligned, composer, mi",
        ),
        (
            "from-splise-layernorm-only",
            "corpus of .*: 'splise' is unknown; known: aligned, composer",
        ),
        ("checkpoint-20", "'checkpoint-20' is not kept; add 20 to .* are 10, 50, 100"),
        ("first-4", "'first-4' has more layers than encoder.layers, 3"),
    ],
)
def test_an_arm_that_starts_from_nothing_is_refused_with_what_there_is(arm, message):
    with pytest.raises(ValueError, match="^initializations: " + message):
        configuration.check(STUDY | {"initializations": ["domain", arm]})


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (
            ["pretrain", "checkpoints"],
            [10, 100],
            r"^pretrain\.checkpoints: 100 is not before .* 100",
        ),
        (["pretrain", "patience"], 20, r"^pretrain\.patience: nobody knows .*; drop it, or"),
        (["domain_encoders"], {"splise": "minilm"}, "^domain_encoders: 'splise' is unknown"),
        (["domain_encoders"], {"splice": "esm"}, r"^domain_encoders\.splice: 'esm' is unknown"),
        (["domain_corpora"], {"splise": "genes"}, "^domain_corpora: 'splise' is unknown"),
        (["domain_corpora"], {"splice": "gene"}, r"^domain_corpora\.splice: 'gene' is unknown"),
        (
            ["domain_corpora"],
            {"splice": "genes", "composer": "genes"},
            r"^catalogue\.corpora\.genes: its tasks differ in format or tokens",
        ),
        (
            ["domain_corpora"],
            {"splice": "chorales"},
            r"\.chorales: its tasks are of format fasta; the corpus says midi",
        ),
        (["catalogue", "corpora", "splice"], {"title": "t"}, "this name"),
        (["catalogue", "artificial", "pairs", "length"], 9, r"\.pairs\.length: .* even number"),
        (["catalogue", "artificial", "pairs", "kind"], "zipf", r"\.pairs: zipf has no `opening:`"),
        (["catalogue", "artificial", "pairs", "kind"], "markov", r"\.pairs: markov needs `success"),
        (
            ["catalogue", "artificial", "mixed", "task"],
            "pairs",
            r"\.mixed\.task: 'pairs' is unknown",
        ),
        (
            ["catalogue", "artificial", "splice"],
            {"kind": "shuffled", "task": "composer"},
            "this name",
        ),
    ],
)
def test_sources_of_weights_that_cannot_be_made_are_refused(place, value, message):
    with pytest.raises(ValueError, match=message):
        configuration.check(changed(place, value))


def test_a_pretraining_that_patience_ends_keeps_no_steps_and_rises_before_it_may_end():
    study = changed(["pretrain", "patience"], 20)
    del study["pretrain"]["checkpoints"]
    arms = [name for name in study["initializations"] if not name.startswith("checkpoint")]
    study["initializations"] = arms
    study["pretrain"]["warmup"] = 0.1
    configuration.check(study)
    with pytest.raises(ValueError, match=r"^pretrain\.patience: nobody knows"):
        configuration.check(study | {"initializations": [*arms, "checkpoint-100"]})
    study["pretrain"]["warmup"] = 0.3
    with pytest.raises(ValueError, match=r"^pretrain: a warm-up .* raise pretrain\.patience"):
        configuration.check(study)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"kind": "sort", "length": 4}, r"\.length: sort needs an input .* take 5 or more"),
        ({"kind": "reverse", "symbols": 1}, r"symbols: 1 leaves none .* take 2 or more"),
        ({"kind": "stack", "symbols": 2, "pushing": 0.5}, r"symbols: 2 leaves none .* take 3 or"),
        ({"kind": "stack"}, "stack needs `pushing:`"),
        ({"kind": "shuffle_dyck", "symbols": 9, "opening": 0.4}, "9 is odd, but brackets come in"),
        ({"kind": "automaton", "rule": 110, "width": 4, "symbols": 24}, "24 is no power of 2"),
        ({"kind": "automaton", "rule": 110, "width": 4, "symbols": 1}, "1 is no power of 2"),
        ({"kind": "lstm", "units": 4}, "lstm needs `temperature:`"),
    ],
)
def test_an_artificial_corpus_that_its_law_cannot_draw_is_refused(record, message):
    config = deepcopy(STUDY)
    without = {"exponent"} if record["kind"] in ("automaton", "lstm") else set()
    drawn = {"title": "t", "sequences": 9, "length": 8, "symbols": 16, "exponent": 1.0} | record
    drawn = {key: value for key, value in drawn.items() if key not in without}
    config["catalogue"]["artificial"]["pairs"] = drawn
    with pytest.raises(ValueError, match=r"^catalogue\.artificial\.pairs.*" + message):
        configuration.check(config)


def test_a_domain_s_encoder_that_no_arm_starts_from_is_refused():
    config = changed(["domain_encoders"], {"splice": "minilm"})
    for arm in ("domain", "domain-attention-only"):
        compare = config["compare"] | {"reference": arm}
        configuration.check(config | {"initializations": [arm, "random"], "compare": compare})
    with pytest.raises(
        ValueError, match=r"^domain_encoders: no arm starts from them; add `domain`"
    ):
        configuration.check(config | {"initializations": ["text", "random"]})


def test_a_domain_corpus_needs_an_arm_and_no_encoder_beside_it():
    config = changed(["domain_corpora"], {"composer": "chorales", "splice": "genes"})
    configuration.check(config)
    with pytest.raises(ValueError, match=r"^domain_corpora: no arm is pretrained on them; add"):
        configuration.check(config | {"initializations": ["text", "random"]})
    with pytest.raises(ValueError, match=r"^domain_corpora\.splice: domain_encoders names an"):
        configuration.check(config | {"domain_encoders": {"splice": "minilm"}})
    config["catalogue"]["tasks"]["splice"]["tokens"] = {"kind": "bpe", "size": 99}
    config["catalogue"]["tasks"]["splice"]["truncate"] = "head"
    with pytest.raises(ValueError, match=r"\.genes: tokens of kind bpe are learned from a task's"):
        configuration.check(config)


def test_runs_that_are_longer_than_windows_are_refused():
    config = changed(["domain_corpora"], {"composer": "chorales"})
    config["catalogue"]["corpora"]["chorales"]["apart"] = {"kmer": 62}
    configuration.check(config)
    config["catalogue"]["corpora"]["chorales"]["apart"] = {"kmer": 63}
    with pytest.raises(ValueError, match=r"chorales\.apart\.kmer: is 63, but a window has 62 tok"):
        configuration.check(config)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ({"kind": "kmers", "k": 3, "stride": 3}, r"genes\.apart: the tasks' tokens start 3 symb"),
        ({"kind": "classes", "classes": ["AG", "CT"]}, r"genes\.apart\.both_strands: tokens of ki"),
    ],
)
def test_runs_that_may_be_other_tokens_cannot_be_kept_apart(tokens, message):
    record = {"source": "x", "converter": "genes", "format": "fasta"}
    record["apart"] = {"kmer": 7, "both_strands": True}
    task = {"format": "fasta"}
    for fit in ({}, {"tokens": {"kind": "kmers", "k": 3, "stride": 1}}):
        task_checks.check_corpus("genes", record, [task | fit])
    with pytest.raises(ValueError, match=message):
        task_checks.check_corpus("genes", record, [task | {"tokens": tokens}])


def test_a_domain_corpus_stands_in_for_the_tasks_that_it_serves():
    config = changed(["domain_corpora"], {"composer": "chorales"})
    config["initializations"] = ["domain", "checkpoint-10", "from-composer"]
    assert configuration.corpora(config) == ["splice", "chorales", "composer"]
    assert configuration.tasks(config) == ["splice", "composer"]
    assert configuration.served(config, "chorales") == ["composer"]
    assert configuration.served(config, "genes") == []


def test_a_study_pretrains_on_every_corpus_that_an_arm_starts_from_and_on_no_other():
    config = deepcopy(STUDY) | {"tasks": ["splice"], "initializations": ["text", "from-mixed"]}
    assert (configuration.corpora(config), configuration.tasks(config)) == (
        ["mixed"],
        ["splice", "composer"],
    )
    config["initializations"] = ["from-pairs", "domain", "checkpoint-10", "from-splice"]
    assert (configuration.corpora(config), configuration.tasks(config)) == (
        ["pairs", "splice"],
        ["splice"],
    )
    config["initializations"] = ["from-pairs-attention-only", "domain-layernorm-only"]
    assert configuration.corpora(config) == ["pairs", "splice"]
    config["domain_encoders"] = {"splice": "minilm"}
    config["initializations"] = ["domain", "from-composer"]
    assert (configuration.corpora(config), configuration.tasks(config)) == (
        ["composer"],
        ["splice", "composer"],
    )
    configuration.check(config)
    configuration.complete(config)
    assert config["catalogue"]["tasks"]["composer"]["tokens"] == {"kind": "symbols"}
    config["catalogue"]["tasks"]["composer"]["converter"] = "fassta"
    with pytest.raises(ValueError, match=r"tasks\.composer\.converter: 'fassta' is unknown"):
        configuration.check(config)


@pytest.mark.parametrize("arms", ["domain text random", "random text", "moments text moments"])
def test_without_a_named_reference_it_is_domain_else_random_else_the_last_arm(arms):
    reference, *names = arms.split()
    config = deepcopy(STUDY) | {"initializations": list(dict.fromkeys([*names, reference]))}
    del config["compare"]["reference"]
    configuration.check(config)
    configuration.complete(config)
    assert config["compare"]["reference"] == reference


@pytest.mark.parametrize(
    ("names", "reference", "pairs", "mapped"),
    [
        (
            ["text", "random", "domain"],
            "domain",
            ["text domain", "random domain", "text random"],
            ["text domain", "random domain"],
        ),
        (
            ["random", "text", "domain"],
            "domain",
            ["random domain", "text domain", "text random"],
            ["text domain", "random domain"],
        ),
        (["text", "random"], "random", ["text random"], ["text random"]),
        (["random", "domain"], "domain", ["random domain"], ["random domain"]),
        (["domain"], "domain", [], []),
    ],
)
def test_every_arm_is_compared_with_the_reference_and_mapped_beside_random(
    names, reference, pairs, mapped
):
    config = deepcopy(STUDY) | {"initializations": names, "compare": {"reference": reference}}
    configuration.complete(config)
    assert config["compare"]["pairs"] == [pair.split() for pair in pairs]
    assert config["compare"]["maps"] == [[*pair.split(), "before"] for pair in mapped]
