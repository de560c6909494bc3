"""Every family's encoder, cut and compacted, computes what the stock model of transformers does."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

import tiny_encoders
from project import ROOT
from seqtransfer.encoders import encoder_folders, loading
from seqtransfer.encoders.loading import Facts
from seqtransfer.encoders.tensor_roles import DECODERS, WITHOUT_BIASES
from seqtransfer.files import json_tsv
from seqtransfer.tokens.vocabulary import CLS, MASK, PAD, SEP, SPECIALS

WIDTH, ROWS = 32, 56
BASE = {
    "vocab_size": ROWS,
    "hidden_size": WIDTH,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 24,
}
BERT_ROWS = {"pad_token_id": 0, "cls": 7, "sep": 8, "mask": 9, "unk": 6}
OTHER_ROWS = {"pad_token_id": 1, "cls": 0, "sep": 2, "mask": 39, "unk": 3}
ESM = {**BASE, "pad_token_id": 1, "mask_token_id": 39, "token_dropout": True}
ENDS = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2}
T5 = {"vocab_size": ROWS, "d_model": WIDTH, "d_kv": 6, "d_ff": 48, "num_layers": 3, "num_heads": 4}
# name: model type, configuration, rows of the special tokens
FAMILIES = {
    "bert": ("bert", {**BASE, "pad_token_id": 0}, BERT_ROWS),
    "albert": (
        "albert",
        {**BASE, "embedding_size": 12, "pad_token_id": 0, "inner_group_num": 2},
        BERT_ROWS,
    ),
    "roberta": ("roberta", {**BASE, "pad_token_id": 1, "type_vocab_size": 1}, OTHER_ROWS),
    "distilbert": (
        "distilbert",
        {"vocab_size": ROWS, "dim": WIDTH, "n_layers": 3, "n_heads": 4, "hidden_dim": 48},
        BERT_ROWS,
    ),
    "electra": ("electra", {**BASE, "embedding_size": 12, "pad_token_id": 0}, BERT_ROWS),
    "electra-wide": ("electra", {**BASE, "embedding_size": WIDTH, "pad_token_id": 0}, BERT_ROWS),
    "esm-2": (
        "esm",
        {**ESM, "position_embedding_type": "rotary", "emb_layer_norm_before": False},
        OTHER_ROWS,
    ),
    "esm-1b": (
        "esm",
        {**ESM, "position_embedding_type": "absolute", "emb_layer_norm_before": True},
        OTHER_ROWS,
    ),
    "mpnet": ("mpnet", {**BASE, "pad_token_id": 1}, OTHER_ROWS),
    "modernbert": (
        "modernbert",
        {**BASE, "pad_token_id": 0, "local_attention": 8, "global_attn_every_n_layers": 2},
        BERT_ROWS,
    ),
    "t5": ("t5", {**T5, "feed_forward_proj": "relu"}, BERT_ROWS),
    "mt5": ("mt5", {**T5, "feed_forward_proj": "gated-gelu"}, BERT_ROWS),
    "umt5": ("umt5", {**T5, "feed_forward_proj": "gated-gelu"}, BERT_ROWS),
    "gpt2": (
        "gpt2",
        {"vocab_size": ROWS, "n_embd": WIDTH, "n_layer": 3, "n_head": 4, "n_positions": 24, **ENDS},
        OTHER_ROWS,
    ),
    **{
        name: (name, {**BASE, **ENDS, "num_key_value_heads": 2, "head_dim": 8}, OTHER_ROWS)
        for name in ("llama", "mistral", "qwen2", "qwen3")
    },
}
RELATIVE = {"t5", "mt5", "umt5"}
ROTARY = {"esm-2", "modernbert", "llama", "mistral", "qwen2", "qwen3"}
POOLED = {"bert", "albert", "roberta", "esm-2", "esm-1b", "mpnet"}


class Case:
    """A stock model with distinctive weights, its folder, and the rows of our ids."""

    def __init__(self, name: str, folder: Path, tokenizer: Path):
        model_type, settings, special = FAMILIES[name]
        self.name, self.folder = name, folder / "house"
        config = transformers.AutoConfig.for_model(model_type, **settings)
        torch.manual_seed(0)
        stock = transformers.AutoModel.from_config(config, attn_implementation="eager").eval()
        with torch.no_grad():
            for part, parameter in stock.named_parameters():
                # Rows of padding too: what is not read must not matter.
                parameter.normal_(std=0.2)
                if "norm" in part.lower() and part.endswith("weight"):
                    parameter += 1
        stock.save_pretrained(folder / "raw")
        self.stock = stock.encoder if name in RELATIVE else stock  # a T5 has a decoder besides
        encoder = encoder_folders.read(folder / "raw")
        encoder_folders.write(self.folder, name, encoder, {"path": "here"}, None, tokenizer)
        self.facts = Facts.of(self.folder)
        specials = [special[k] for k in ("pad_token_id", "cls", "sep", "mask", "unk")]
        others = np.setdiff1d(np.arange(ROWS), specials)
        order = np.random.default_rng(3).permutation(others)
        self.whole = np.concatenate([specials, order])
        self.compact = np.concatenate([specials, order[:6]])

    def expected(self, rows, ids, mask, types):
        """The stock model on the same tokens, by its own ids."""
        given = {"input_ids": torch.from_numpy(rows)[ids], "attention_mask": mask}
        if self.facts.token_types:
            given["token_type_ids"] = types
        with torch.inference_mode():
            return self.stock(**given, output_hidden_states=True)

    def final_norm(self, states: torch.Tensor) -> torch.Tensor:
        """What the family does once, after its last layer."""
        norm = {
            "esm-2": lambda: self.stock.encoder.emb_layer_norm_after,
            "esm-1b": lambda: self.stock.encoder.emb_layer_norm_after,
            "modernbert": lambda: self.stock.final_norm,
            "gpt2": lambda: self.stock.ln_f,
            **{name: lambda: self.stock.final_layer_norm for name in RELATIVE},
            **{name: lambda: self.stock.norm for name in DECODERS if name != "gpt2"},
        }.get(self.name)
        with torch.inference_mode():
            return norm()(states) if norm else states

    def run(self, model, ids, mask):
        with torch.inference_mode():
            return model(**loading.inputs(self.facts, ids, mask))


@pytest.fixture(scope="module", params=FAMILIES)
def case(request, tmp_path_factory, tokenizer_folder):
    torch.set_num_threads(1)
    return Case(request.param, tmp_path_factory.mktemp(request.param), tokenizer_folder)


@pytest.fixture
def batch():
    """ids (4, 12) below 11 with pairs, masked tokens and padding; their mask and token types."""
    generator = np.random.default_rng(0)
    ids, types = np.full((4, 12), PAD), np.zeros((4, 12), dtype=np.int64)
    for row, (first, second) in enumerate([(10, 0), (4, 5), (3, 2), (1, 0)]):
        text = [CLS, *generator.integers(5, 11, first), SEP]
        types[row, len(text) : len(text) + second + bool(second)] = 1
        text += [*generator.integers(5, 11, second), SEP] if second else []
        ids[row, : len(text)] = text
    ids[0, 3] = ids[1, 2] = ids[1, 7] = MASK
    return (
        torch.from_numpy(ids),
        torch.from_numpy((ids != PAD).astype(int)),
        torch.from_numpy(types),
    )


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("rows", ["whole", "compact"])
def test_hidden_states_are_those_of_the_stock_model_on_the_same_tokens(case, batch, rows):
    ids, mask, types = batch
    rows = getattr(case, rows)
    found = case.run(tiny_encoders.load(case.folder, 3, rows), ids, mask)
    expected = case.expected(rows, ids, mask, types)
    close(found.last_hidden_state, expected.last_hidden_state)
    assert case.facts.pooler == (case.name in POOLED)
    if case.facts.pooler:
        close(found.pooler_output, expected.pooler_output)


def test_without_padding_no_mask_is_needed(case, batch):
    ids = batch[0][:1]
    found = case.run(tiny_encoders.load(case.folder, 3, case.compact), ids, None)
    expected = case.expected(case.compact, ids, torch.ones_like(ids), torch.zeros_like(ids))
    close(found.last_hidden_state, expected.last_hidden_state)


@pytest.mark.parametrize("layers", [1, 2])
def test_the_first_layers_give_the_stock_models_hidden_states_of_that_layer(case, batch, layers):
    ids, mask, types = batch
    model = tiny_encoders.load(case.folder, layers, case.compact)
    states = case.expected(case.compact, ids, mask, types).hidden_states
    states = states[:: getattr(case.stock.config, "inner_group_num", 1)]  # of an ALBERT's layer
    assert len(states) == 4
    close(case.run(model, ids, mask).last_hidden_state, case.final_norm(states[layers]))


def test_the_folder_has_the_stock_tensors_and_facts(case):
    stored = load_file(case.folder / "model.safetensors")
    stock = case.stock.state_dict()
    stock = {name: t for name, t in stock.items() if not name.startswith("contact_head.")}
    assert stored.keys() == stock.keys()
    assert all(torch.equal(stored[name], tensor) for name, tensor in stock.items())
    facts = case.facts
    assert (facts.layers, facts.width, facts.vocabulary) == (3, WIDTH, ROWS)
    assert facts.family == case.stock.config.model_type
    assert torch.equal(stock[facts.table], case.stock.get_input_embeddings().weight)
    record = json_tsv.read_json(case.folder / "encoder.json")
    assert record["parameters"] == sum(tensor.numel() for tensor in stock.values())
    assert record["heads"] == 4
    assert record["biases"] == (facts.family not in WITHOUT_BIASES)


def test_the_longest_sequence_of_the_facts_fits_and_no_longer_one(case):
    model = tiny_encoders.load(case.folder, 1, case.compact)
    length = case.facts.positions
    if case.name in RELATIVE:  # all that are farther than 128 tokens are equally far
        assert length == 512
        case.run(model, torch.full((1, length + 1), 5), None)
        return
    if case.name in ROTARY:  # no table that could end
        assert length == case.stock.config.max_position_embeddings
        return
    case.run(model, torch.full((1, length), 5), None)
    with pytest.raises((IndexError, RuntimeError)):
        case.run(model, torch.full((1, length + 1), 5), None)


def test_a_cut_encoder_keeps_every_bit_through_a_file(case, batch, tmp_path):
    ids, mask, _ = batch
    model = tiny_encoders.load(case.folder, 2, case.compact)
    save_file(loading.pretrained(case.folder, 2, case.compact), tmp_path / "cut.safetensors")
    assert load_file(tmp_path / "cut.safetensors").keys() == model.state_dict().keys()
    config = loading.configuration(case.folder, 2, case.compact)
    again = loading.build(config, pooler=case.facts.pooler).eval()
    assert any(not torch.equal(t, model.state_dict()[n]) for n, t in again.state_dict().items())
    again.load_state_dict(load_file(tmp_path / "cut.safetensors"))
    first, second = (case.run(m, ids, mask).last_hidden_state for m in (model, again))
    assert torch.equal(first, second)


def test_both_attention_kernels_compute_the_same(case, batch):
    ids, mask, _ = batch
    one, other = (
        case.run(tiny_encoders.load(case.folder, 3, case.compact, attention=name), ids, mask)
        for name in ("eager", "sdpa")
    )
    real = mask.bool()
    torch.testing.assert_close(
        one.last_hidden_state[real], other.last_hidden_state[real], rtol=0, atol=1e-5
    )


def test_the_embedding_of_padding_gets_no_gradient_and_symbols_do(case, batch):
    ids, mask, _ = batch
    model = tiny_encoders.load(case.folder, 2, case.compact)
    model(**loading.inputs(case.facts, ids, mask)).last_hidden_state[
        mask > 0
    ].sin().sum().backward()
    gradient = model.get_input_embeddings().weight.grad
    assert (gradient[PAD] == 0).all()
    assert (gradient[len(SPECIALS) :].abs().sum(dim=1) > 0).all()


@pytest.mark.parametrize("case", ["bert"], indirect=True)
@pytest.mark.parametrize("layers", [0, 4])
def test_layers_that_are_not_there_are_refused(case, layers):
    with pytest.raises(ValueError, match=rf"encoder\.layers is {layers}; .* has 3"):
        loading.configuration(case.folder, layers, case.compact)


@pytest.mark.parametrize("case", ["bert"], indirect=True)
@pytest.mark.parametrize("row", [-1, ROWS])
def test_rows_that_are_not_there_are_refused(case, row):
    with pytest.raises(ValueError, match=f"its embedding table has {ROWS}"):
        loading.pretrained(case.folder, 1, np.array([1, row]))


def test_an_albert_of_several_groups_is_taken_whole_or_not_at_all(tmp_path):
    config = {"model_type": "albert", "num_hidden_layers": 4, "num_hidden_groups": 2}
    json_tsv.write_json(tmp_path / "config.json", config)
    with pytest.raises(ValueError, match=r"no first 3 can be taken; set encoder\.layers: 4"):
        loading.configuration(tmp_path, 3, np.arange(3))
    assert loading.configuration(tmp_path, 4, np.arange(3))["num_hidden_layers"] == 4


def test_reading_tensors_does_not_import_transformers(encoder, tmp_path, tokenizer_folder):
    house = tmp_path / "house"
    encoder_folders.write(house, "e", encoder_folders.read(encoder), {}, None, tokenizer_folder)
    code = (
        "import sys, numpy; from pathlib import Path;"
        "from seqtransfer.encoders import loading as f;"
        f"folder = Path({str(house)!r}); f.pretrained(folder, 2, numpy.arange(9));"
        "f.configuration(folder, 2, numpy.arange(9)); print('transformers' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "scripts", capture_output=True, text=True
    )
    assert done.stdout.strip() == "False", done.stderr
