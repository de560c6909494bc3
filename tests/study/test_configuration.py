"""A study that names something unknown is refused when it is planned, with what is known."""

from copy import deepcopy

import pytest

from plain_study import STUDY
from seqtransfer.study.checks import configuration


def test_a_study_of_known_names_passes_whatever_else_the_catalogue_holds():
    configuration.check(STUDY)


def changed(place, value) -> dict:
    """The study with `value` at `place`, a sequence of keys."""
    config = deepcopy(STUDY)
    *path, last = place
    section = config
    for key in path:
        section = section[key]
    section[last] = value
    return config


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (["tasks"], ["splise"], "^tasks: 'splise' is unknown; known: composer, splice, unused"),
        (["tasks"], ["unused"], r"^catalogue\.tasks\.unused\.source: 'nowhere'.*archive, wheel"),
        (["pieces"], {"bach": 120}, "^pieces of composer: 'haydn' is unknown; known: bach"),
        (["max_length", "splise"], 9, "^max_length: 'splise' is unknown; known: composer, splice"),
        (["pieces", "hayden"], 9, "'hayden' is unknown; known: bach, haydn; did you mean 'haydn'"),
        (["max_length"], {}, "^max_length: no length for task 'splice'; add `splice: <tokens>`"),
        (
            ["initializations"],
            ["texts"],
            "^initialization 'texts' is unknown; known: random, moments",
        ),
        (["compare", "reference"], "shuffled", r"^compare\.reference: 'shuffled'.*domain, random"),
        (["compare", "measures"], ["ckaa"], r"^compare\.measures: 'ckaa' is unknown; known: cca, "),
        (["compare", "measures"], ["gulp"], r"^compare\.measures: 'gulp' is a distance, small"),
        (
            ["compare", "pairs"],
            [["text", "mixed"]],
            r"^compare\.pairs: 'mixed' is unknown; known: ",
        ),
        (
            ["compare", "maps"],
            [["text", "domain", "before"]],
            r"^compare\.maps: .* is no pair; add",
        ),
        (["encoder", "name"], "bert", r"^encoder\.name: 'bert' is unknown; known: minilm"),
        (
            ["catalogue", "encoders", "minilm", "source"],
            "web",
            r"^catalogue\.encoders\.minilm\.source: 'web' is unknown; known: archive, wheel",
        ),
        (
            ["catalogue", "sources", "wheel", "parts"],
            ["archive", "half"],
            r"^catalogue\.sources\.wheel\.parts: 'half' is unknown; known: archive, wheel",
        ),
        (
            ["catalogue", "encoders", "minilm", "tokenizer"],
            "bert",
            r"^catalogue\.encoders\.minilm\.tokenizer: 'bert' is unknown; known: minilm",
        ),
        (
            ["catalogue", "encoders", "minilm", "tokenizer"],
            "minilm",
            r"^catalogue\.encoders\.minilm\.tokenizer: 'minilm' is the encoder itself",
        ),
    ],
)
def test_an_unknown_name_is_refused_with_its_key_and_the_known_names(place, value, message):
    with pytest.raises(ValueError, match=message):
        configuration.check(changed(place, value))


@pytest.mark.parametrize("kind", ["tasks", "corpora", "artificial"])
def test_no_task_or_corpus_is_called_as_the_mean_of_all_is(kind):
    with pytest.raises(ValueError, match=rf"^catalogue\.{kind}\.all: .*; rename it"):
        configuration.check(changed(["catalogue", kind, "all"], {}))


def test_the_sweeps_warm_up_is_the_studys_unless_it_has_candidates():
    config = deepcopy(STUDY)
    configuration.complete(config)
    assert config["sweep"]["warmups"] == [0.1]
    config["sweep"]["warmups"] = [0.0, 0.2]
    configuration.complete(config)
    assert config["sweep"]["warmups"] == [0.0, 0.2]


def test_a_study_that_would_score_dev_for_more_than_a_quarter_of_its_training_is_refused():
    # Steps 0, 4, 8 and 10 on 22 examples: 88 forward = 29.3 trained, of 120; on 23 it is 30.7.
    config = deepcopy(STUDY)
    configuration.check(config)
    config["examples"]["dev"] = 23
    with pytest.raises(ValueError, match=r"^finetune: .* 4 times .* 23 ex.* 26 % .*\.dev to 22,"):
        configuration.check(config)
    config["finetune"]["first_evaluation"] = 8
    configuration.check(config)
    config["finetune"] |= {"first_evaluation": 2, "evaluate_every": 2}
    with pytest.raises(ValueError, match=r"or raise finetune\.first_evaluation, .*evaluate_every"):
        configuration.check(config)


@pytest.mark.parametrize("key", ["compare.floor_seeds", "sweep.seeds"])
def test_seeds_that_choose_or_calibrate_are_apart_from_those_that_are_reported(key):
    with pytest.raises(ValueError, match=rf"^{key}: 1 is one of the study's `seeds`"):
        configuration.check(changed(key.split("."), [7, 1]))


CELL = {"file": "x.csv"}
PARTS = {"train": "x.csv", "test": "y.csv"}


@pytest.mark.parametrize(
    "layout", [{"files": PARTS, "dev_share": 0.1}, {"files": PARTS | {"dev": "z"}}, {"split": "s"}]
)
def test_given_parts_that_are_all_there_pass(layout):
    config = deepcopy(STUDY)
    layout = layout if "files" in layout else CELL | layout
    changes = {"converter": "table", "layout": layout, "split": "given"}
    config["catalogue"]["tasks"]["splice"] |= changes
    configuration.check(config)
    config["catalogue"]["tasks"]["splice"]["split"] = "stratified"
    named = "files" if "files" in layout else "split"
    with pytest.raises(
        ValueError, match=rf"\.split: stratified, but `{named}` of the layout gives"
    ):
        configuration.check(config)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("represent.tokens", 61, "61 is more than the 60 that a sequence of splice has without"),
        ("represent.dropout", ["randm"], r"'randm' is unknown; known: .* did you mean 'random'"),
        ("represent.sequences", 39, "compare.groups: 40 is more than represent.sequences, 39"),
        ("examples.test", 39, "compare.groups: 40 is more than examples.test, 39, so that"),
    ],
)
def test_probes_that_no_sequence_or_group_can_fill_are_refused(place, value, message):
    with pytest.raises(ValueError, match=message):
        configuration.check(changed(place.split("."), value))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"classes": None}, "a classification needs `classes`"),
        ({"kind": "regression"}, "a regression has no `classes`"),
        ({"metric": "spearman"}, r"\.metric: 'spearman' does not fit a classification; use mcc"),
        ({"split": "random"}, r"\.split: 'random' does not fit a classification"),
        (
            {"metric": "f1", "classes": list("abc")},
            r"\.metric: f1 is of two classes, .* 3; use mac",
        ),
        (
            {"kind": "regression", "classes": None, "split": "stratified"},
            r"\.split: 'stratified' does not fit a regression; use random, grouped, given",
        ),
        (
            {"kind": "regression", "classes": None, "split": "random", "metric": "mcc"},
            r"\.metric: 'mcc' does not fit a regression; use spearman",
        ),
        ({"converter": None}, "needs `converter:`, one of code, cola, fasta"),
        ({"converter": "fassta"}, r"\.converter: 'fassta' is unknown; known: code"),
        ({"format": "midi"}, r"\.format: converter `splice` writes fasta, not midi"),
        ({"layout": CELL}, "converter `splice` takes none"),
        ({"converter": "table", "layout": {"fil": "x"}}, "unknown key 'fil'; did you mean 'file'"),
        (
            {"converter": "table", "layout": CELL, "split": "grouped"},
            r"\.split: grouped needs `group:` in the layout; add it, or use stratified",
        ),
        (
            {"converter": "lines", "layout": {"files": {"a": "x"}}, "split": "grouped"},
            r"\.split: grouped needs `group:` in the layout; lines has none; use stratified",
        ),
        (
            {"converter": "table", "layout": CELL, "split": "given"},
            r"\.split: given needs `split:` in the layout, or .* it lacks train, dev, test$",
        ),
        (
            {"converter": "table", "layout": {"files": PARTS}, "split": "given"},
            r"\.split: given needs .* \(dev can be a `dev_share:` of train\); it lacks dev$",
        ),
        (
            {"converter": "lines", "layout": {"files": {"a": "x"}}, "split": "given"},
            r"\.split: lines gives no parts; use another split",
        ),
        ({"tokens": {"kind": "kmers", "k": 100, "stride": 1}}, r"\.tokens\.k: 100 is greater"),
        ({"tokens": {"kind": "bpe", "size": 10**9}}, r"\.tokens\.size: 1000000000 is greater"),
        ({"tokens": {"kind": "intervals"}}, r"\.tokens: intervals are for midi tasks"),
        ({"tokens": {"kind": "kmers"}}, r"\.tokens: needs `k:`"),
        ({"tokens": {"kind": "kmers", "k": 3}}, r"\.tokens: needs `stride:`"),
        ({"tokens": {"kind": "symbols", "k": 3}}, r"\.tokens: unknown key 'k'; known: kind"),
        ({"token_map": {"kind": "identity"}}, r"\.token_map: identity is for text"),
        ({"token_map": {"kind": "permutation", "shift": 3}}, "goes with kind shift"),
        (
            {"format": "text", "converter": "sentiment"}
            | {"token_map": {"kind": "shift", "shift": 0}},
            "goes with kind shift",
        ),
        (
            {"format": "text", "converter": "sentiment"}
            | {"token_map": {"kind": "identity", "specials": "moved"}},
            r"\.token_map: identity moves no token",
        ),
        ({"source": ["archive", "nowhere"]}, r"\.source: 'nowhere' is unknown"),
    ],
)
def test_keys_of_a_task_that_do_not_fit_each_other_are_refused(changes, message):
    config = deepcopy(STUDY)
    task = config["catalogue"]["tasks"]["splice"]
    task.update(changes)
    for key in [key for key, value in task.items() if value is None]:
        del task[key]
    with pytest.raises(ValueError, match=r"^catalogue\.tasks\.splice.*" + message):
        configuration.check(config)


def test_a_study_file_over_another_may_take_a_shift_back():
    config = deepcopy(STUDY)
    config["catalogue"]["tasks"]["splice"]["token_map"] = {"kind": "permutation", "shift": 0}
    configuration.check(config)


def test_what_a_task_leaves_out_is_filled_in_and_the_study_s_length_wins():
    config = deepcopy(STUDY)
    tasks = config["catalogue"]["tasks"]
    tasks["splice"]["max_length"] = 40
    tasks["composer"] |= {"max_length": 50, "metric": "f1"}
    del config["max_length"]["composer"]
    configuration.check(config)
    configuration.complete(config)
    assert config["max_length"] == {"splice": 62, "composer": 50}
    assert [tasks[t]["metric"] for t in ("splice", "composer")] == ["mcc", "f1"]
    assert tasks["splice"]["kind"] == "classification"
    assert config["represent"]["dropout"] == []
    assert tasks["splice"]["tokens"] == {"kind": "symbols"}
    del tasks["splice"]["classes"], tasks["splice"]["metric"]
    tasks["splice"] |= {"kind": "regression", "split": "random"}
    configuration.check(config)
    configuration.complete(config)
    assert tasks["splice"]["metric"] == "spearman"
