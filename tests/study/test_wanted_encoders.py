"""The encoders of a study: what they must be able to do, by their folders or by the catalogue."""

import json
import os
from copy import deepcopy

import pytest
from transformers import AutoConfig

from plain_study import STUDY
from seqtransfer.encoders import encoder_check, loading
from seqtransfer.encoders.tensor_roles import FAMILIES
from seqtransfer.files import checksums
from seqtransfer.study.checks import configuration, wanted_encoders


@pytest.fixture
def there(tmp_path):
    """A study of which both encoders are there, and a function that writes one anew."""
    config = deepcopy(STUDY) | {"domain_encoders": {"splice": "esm"}}
    config["initializations"] = ["domain", "from-pairs"]
    config["catalogue"]["encoders"]["esm"] = {"source": "esm", "symbols": True}
    configuration.complete(config)
    wanted_encoders.check(config, tmp_path)  # none is there yet
    plain = {"family": "bert", "layers": 3, "positions": 64}
    origins = config["catalogue"]["encoders"]
    records = {
        "minilm": plain | {"source": dict(origins["minilm"])},
        "esm": plain | {"source": dict(origins["esm"]), "symbols": {"A": 5}},
    }

    def check(name="minilm", without=(), **changes):
        record = {k: v for k, v in records[name].items() if k not in without} | changes
        for folder, known in (records | {name: record}).items():
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / "encoder.json").write_text(json.dumps(known))
        wanted_encoders.check(config, tmp_path)

    check()
    return config, check


def test_an_encoder_that_lies_there_and_is_too_small_is_refused(there):
    config, check = there
    with pytest.raises(
        ValueError, match=r"^encoder 'minilm' .*2 layers, encoder\.layers .* 3; set"
    ):
        check(layers=2)
    with pytest.raises(
        ValueError, match=r"63 positions, sequences of 'composer' .* 64: lower `max_length`"
    ):
        check(positions=63)
    config["catalogue"]["artificial"]["pairs"]["length"] = 66
    with pytest.raises(
        ValueError, match=r"64 positions, sequences of 'pairs' .* 66: .* `length` of the art"
    ):
        check()
    config["catalogue"]["artificial"]["pairs"]["length"] = 64
    with pytest.raises(ValueError, match=r"^encoder 'esm' .*61 positions, .* of 'splice' .* 62"):
        check("esm", layers=1, positions=61)  # a domain encoder keeps the layers that it has
    config["max_length"]["splice"] = 61
    check("esm", layers=1, positions=61)


def test_an_encoder_that_is_not_there_has_the_layers_that_the_catalogue_says(tmp_path):
    config = deepcopy(STUDY)
    configuration.complete(config)
    shape = {"layers": 2, "width": 8, "parameters": 99}
    config["catalogue"]["encoders"]["minilm"]["shape"] = shape
    with pytest.raises(ValueError, match=r"^encoder 'minilm' has 2 layers, encoder\.layers .* 3"):
        wanted_encoders.check(config, tmp_path)


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
    origin = {"source": config["catalogue"]["encoders"]["minilm"]}

    def check(record):
        if present:
            (tmp_path / "minilm").mkdir(exist_ok=True)
            (tmp_path / "minilm/encoder.json").write_text(json.dumps(record | origin))
        else:
            config["catalogue"]["encoders"]["minilm"]["shape"] = record
        wanted_encoders.check(config, tmp_path)

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
            known = {"symbols": True} if name == "esm" else {}
            config["catalogue"]["encoders"][name] = {"shape": shape | heads} | known
        wanted_encoders.check(config, tmp_path)

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


@pytest.mark.parametrize("symbols", [{"symbols": True}, {"conversion": "antiberty"}])
def test_an_encoder_in_the_place_of_another_kind_is_refused_before_it_is_there(symbols, tmp_path):
    config = deepcopy(STUDY) | {"domain_encoders": {"splice": "esm"}}
    configuration.complete(config)
    encoders = config["catalogue"]["encoders"]
    encoders |= {"esm": {"hub": "x"} | symbols}
    wanted_encoders.check(config, tmp_path)
    encoders["minilm"] |= symbols
    with pytest.raises(
        ValueError, match=r"^encoder\.name: 'minilm' .*`domain_encoders: \{<task>: m"
    ):
        wanted_encoders.check(config, tmp_path)
    encoders |= {"minilm": {"hub": "x"}, "esm": {"hub": "x", "conversion": "onnx_bert"}}
    with pytest.raises(
        ValueError, match=r"^domain_encoders: 'esm' .*`encoder: \{name: esm\}`, or,"
    ):
        wanted_encoders.check(config, tmp_path)


def test_a_decoder_is_not_read_at_its_first_position(tmp_path):
    config = deepcopy(STUDY) | {"initializations": ["text", "random"]}
    config["sweep"]["poolings"] = ["mean", "last"]
    config["compare"] = {"measures": ["cka"], "floor_seeds": [1000]}
    configuration.complete(config)
    (tmp_path / "minilm").mkdir()
    record = {"family": "llama", "layers": 3, "positions": 64, "source": {"source": "wheel"}}
    (tmp_path / "minilm/encoder.json").write_text(json.dumps(record))
    wanted_encoders.check(config, tmp_path)
    config["sweep"]["poolings"] = ["first", "last"]
    with pytest.raises(ValueError, match=r"decoder, llama: position 0 .*poolings: \[mean, last\]"):
        wanted_encoders.check(config, tmp_path)
    for task in config["tasks"]:  # no pooling where every token has its class
        config["catalogue"]["tasks"][task]["kind"] = "token_classification"
    wanted_encoders.check(config, tmp_path)


def test_an_encoder_whose_files_were_altered_or_lost_is_refused(tmp_path):
    config = deepcopy(STUDY) | {"initializations": ["text", "random"]}
    config["compare"] = {"measures": ["cka"], "floor_seeds": [1000]}
    configuration.complete(config)
    folder = tmp_path / "minilm"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    digests = {"model.safetensors": checksums.sha256(folder / "model.safetensors")}
    record = {"family": "bert", "layers": 3, "positions": 64, "files": digests}
    record["source"] = {"source": "wheel"}
    (folder / "encoder.json").write_text(json.dumps(record))
    wanted_encoders.check(config, tmp_path, files=True)
    (folder / "model.safetensors").write_bytes(b"weighty")
    with pytest.raises(ValueError, match=r"model\.safetensors was altered .*; delete .*minilm and"):
        wanted_encoders.check(config, tmp_path, files=True)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"model\.safetensors is missing since"):
        wanted_encoders.check(config, tmp_path, files=True)


@pytest.mark.parametrize("file", wanted_encoders.MODEL)
def test_a_model_of_the_user_where_jobs_would_put_theirs_is_refused(file, tmp_path):
    config = deepcopy(STUDY) | {"initializations": ["text", "random"]}
    configuration.complete(config)
    (tmp_path / "minilm").mkdir()
    (tmp_path / "minilm/tokenizer.json").write_text("{}")
    wanted_encoders.check(config, tmp_path)  # no output of a job, which Snakemake would delete
    (tmp_path / "minilm" / file).write_text("{}")
    with pytest.raises(ValueError, match=r"minilm holds a model without .*; move it"):
        wanted_encoders.check(config, tmp_path)


def test_a_folder_made_from_another_source_is_not_judged_since_it_is_made_anew(there):
    config, check = there
    with pytest.raises(
        ValueError, match=r"^encoder 'minilm' .*2 layers, encoder\.layers .* 3; set"
    ):
        check(layers=2, files={"gone": ""})
    check(layers=2, files={"gone": ""}, source={"source": "an older one"})
    config["catalogue"]["encoders"]["minilm"]["title"] = "said of it, not what it is"
    with pytest.raises(ValueError, match="2 layers"):
        check(layers=2)


def test_a_table_of_settings_is_asked_for_its_poolings_in_place_of_the_sweep(tmp_path):
    config = deepcopy(STUDY) | {"initializations": ["text", "random"]}
    config["compare"] = {"measures": ["cka"], "floor_seeds": [1000]}
    configuration.complete(config)
    (tmp_path / "minilm").mkdir()
    record = {"family": "llama", "layers": 3, "positions": 64, "source": {"source": "wheel"}}
    (tmp_path / "minilm/encoder.json").write_text(json.dumps(record))
    table = tmp_path / "settings.tsv"
    config["finetune"] |= {"settings": str(table)}
    for swept, given, fits in ((["first"], "mean", True), (["mean"], "first", False)):
        config["sweep"]["poolings"] = swept
        rows = [
            f"{task}\t{arm}\t1e-4\t{given}"
            for task in config["tasks"]
            for arm in config["initializations"]
        ]
        table.write_text("\n".join(["task\tinitialization\tlearning_rate\tpooling", *rows, ""]))
        os.utime(table, ns=(0, 1 + fits))  # two tables of one moment
        if fits:
            wanted_encoders.check(config, tmp_path)
        else:
            with pytest.raises(ValueError, match="decoder, llama: position 0"):
                wanted_encoders.check(config, tmp_path)


def test_a_plan_knows_all_names_of_the_number_of_layers_and_heads():
    assert encoder_check.DEPTHS == loading.DEPTHS and encoder_check.HEADS == loading.HEADS


def test_an_encoder_of_this_machine_is_looked_at_before_any_job(tmp_path):
    config = deepcopy(STUDY) | {"initializations": ["text", "random"]}
    config["compare"] = {"measures": ["cka"], "floor_seeds": [1000]}
    configuration.complete(config)
    folder = tmp_path / "mine"
    (folder / "model").mkdir(parents=True)
    config["catalogue"]["sources"]["mine"] = {"path": str(folder)}
    config["catalogue"]["encoders"]["minilm"] = {"source": "mine"}

    def refused(message):
        with pytest.raises(ValueError, match=rf"^encoder 'minilm'.*{message}"):
            wanted_encoders.check(config, tmp_path / "encoders")

    refused(r"mine: no config\.json; check `folder:`")
    config["catalogue"]["encoders"]["minilm"]["folder"] = "model"
    facts = {"model_type": "bert", "num_hidden_layers": 2}
    (folder / "model/config.json").write_text(json.dumps(facts))
    refused(r"model: no model\.safetensors\. Other weights")
    (folder / "model/config.json").write_text('{"model_type": "bert",}')
    refused(r"model/config\.json is no JSON: .*; correct it$")
    (folder / "model/config.json").write_text(json.dumps(facts))
    (folder / "model/model.safetensors").touch()
    refused(r"model: no tokenizer\.json, .* `tokenizer: <name>`, or write `symbols: true`")
    (folder / "model/tokenizer.json").touch()
    refused(r"has 2 layers, encoder\.layers asks for 3")
    config["sweep"]["poolings"] = ["mean"]  # as decoders need it
    for family in FAMILIES:  # each by the name that transformers has
        names = AutoConfig.for_model(family).attribute_map
        written = {"model_type": family, names.get("num_hidden_layers", "num_hidden_layers"): 2}
        (folder / "model/config.json").write_text(json.dumps(written))
        refused(r"has 2 layers, encoder\.layers asks for 3")
    config["encoder"]["layers"] = 2
    wanted_encoders.check(config, tmp_path / "encoders")
    for unlike, message in (
        ({"model_type": "deberta"}, "family 'deberta'; known: bert"),
        ({"auto_map": {}}, "code of its own"),
    ):
        (folder / "model/config.json").write_text(json.dumps(facts | unlike))
        refused(message)
    entry = config["catalogue"]["encoders"]["minilm"]
    (folder / "model/tokenizer.json").unlink()
    (folder / "model/config.json").write_text(json.dumps(facts))
    entry["tokenizer"] = "another"
    wanted_encoders.check(config, tmp_path / "encoders")
    config |= {"encoder": {"name": "other", "layers": 1}, "domain_encoders": {"splice": "minilm"}}
    config["catalogue"]["encoders"]["other"] = {}
    entry["symbols"] = True
    refused(r"model: no vocab\.txt; write one that lists the encoder's symbols, one a line")
    (folder / "model/vocab.txt").touch()
    wanted_encoders.check(config, tmp_path / "encoders")
    (folder / "model/config.json").unlink()
    entry["conversion"] = "antiberty"
    wanted_encoders.check(config, tmp_path / "encoders")
