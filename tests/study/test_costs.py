"""What training jobs ask for: closed forms, transformers' own counts, and a run's measured peak."""

import json
import math
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from transformers import BertConfig, BertModel

from project import ROOT
from seqtransfer.study.estimates import costs
from seqtransfer.study.estimates.costs import Encoder, Job
from seqtransfer.training.memory import MARGIN, Footprint

JOB = Job(0, "finetune", {"task": "long", "initialization": "text", "seed": "0"})
LARGE = Encoder(**costs.BERT_BASE)


def study(batch_size=16, tokens=512, steps=100):
    """The keys of a study that the costs of fine-tuning depend on."""
    finetune = {"batch_size": batch_size, "steps": steps, "patience": 50, "adaptation": "full"}
    return {
        "tasks": ["long"],
        "max_length": {"long": tokens},
        "examples": {"train": 0, "dev": 0, "test": 0},
        "finetune": finetune | {"first_evaluation": steps, "evaluate_every": steps},
        "pretrain": {"batch_size": 2 * batch_size, "steps": steps},
        "catalogue": {"artificial": {}, "tasks": {"long": {"format": "fasta"}}},
    }


def bert(layers: int, width: int, parameters: int) -> BertModel:
    """transformers' BERT of that shape, without memory for its tensors."""
    config = BertConfig(
        num_hidden_layers=layers, hidden_size=width, intermediate_size=4 * width,
        num_attention_heads=width // 32,
    )  # fmt: skip
    with torch.device("meta"):
        return BertModel(config)


@pytest.mark.parametrize("shape", [costs.BERT_BASE, costs.MINILM_L6])
def test_an_encoder_that_is_not_here_has_the_parameters_that_transformers_counts(shape):
    model = bert(**shape)
    assert shape["parameters"] == model.num_parameters()
    # A run's weights, of layers and positions: all but biases and norms, 13 numbers a neuron and
    # layer of 12 x width.
    left = (
        sum(p.numel() for p in model.encoder.parameters()) - 13 * shape["layers"] * shape["width"]
    )
    left += model.embeddings.position_embeddings.weight.numel()
    assert Encoder(**shape).weights == 4 * left


def test_a_job_asks_for_what_a_whole_batch_takes():
    """Of a BERT-base without its words, 64 tokens and 64 examples, which is between the least and
    the comfortable."""
    layer = 4 * (18 * 768 + 24 * 64)  # bytes a token: 18 numbers a neuron, 24 heads' weights
    example = 64 * (14 * layer + 4 * 6 * 768)
    kept = 12 * 12 * 768**2 + 512 * 768  # layers and positions
    taken = 0.3e9 + (4 + 18 + 32) * kept + 64 * example
    found = costs.memory(JOB, study(batch_size=64, tokens=64), LARGE)
    assert 8000 < found == math.ceil(taken / 0.9 / 1e6) < 16000


@pytest.mark.parametrize("larger", [{"layers": 24}, {"width": 1024}])
def test_a_deeper_or_wider_encoder_asks_for_more_memory_and_time(larger):
    small, large = study(tokens=64), replace(LARGE, **larger)
    assert costs.memory(JOB, small, large) > costs.memory(JOB, small, LARGE)
    assert costs.minutes(JOB, small, large) > costs.minutes(JOB, small, LARGE)


def test_a_larger_vocabulary_asks_for_nothing_since_its_words_are_not_kept():
    large = replace(LARGE, parameters=10**9)
    assert costs.memory(JOB, study(), large) == costs.memory(JOB, study(), LARGE)
    assert costs.minutes(JOB, study(), large) == costs.minutes(JOB, study(), LARGE)


@pytest.mark.parametrize("key", ["batch_size", "tokens"])
def test_memory_and_time_grow_with_batch_and_length_until_memory_is_comfortable(key):
    values = (32, 64, 128, 256, 512)
    studies = [study(**{"batch_size": 16, "tokens": 32, key: value}) for value in values]
    asked = [costs.memory(JOB, one, LARGE) for one in studies]
    minutes = [costs.minutes(JOB, one, LARGE) for one in studies]
    assert asked == sorted(asked) and asked[0] >= costs.ENOUGH
    assert asked[-1] == costs.COMFORTABLE
    assert minutes == sorted(set(minutes))


@pytest.mark.parametrize("tokens", [64, 512, 2048])
def test_what_is_asked_for_holds_the_micro_batch_that_is_chosen_in_it(tokens):
    """Of the encoder as a job trains it: in float32, whatever its number of heads."""
    asked = 1e6 * costs.memory(JOB, study(tokens=tokens), LARGE)
    taken = Footprint(LARGE.weights // 4, LARGE.layers, LARGE.width, heads=12, tokens=tokens)
    chosen = taken.sizes(16, asked - taken.whole(0) + taken.fixed).micro_batch
    assert taken.whole(chosen) <= asked
    assert taken.whole(1) < taken.whole(2) < taken.whole(16)
    assert chosen == 16 or taken.whole(2 * chosen) > MARGIN * asked


def test_an_encoder_of_which_one_example_is_more_than_comfortable_asks_for_that():
    huge = Encoder(layers=48, width=1600, parameters=1_500_000_000)
    assert costs.memory(JOB, study(), huge) > costs.COMFORTABLE
    assert costs.memory(JOB, study(batch_size=1), huge) == costs.memory(JOB, study(), huge)


def test_a_job_with_a_gpu_asks_for_the_memory_of_its_libraries_too():
    small = replace(LARGE, layers=1)
    few = study(batch_size=1, tokens=8)
    with_gpu = replace(JOB, gpu=True)
    states = {"represent": {"sequences": 8, "tokens": 2}, "initializations": ["text"]}
    assert costs.memory(JOB, few, small) == costs.ENOUGH < 8000
    assert costs.memory(with_gpu, few, small) == 8000
    assert costs.represented(with_gpu, few | states, small) == 8000
    assert costs.attended(with_gpu, states, small) == 8000


def test_attention_maps_ask_for_every_arm_twice():
    """Nine arms of BERT-base, 0.34 GB each, as `state_dict` holds them, before and after."""
    arms = {"initializations": [str(n) for n in range(9)]}
    held = sum(p.numel() * 4 for p in bert(**costs.BERT_BASE).encoder.parameters()) / 1e6
    found = costs.attended(JOB, arms, LARGE) - costs.MAPS
    assert found == pytest.approx(18 * held, rel=0.01)


def test_hidden_states_ask_for_the_layers_of_a_batch_of_the_wider_encoder():
    """ESM-2 of 650 million parameters, of 512 tokens: 5.5 GB of states of 33 layers, 2.6 of it."""
    asked = {"max_length": {"x": 512}, "represent": {"sequences": 240, "tokens": 16}}
    job = Job(0, "represent", {"task": "x"})
    small = replace(LARGE, layers=2)
    assert costs.represented(job, asked | {"max_length": {"x": 64}}, small) == costs.ENOUGH
    esm = Encoder(layers=33, width=1280, parameters=650_000_000)
    states = 4 * 34 * 64 * 512 * 1280 / 1e6
    assert states + 2600 < costs.represented(job, asked, esm) < 4 * (states + 2600)
    beside = replace(small, domain={"x": esm})
    assert costs.represented(job, asked, beside) == costs.represented(job, asked, esm)


def test_pretraining_asks_by_its_own_batch_and_the_longest_task_that_it_serves():
    job = Job(0, "pretrain", {"corpus": "long"})
    given = study(batch_size=16, tokens=64) | {"domain_corpora": {}}
    assert costs.memory(job, given, LARGE) == costs.memory(JOB, study(32, 64), LARGE)


def test_minutes_are_six_times_the_operations_of_all_steps():
    """24 n w^2 + 4 n^2 w operations a layer for n tokens and w neurons, thrice for a step."""
    forward = 12 * (24 * 512 * 768**2 + 4 * 512**2 * 768)
    seconds = 5 + 3 * 16 * 100 * forward / 2.6e11
    assert costs.minutes(JOB, study(), LARGE) == math.ceil(6 * seconds / 60)
    on_gpu = costs.minutes(replace(JOB, gpu=True), study(), LARGE)
    assert on_gpu == math.ceil(6 * (5 + (seconds - 5) * 2.6e11 / 5e13) / 60)
    assert costs.minutes(JOB, study(steps=1000), LARGE) > 9 * costs.minutes(JOB, study(), LARGE)


def test_the_peaks_of_a_run_whole_and_by_micro_batches_differ_as_predicted():
    """Of 4 layers of 128 neurons at 512 tokens, which cost little time for their memory."""
    shape = ("--layers", "4", "--width", "128", "--tokens", "512", "--batch", "64")
    command = [sys.executable, str(ROOT / "benchmarks/memory.py"), *shape, "--worker"]
    whole, parts = (
        json.loads(subprocess.check_output([*command, way]).splitlines()[-1])
        for way in ("whole", "1")
    )
    assert parts["micro_batch"] < whole["micro_batch"] == 64
    assert parts["peak"] < 2**30
    saved = whole["peak"] - parts["peak"]
    assert saved == pytest.approx(whole["predicted"] - parts["predicted"], rel=0.25)
    assert all(one["predicted"] == pytest.approx(one["peak"], rel=0.2) for one in (whole, parts))


def test_an_alignment_takes_longer_with_each_of_its_sizes():
    def seconds(tokens=64, **settings):
        asked = study(tokens=tokens) | {"align": {"steps": 100, "batch_size": 32} | settings}
        asked |= {"initializations": ["text"], "seeds": [0], "compare": {"pairs": [], "maps": []}}
        asked["represent"] = {"sequences": 1, "tokens": 1}
        asked["examples"]["train"] = 0
        asked["compare"]["floor_seeds"] = []
        asked["catalogue"]["corpora"] = {}
        job = Job(0, "align", {"task": "long", "seed": "0"})
        return costs.seconds(job, asked, LARGE, 1.0) - costs.START

    assert seconds(steps=200) == seconds(batch_size=64) == seconds(tokens=128) == 2 * seconds() > 0
