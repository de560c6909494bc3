"""Converted encoders compute what their sources do: held to other implementations.

The sources are made in miniature, with random weights, in the forms that the packages have; the
packages themselves are checked where a study has unpacked them (data/raw).
"""

import argparse
import json

import numpy as np
import pytest
import torch
from torch import nn
from transformers import BertConfig, BertForMaskedLM, GPT2LMHeadModel

import tiny_encoders
from project import ROOT
from seqtransfer.corpora.text_files import find
from seqtransfer.encoders import encoder_folders, loading, package_formats
from seqtransfer.tokens.token_maps import borrowed_rows
from seqtransfer.tokens.vocabulary import SPECIALS, Vocabulary

RAW = ROOT / "data/raw"
HEAVY = (
    "EVQLVESGGGLVQPGGSLRLSCAASGFNIKDTYIHWVRQAPGKGLEWVARIYPTNGYTRYADSVKGRFTISADTSKNTAYLQMNSLRAEDTAVYYC"
    "SRWGGDGFYAMDYWGQGTLVTVSS"
)
INSULIN = (
    "MALWMRLLPLLALLALWGPDPAAAFVNQHLCGSHLVEALYLVCGERGFFYTPKTRREAEDLQVGQVELGGGPGAGSLQPLALEGSLQKRGIVEQC"
    "CTSICSLYQLENYCN"
)


def source(name):
    """The unpacked source of the catalogue, if it is here."""
    if not (RAW / name).exists():
        pytest.skip(f"{RAW / name} is not here: `snakemake --cores 1 data/raw/{name}`")
    return RAW / name


def reference(state, heads, epsilon, ids, first, types):
    """Hidden states by torch's own encoder layers, tensors in fairseq's names. ids: (length,)"""
    place = torch.arange(len(ids)) + first
    hidden = state["embed_tokens.weight"][ids] + state["embed_positions.weight"][place] + types
    width = hidden.shape[1]
    norm = state["emb_layer_norm.weight"], state["emb_layer_norm.bias"]
    hidden = nn.functional.layer_norm(hidden, (width,), *norm, epsilon)[None]
    for number in range(sum(name.endswith("fc1.bias") for name in state)):
        part = {
            n.split(".", 2)[2]: t for n, t in state.items() if n.startswith(f"layers.{number}.")
        }
        block = nn.TransformerEncoderLayer(
            width, heads, len(part["fc1.bias"]), 0, "gelu", epsilon, batch_first=True
        )
        names = {"linear1": "fc1", "linear2": "fc2", "self_attn.out_proj": "self_attn.out_proj"}
        names |= {"norm1": "self_attn_layer_norm", "norm2": "final_layer_norm"}
        kinds = ("weight", "bias")
        ours = {f"{a}.{kind}": part[f"{b}.{kind}"] for a, b in names.items() for kind in kinds}
        for kind in kinds:
            joined = [part[f"self_attn.{letter}_proj.{kind}"] for letter in "qkv"]
            ours[f"self_attn.in_proj_{kind}"] = torch.cat(joined)
        block.load_state_dict(ours)
        # Its fast path has no float64 and the slow one is the plainer arithmetic.
        hidden = block.train()(hidden)
    return hidden[0]


def random_fairseq(rows, width, inner, layers, positions):
    generator = torch.Generator().manual_seed(1)
    shapes = {"embed_tokens.weight": (rows, width), "embed_positions.weight": (positions, width)}
    shapes |= {"emb_layer_norm.weight": (width,), "emb_layer_norm.bias": (width,)}
    for number in range(layers):
        inside = f"layers.{number}."
        for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes[f"{inside}self_attn.{part}.weight"] = (width, width)
            shapes[f"{inside}self_attn.{part}.bias"] = (width,)
        for norm in ("self_attn_layer_norm", "final_layer_norm"):
            shapes |= {f"{inside}{norm}.weight": (width,), f"{inside}{norm}.bias": (width,)}
        shapes |= {f"{inside}fc1.weight": (inner, width), f"{inside}fc1.bias": (inner,)}
        shapes |= {f"{inside}fc2.weight": (width, inner), f"{inside}fc2.bias": (width,)}
    return {
        name: torch.randn(shape, generator=generator) * 0.3 + name.endswith("norm.weight")
        for name, shape in shapes.items()
    }


def house(folder, encoder):
    encoder_folders.write(folder, "e", encoder, {}, None, folder)
    return folder


def hidden_states(folder, encoder, symbols):
    """Those of our own ids of a sequence of symbols, through its folder."""
    vocabulary = Vocabulary.of(symbols)
    rows = borrowed_rows(vocabulary, encoder.symbols, None)
    ids = [vocabulary.ids()[name] for name in ["[CLS]", *symbols, "[SEP]"]]
    facts = loading.Facts.of(house(folder, encoder))
    model = tiny_encoders.load(folder, facts.layers, rows)
    with torch.inference_mode():
        given = loading.inputs(facts, torch.tensor([ids]), None)
        return model(**given).last_hidden_state[0], torch.from_numpy(rows)[ids]


@pytest.fixture
def fairseq(tmp_path):
    """A checkpoint of fairseq in miniature: 2 layers, width 16, rows for ACDE."""
    state = random_fairseq(rows=9, width=16, inner=24, layers=2, positions=22)
    stored = {f"decoder.sentence_encoder.{name}": tensor for name, tensor in state.items()}
    stored |= {"decoder.lm_head.bias": torch.zeros(9)}
    settings = {"encoder_layers": 2, "encoder_attention_heads": 4, "encoder_ffn_embed_dim": 24}
    record = {"args": argparse.Namespace(**settings), "model": stored}
    torch.save(record, tmp_path / "checkpoint_vh.pt")
    (tmp_path / "dict.txt").write_text("A 1\nC 1\nD 1\nE 1\n")
    return tmp_path, state


def test_a_fairseq_roberta_gives_the_hidden_states_of_torchs_own_layers(fairseq, tmp_path):
    folder, state = fairseq
    encoder = package_formats.sapiens(folder, "vh")
    found, rows = hidden_states(tmp_path / "house", encoder, list("ACDEEDCA"))
    assert rows.tolist() == [0, 4, 5, 6, 7, 7, 6, 5, 4, 2]
    expected = reference(state, 4, 1e-5, rows, 2, 0)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_a_dictionary_of_another_length_is_refused(fairseq):
    folder, _ = fairseq
    (folder / "dict.txt").write_text("A 1\nC 1\n")
    with pytest.raises(ValueError, match=r"dict\.txt names 7 rows, checkpoint_vh\.pt has 9"):
        package_formats.sapiens(folder, "vh")


def test_a_pickle_that_runs_code_is_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    for name, convert in (
        ("checkpoint_vh.pt", lambda folder: package_formats.sapiens(folder, "vh")),
        ("pytorch_model.bin", package_formats.antiberty),
    ):
        torch.save({"args": Trap(), "model": {}}, tmp_path / name)
        (tmp_path / "config.json").write_text("{}")
        with pytest.raises(Exception, match=r"(?i)weights_only|unsupported"):
            convert(tmp_path)
        assert not (tmp_path / "ran").exists()


def test_antibertys_body_is_kept_bit_by_bit_and_its_heads_are_not(tmp_path):
    config = BertConfig(
        vocab_size=7, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=24, max_position_embeddings=20,
    )  # fmt: skip
    model = BertForMaskedLM(config)
    stored = {**model.state_dict(), "cls.species.weight": torch.zeros(6, 16)}
    stored["bert.embeddings.position_ids"] = torch.arange(20)[None]
    stored |= {"bert.pooler.dense.weight": torch.ones(16, 16)}
    stored |= {"bert.pooler.dense.bias": torch.ones(16)}
    torch.save(stored, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text(json.dumps(config.to_dict()))
    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nA\nC\n")
    encoder = package_formats.antiberty(tmp_path)
    body = model.bert.state_dict() | {
        "pooler.dense.weight": torch.ones(16, 16),
        "pooler.dense.bias": torch.ones(16),
    }
    assert encoder.state.keys() == body.keys()
    assert all(torch.equal(encoder.state[name], tensor) for name, tensor in body.items())
    assert encoder.symbols == {
        "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "A": 5, "C": 6,
    }  # fmt: skip
    assert loading.Facts.of(house(tmp_path / "house", encoder)).pooler


def test_an_onnx_file_gives_the_tensors_of_the_bert_that_was_exported(tmp_path):
    import onnx
    from onnx import helper, numpy_helper

    config = BertConfig(
        vocab_size=9, hidden_size=64, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=48, max_position_embeddings=12,
    )  # fmt: skip
    state = loading.build(config.to_dict() | {"model_type": "bert"}, pooler=False).state_dict()
    nodes, tensors = [], []
    for number, (name, tensor) in enumerate(state.items()):
        matrix = ".layer." in name and tensor.ndim == 2
        stored = f"onnx::MatMul_{number}" if matrix else f"model.0.auto_model.{name}"
        values = (tensor.T if matrix else tensor).contiguous().numpy()
        tensors.append(numpy_helper.from_array(values, stored))
        if matrix:
            place = name.removesuffix(".weight").replace(".", "/").replace("layer/", "layer.")
            nodes.append(
                helper.make_node(
                    "MatMul", ["x", stored], ["y"], f"/model/model.0/auto_model/{place}/MatMul"
                )
            )
    nodes.append(helper.make_node("LayerNormalization", ["x"], ["y"], epsilon=1e-12))
    graph = helper.make_graph(nodes, "g", [], [], tensors)
    onnx.save(helper.make_model(graph), tmp_path / "m.onnx")
    encoder = package_formats.onnx_bert(tmp_path)
    assert encoder.state.keys() == state.keys()
    assert all(torch.equal(encoder.state[name], tensor) for name, tensor in state.items())
    assert encoder.config["layer_norm_eps"] == 1e-12
    assert encoder.config["num_attention_heads"] == 2
    tensors.append(numpy_helper.from_array(np.zeros(3, np.float32), "onnx::Add_7"))
    graph = helper.make_graph(nodes, "g", [], [], tensors)
    onnx.save(helper.make_model(graph), tmp_path / "m.onnx")
    with pytest.raises(ValueError, match=r"no place in a BERT for the tensors.*Add_7"):
        package_formats.onnx_bert(tmp_path)


def test_minilm_l3_gives_what_onnxruntime_gives():
    folder = source("minilm-l3")
    import onnxruntime

    encoder = package_formats.onnx_bert(folder)
    config, state = encoder.config, encoder.state
    model = loading.build(config, pooler=False).eval()
    model.load_state_dict(state)
    generator = np.random.default_rng(0)
    ids = generator.integers(1000, 30000, (3, 20))
    mask = (np.arange(20) < np.array([[20], [13], [5]])).astype(np.int64)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(find(folder, "paraphrase-MiniLM-L3-v2.onnx"), options)
    outputs = session.run(None, {"input_ids": ids, "attention_mask": mask})
    (expected,) = (output for output in outputs if output.shape == (3, 20, 384))
    with torch.inference_mode():
        given = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        found = model(**given).last_hidden_state.numpy()
    assert np.abs(found - expected)[mask == 1].max() < 1e-5
    assert np.abs(expected[mask == 1]).max() > 0.1


def recovered(folder, encoder, chain, head):
    """Share of residues filled in right, each masked alone. head: hidden states -> row logits."""
    symbols = list(chain)
    vocabulary = Vocabulary.of(symbols)
    rows = borrowed_rows(vocabulary, encoder.symbols, None)
    ids = np.array([vocabulary.ids()[name] for name in ["[CLS]", *symbols, "[SEP]"]])
    masked = np.tile(ids, (len(symbols), 1))
    places = np.arange(len(symbols))
    masked[places, places + 1] = SPECIALS.index("[MASK]")
    facts = loading.Facts.of(folder)
    model = tiny_encoders.load(folder, facts.layers, rows)
    with torch.inference_mode():
        given = loading.inputs(facts, torch.from_numpy(masked), None)
        hidden = model(**given).last_hidden_state[places, places + 1]
        return float((head(hidden).argmax(-1).numpy() == rows[ids[1:-1]]).mean())


def lm_head(stored, dense, norm, table, bias, epsilon):
    def head(hidden):
        hidden = nn.functional.linear(hidden, stored[f"{dense}.weight"], stored[f"{dense}.bias"])
        hidden = nn.functional.layer_norm(
            nn.functional.gelu(hidden), hidden.shape[-1:],
            stored[f"{norm}.weight"], stored[f"{norm}.bias"], epsilon,
        )  # fmt: skip
        return nn.functional.linear(hidden, stored[table], stored[bias])

    return head


@pytest.mark.parametrize("chain", ["vh", "vl"])
def test_sapiens_gives_the_hidden_states_of_torchs_own_layers(chain, tmp_path):
    folder = source("sapiens")
    encoder = package_formats.sapiens(folder, chain)
    found, rows = hidden_states(tmp_path / "house", encoder, list(HEAVY))
    with torch.serialization.safe_globals([argparse.Namespace]):
        stored = torch.load(
            find(folder, f"checkpoint_{chain}.pt"), weights_only=True, map_location="cpu"
        )
    inside = "decoder.sentence_encoder."
    state = {n.removeprefix(inside): t for n, t in stored["model"].items() if inside in n}
    expected = reference(state, stored["args"].encoder_attention_heads, 1e-5, rows, 2, 0)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("chain", "right"),
    # Counted before with transformers' own masked-LM models of both checkpoints.
    [("vh", 7), ("vl", 3)],
)
def test_sapiens_recovers_what_its_own_head_recovered(chain, right, tmp_path):
    folder = source("sapiens")
    with torch.serialization.safe_globals([argparse.Namespace]):
        path = find(folder, f"checkpoint_{chain}.pt")
        stored = torch.load(path, weights_only=True, map_location="cpu")["model"]
    inside = "decoder.lm_head."
    names = [f"{inside}dense", f"{inside}layer_norm", f"{inside}weight", f"{inside}bias"]
    encoder = package_formats.sapiens(folder, chain)
    house(tmp_path / "sapiens", encoder)
    head = lm_head(stored, *names, 1e-5)
    assert recovered(tmp_path / "sapiens", encoder, INSULIN, head) == right / len(INSULIN)
    if chain == "vh":
        assert recovered(tmp_path / "sapiens", encoder, HEAVY, head) > 0.7


def test_antiberty_recovers_an_antibody_and_of_insulin_what_its_own_head_recovered(tmp_path):
    folder = source("antiberty")
    path = find(folder, "pytorch_model.bin")
    stored = torch.load(path, weights_only=True, map_location="cpu")
    inside = "cls.predictions."
    names = [f"{inside}transform.dense", f"{inside}transform.LayerNorm"]
    names += [f"{inside}decoder.weight", f"{inside}decoder.bias"]
    encoder = package_formats.antiberty(folder)
    house(tmp_path / "antiberty", encoder)
    head = lm_head(stored, *names, 1e-12)
    assert recovered(tmp_path / "antiberty", encoder, INSULIN, head) == 3 / len(INSULIN)
    assert recovered(tmp_path / "antiberty", encoder, HEAVY, head) > 0.7


@pytest.mark.parametrize(("size", "layers", "width"), [("IgLM", 4, 512), ("IgLM-S", 3, 192)])
def test_iglm_expects_the_next_residue_of_an_antibody_as_the_stock_model_does(
    size, layers, width, tmp_path
):
    folder = source("iglm")
    weights = find(folder, f"{size}/pytorch_model.bin")
    stock = GPT2LMHeadModel.from_pretrained(weights.parent, use_safetensors=False).eval()
    encoder = package_formats.iglm(folder, size)
    house(tmp_path / "iglm", encoder)
    facts = loading.Facts.of(tmp_path / "iglm")
    assert (facts.family, facts.layers, facts.width) == ("gpt2", layers, width)
    right = {}
    for name, chain in (("antibody", HEAVY), ("insulin", INSULIN)):
        vocabulary = Vocabulary.of(chain)
        rows = borrowed_rows(vocabulary, encoder.symbols, None)
        ids = torch.tensor([[vocabulary.ids()[token] for token in ["[CLS]", *chain]]])
        model = tiny_encoders.load(tmp_path / "iglm", layers, rows)
        with torch.inference_mode():
            found = model(**loading.inputs(facts, ids, None)).last_hidden_state
            logits = stock.lm_head(found)
            expected = stock(torch.from_numpy(rows)[ids])
        torch.testing.assert_close(logits, expected.logits, rtol=0, atol=1e-3)
        right[name] = (logits[0, :-1].argmax(-1).numpy() == rows[ids[0, 1:]]).mean()
    assert right["antibody"] > 0.5 and right["insulin"] < 0.2
