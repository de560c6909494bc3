"""A study that names something unknown is refused when it is planned, with what is known."""

import json
from copy import deepcopy

import pytest

from plain_study import STUDY
from seqtransfer.study import configuration


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
    ],
)
def test_an_unknown_name_is_refused_with_its_key_and_the_known_names(place, value, message):
    with pytest.raises(ValueError, match=message):
        configuration.check(changed(place, value))


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


@pytest.fixture
def there(tmp_path):
    """A study of which both encoders are there, and a function that writes one anew."""
    config = deepcopy(STUDY) | {"domain_encoders": {"splice": "esm"}}
    config["initializations"] = ["domain", "from-pairs"]
    config["catalogue"]["encoders"]["esm"] = {"source": "esm"}
    configuration.complete(config)
    configuration.check_encoders(config, tmp_path)  # none is there yet
    plain = {"family": "bert", "layers": 3, "positions": 64}
    records = {"minilm": plain, "esm": plain | {"symbols": {"A": 5}}}

    def check(name="minilm", without=(), **changes):
        record = {k: v for k, v in records[name].items() if k not in without} | changes
        for folder, known in (records | {name: record}).items():
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / "encoder.json").write_text(json.dumps(known))
        configuration.check_encoders(config, tmp_path)

    check()
    return config, check


def test_an_encoder_that_lies_there_and_is_too_small_is_refused(there):
    config, check = there
    with pytest.raises(
        ValueError, match=r"^encoder 'minilm' .*2 layers, encoder\.layers .* 3; set"
    ):
        check(layers=2)
    with pytest.raises(
        ValueError, match=r"63 positions, task 'composer' .* 64; set `max_length: {co"
    ):
        check(positions=63)
    config["catalogue"]["artificial"]["pairs"]["length"] = 66
    with pytest.raises(ValueError, match=r"64 positions, task 'pairs' .* 66"):
        check()
    config["catalogue"]["artificial"]["pairs"]["length"] = 64
    with pytest.raises(ValueError, match=r"^encoder 'esm' .*61 positions, task 'splice' .* 62"):
        check("esm", layers=1, positions=61)  # a domain encoder keeps the layers that it has
    config["max_length"]["splice"] = 61
    check("esm", layers=1, positions=61)


def test_an_encoder_that_is_not_there_has_the_layers_that_the_catalogue_says(tmp_path):
    config = deepcopy(STUDY)
    configuration.complete(config)
    shape = {"layers": 2, "width": 8, "parameters": 99}
    config["catalogue"]["encoders"]["minilm"]["shape"] = shape
    with pytest.raises(ValueError, match=r"^encoder 'minilm' has 2 layers, encoder\.layers .* 3"):
        configuration.check_encoders(config, tmp_path)


@pytest.mark.parametrize("present", [True, False])
@pytest.mark.parametrize(
    ("facts", "changes", "message"),
    [
        (
            {"family": "t5"},
            {"finetune": {"adaptation": "bias"}},
            r"family 't5', without biases, .* `finetune: \{adaptation: layernorm\}`",
        ),
        (
            {"family": "gpt2"},
            {"sweep": {"poolings": ["first"]}},
            r"decoder, gpt2: position 0 .* `sweep: \{poolings: \[mean, last\]\}`",
        ),
        (
            {"family": "gpt2"},
            {"initializations": ["from-pairs", "random"]},
            r"decoder, gpt2, .* pretrain \(on pairs\); leave out",
        ),
        ({"family": "t4"}, {}, "is of family 't4'; known: bert, "),
    ],
)
def test_what_a_family_cannot_do_is_refused_by_its_folder_or_its_shape(
    facts, changes, message, present, tmp_path
):
    config = deepcopy(STUDY) | {"initializations": ["text", "random"]}
    config["compare"] = {"measures": ["cka"], "floor_seeds": [1000]}
    configuration.complete(config)
    bert = {"layers": 3, "positions": 64, "family": "bert"}

    def check(record):
        if present:
            (tmp_path / "minilm").mkdir(exist_ok=True)
            (tmp_path / "minilm/encoder.json").write_text(json.dumps(record))
        else:
            config["catalogue"]["encoders"]["minilm"]["shape"] = record
        configuration.check_encoders(config, tmp_path)

    for key, value in changes.items():
        config[key] = config[key] | value if isinstance(value, dict) else value
    check(bert)
    with pytest.raises(ValueError, match="^encoder 'minilm' .*" + message):
        check(bert | facts)


def test_biases_that_a_configuration_added_and_layers_that_share_weights_are_known(there):
    config, check = there
    config["finetune"]["adaptation"] = "bias"
    check("esm", family="llama", biases=True)
    with pytest.raises(ValueError, match=r"^encoder 'esm' .*family 'llama', without biases"):
        check("esm", family="llama", biases=False)
    config["finetune"]["adaptation"] = "last-2"
    with pytest.raises(ValueError, match=r"has 1 layers with weights .*\.adaptation: last-2 names"):
        check("esm", layers=1)
    config["finetune"]["adaptation"] = "full"
    config["initializations"].append("first-2")
    check(family="albert", own_layers=2)
    with pytest.raises(ValueError, match=r"has 1 layers with weights .* arm first-2 names; lower"):
        check(family="albert", own_layers=1)


def test_attention_heads_of_two_encoders_are_matched_only_if_there_are_as_many(tmp_path):
    config = deepcopy(STUDY) | {"domain_encoders": {"splice": "esm"}}
    config["compare"] = config["compare"] | {"attention": 8}
    configuration.complete(config)
    shape = {"layers": 3, "width": 8, "parameters": 99}

    def check(ours, theirs):
        for name, heads in (("minilm", ours), ("esm", theirs)):
            config["catalogue"]["encoders"][name] = {"shape": shape | heads}
        configuration.check_encoders(config, tmp_path)

    check({"heads": 12}, {"heads": 12})
    check({"heads": 12}, {})  # not known before it is there
    with pytest.raises(
        ValueError, match=r"^compare\.attention: .* has 12 .*'esm', domain_enc.* 20"
    ):
        check({"heads": 12}, {"heads": 20})
    config["compare"]["pairs"] = [["text", "random"]]
    check({"heads": 12}, {"heads": 20})
    config["compare"] |= {"pairs": [["text", "domain"]]}
    del config["compare"]["attention"]
    check({"heads": 12}, {"heads": 20})


def test_a_domain_s_encoder_counts_only_for_a_task_of_the_study():
    config = deepcopy(STUDY) | {"domain_encoders": {"splice": "esm", "unused": "esm"}}
    assert configuration.domain_encoders(config) == {"splice": "esm"}


def test_an_encoder_in_the_place_of_another_kind_is_refused(there):
    _, check = there
    with pytest.raises(
        ValueError, match=r"^encoder 'minilm' .*family 'deberta'; known: bert, roberta"
    ):
        check(family="deberta")
    with pytest.raises(
        ValueError, match=r"decoder, gpt2, .*pretrain \(on composer, pairs\); leave"
    ):
        check(family="gpt2")
    with pytest.raises(ValueError, match=r"^encoder 'minilm' .* knows symbols .*domain_encoders"):
        check(symbols={"A": 5})
    with pytest.raises(ValueError, match=r"^encoder 'esm' .* knows word pieces.*`encoder: {name"):
        check("esm", without=["symbols"])
    check("esm", family="gpt2")  # nothing is pretrained on its architecture


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


def test_a_decoder_is_not_read_at_its_first_position(tmp_path):
    config = deepcopy(STUDY) | {"initializations": ["text", "random"]}
    config["sweep"]["poolings"] = ["mean", "last"]
    config["compare"] = {"measures": ["cka"], "floor_seeds": [1000]}
    configuration.complete(config)
    (tmp_path / "minilm").mkdir()
    record = {"family": "llama", "layers": 3, "positions": 64}
    (tmp_path / "minilm/encoder.json").write_text(json.dumps(record))
    configuration.check_encoders(config, tmp_path)
    config["sweep"]["poolings"] = ["first", "last"]
    with pytest.raises(ValueError, match=r"decoder, llama: position 0 .*poolings: \[mean, last\]"):
        configuration.check_encoders(config, tmp_path)
