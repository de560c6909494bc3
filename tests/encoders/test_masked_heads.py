"""Heads that were kept fill in masks as the models do that they are of."""

import argparse
import json
import re

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from test_package_formats import HEAVY, source
from transformers import (
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    EsmConfig,
    EsmForMaskedLM,
    RobertaConfig,
    RobertaForMaskedLM,
)

import id_sequences
from seqtransfer.encoders import encoder_folders, masked_heads, package_formats
from seqtransfer.tokens.token_maps import borrowed_rows
from seqtransfer.tokens.vocabulary import Vocabulary
from seqtransfer.training import classifier, pseudo_likelihood

NAMES = ("<cls>", "<pad>", "<eos>", "<unk>", "A", "C", "D", "E", "<mask>")
SPECIAL = {"pad_token_id": 1, "mask_token_id": 8}
SIZES = {
    "vocab_size": 9, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 24, "max_position_embeddings": 24, **SPECIAL,
}  # fmt: skip
MODELS = {
    "bert": (BertForMaskedLM, BertConfig(**SIZES)),
    "roberta": (RobertaForMaskedLM, RobertaConfig(**SIZES, layer_norm_eps=1e-2)),
    "esm": (
        EsmForMaskedLM,
        EsmConfig(
            **SIZES, token_dropout=True, position_embedding_type="rotary", layer_norm_eps=1e-2,
            emb_layer_norm_before=False,
        ),
    ),
}  # fmt: skip


def randomized(model):
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return model.eval()


def likelihoods(tmp_path, encoder, head, sequences, letters="ACDE"):
    """Those of sequences of letters, through the folders that jobs read."""
    house, vocabulary = tmp_path / "encoders" / "mine", Vocabulary.of(letters)
    encoder_folders.write(house, "mine", encoder, {}, None, tmp_path)
    path = tmp_path / "encoders" / "mine.head.safetensors"
    classifier.write_weights(path, head)
    rows = borrowed_rows(vocabulary, encoder.symbols, None)
    sources = classifier.WeightSources(
        tmp_path, 2, np.arange(len(rows)), house / "model.safetensors", rows, 0, "toy"
    )
    ids = vocabulary.ids()
    lists = [[ids[name] for name in ["[CLS]", *text, "[SEP]"]] for text in sequences]
    ragged = id_sequences.joined(lists, [-1] * len(lists), list(sequences))
    model = pseudo_likelihood.model(sources, path)
    return pseudo_likelihood.log_likelihoods(model, ragged, rows, "cpu")


def expected(logits_of, names, sequences):
    """By a loop: one mask at a time, in the encoder's own ids. logits_of: of (1, length) ids."""
    rows, found = {name: row for row, name in enumerate(names)}, []
    letters = [rows[letter] for letter in "ACDE"]
    for text in sequences:
        terms = []
        for place, true in enumerate(text, start=1):
            ids = torch.tensor([[rows[names[0]], *(rows[c] for c in text), rows[names[2]]]])
            ids[0, place] = rows["<mask>"]
            with torch.no_grad():
                logits = logits_of(ids)[0, place, letters].double()
            terms.append(float(logits.log_softmax(dim=0)["ACDE".index(true)]))
        found.append(np.mean(terms))
    return found


TEXTS = ("ACDEA", "DD", "EAECCAD")


@pytest.mark.parametrize("family", MODELS)
def test_a_head_of_transformers_fills_in_masks_as_transformers_does(family, tmp_path):
    kind, config = MODELS[family]
    model = randomized(kind(config))
    model.save_pretrained(tmp_path)
    (tmp_path / "vocab.txt").write_text("\n".join(NAMES))
    encoder = encoder_folders.read(tmp_path, symbols=True)
    head = masked_heads.read(tmp_path, {"symbols": True})
    found = likelihoods(tmp_path, encoder, head, TEXTS)
    wanted = expected(lambda ids: model(input_ids=ids).logits, NAMES, TEXTS)
    np.testing.assert_allclose(found, wanted, atol=2e-6)
    assert np.ptp(found) > 0.05


def test_a_bert_of_2018_has_its_head_under_the_older_names(tmp_path):
    kind, config = MODELS["bert"]
    randomized(kind(config)).save_pretrained(tmp_path)
    wanted = masked_heads.read(tmp_path, {"symbols": True})
    path, older = tmp_path / "model.safetensors", {"weight": "gamma", "bias": "beta"}
    renamed = {
        re.sub(r"(LayerNorm\.)(weight|bias)$", lambda m: m[1] + older[m[2]], name): tensor
        for name, tensor in load_file(path).items()
    }
    save_file(renamed, path, metadata={"format": "pt"})
    found = masked_heads.read(tmp_path, {"symbols": True})
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    renamed.pop("bert.embeddings.word_embeddings.weight")
    save_file(renamed, path, metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"has no embeddings\.word_embeddings\.weight, by"):
        masked_heads.read(tmp_path, {"symbols": True})


def test_antibertys_head_fills_in_masks_as_its_checkpoint_does(tmp_path):
    model = randomized(BertForMaskedLM(BertConfig(**SIZES)))
    stored = {**model.state_dict(), "cls.species.weight": torch.zeros(6, 16)}
    torch.save(stored, tmp_path / "pytorch_model.bin")
    (tmp_path / "config.json").write_text(json.dumps(model.config.to_dict()))
    (tmp_path / "vocab.txt").write_text("\n".join(NAMES))
    head = masked_heads.read(tmp_path, {"conversion": "antiberty"})
    found = likelihoods(tmp_path, package_formats.antiberty(tmp_path), head, TEXTS)
    wanted = expected(lambda ids: model(input_ids=ids).logits, NAMES, TEXTS)
    np.testing.assert_allclose(found, wanted, atol=2e-6)


@pytest.fixture
def fairseq(tmp_path):
    """A checkpoint of fairseq in miniature, made of transformers' RoBERTa, which computes it."""
    config = RobertaConfig(**SIZES | {"pad_token_id": 1}, type_vocab_size=1, layer_norm_eps=1e-5)
    model = randomized(RobertaForMaskedLM(config))
    with torch.no_grad():  # fairseq has no token types
        model.roberta.embeddings.token_type_embeddings.weight.zero_()
    parts, stored = {v: k for k, v in package_formats.FAIRSEQ.items()}, {}
    tables = {"word_embeddings": "embed_tokens", "position_embeddings": "embed_positions"}
    tables |= {"LayerNorm": "emb_layer_norm"}
    for name, tensor in model.roberta.state_dict().items():
        module, _, kind = name.rpartition(".")
        if module.startswith("encoder.layer."):
            _, _, number, part = module.split(".", 3)
            name = f"layers.{number}.{parts[part]}.{kind}"
        elif module.removeprefix("embeddings.") in tables:
            name = f"{tables[module.removeprefix('embeddings.')]}.{kind}"
        else:
            continue
        stored[f"decoder.sentence_encoder.{name}"] = tensor
    head = model.lm_head
    stored["decoder.lm_head.weight"] = stored["decoder.sentence_encoder.embed_tokens.weight"]
    stored["decoder.lm_head.bias"] = head.bias.detach()
    for part in ("dense", "layer_norm"):
        for kind, tensor in getattr(head, part).state_dict().items():
            stored[f"decoder.lm_head.{part}.{kind}"] = tensor
    settings = {"encoder_layers": 2, "encoder_attention_heads": 2, "encoder_ffn_embed_dim": 24}
    record = {"args": argparse.Namespace(**settings, activation_fn="gelu"), "model": stored}
    torch.save(record, tmp_path / "checkpoint_vh.pt")
    (tmp_path / "dict.txt").write_text("A 1\nC 1\nD 1\nE 1\n")
    return tmp_path, model, record


def test_sapiens_head_fills_in_masks_as_a_roberta_of_its_weights(fairseq):
    folder, model, _ = fairseq
    head = masked_heads.read(folder, {"conversion": "sapiens_vh"})
    found = likelihoods(folder, package_formats.sapiens(folder, "vh"), head, TEXTS)
    wanted = expected(lambda ids: model(input_ids=ids).logits, NAMES, TEXTS)
    np.testing.assert_allclose(found, wanted, atol=2e-6)


def test_a_head_of_another_form_is_refused(fairseq, tmp_path):
    folder, _, record = fairseq
    path, conversion = folder / "checkpoint_vh.pt", {"conversion": "sapiens_vh"}
    for change, message in (
        ({"decoder.lm_head.weight": torch.ones(9, 16)}, "a table apart from the embeddings'"),
        ({"decoder.lm_head.dense.bias": None}, r"no head .* \(lm_head\.dense\.bias is missing\)"),
    ):
        changed = {n: t for n, t in (record["model"] | change).items() if t is not None}
        torch.save(record | {"model": changed}, path)
        with pytest.raises(ValueError, match=message):
            masked_heads.read(folder, conversion)
    record["args"].activation_fn = "relu"
    torch.save(record, path)
    with pytest.raises(ValueError, match="its head activates by 'relu', not by gelu"):
        masked_heads.read(folder, conversion)
    other = tmp_path / "other"
    DistilBertForMaskedLM(DistilBertConfig(vocab_size=9, dim=8, n_heads=2, hidden_dim=8, n_layers=1)
                          ).save_pretrained(other)  # fmt: skip
    with pytest.raises(ValueError, match="heads of family 'distilbert' are not known"):
        masked_heads.read(other, {})


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"conversion": "antiberty"}, None),
        ({"conversion": "sapiens_vl"}, None),
        ({"hub": "a/b", "symbols": True}, None),
        ({"hub": "a/b", "symbols": True, "shape": {"family": "esm"}}, None),
        ({"hub": "a/b"}, "is an encoder of text"),
        ({"package": "a", "shape": {"family": "bert"}}, "is an encoder of text"),
        ({"conversion": "onnx_bert"}, "comes without a head"),
        ({"conversion": "iglm", "shape": {"family": "gpt2"}}, "is a decoder, gpt2"),
        (
            {"source": "s", "symbols": True, "shape": {"family": "mpnet"}},
            "has a head of family 'mpnet'",
        ),
    ],
)
def test_what_the_catalogue_says_is_refused_before_anything_is_downloaded(record, reason):
    found = masked_heads.refusal(record)
    assert found is None if reason is None else found.startswith(reason)


@pytest.mark.parametrize("name", ["antiberty", "sapiens"])
def test_an_encoder_of_antibodies_finds_one_far_likelier_than_its_residues_in_another_order(
    name, tmp_path
):
    folder = source(name)
    conversion = {"antiberty": "antiberty", "sapiens": "sapiens_vh"}[name]
    encoder = package_formats.CONVERSIONS[conversion](folder)
    head = masked_heads.read(folder, {"conversion": conversion})
    shuffled = "".join(np.random.default_rng(0).permutation(list(HEAVY)))
    found = likelihoods(tmp_path, encoder, head, (HEAVY, shuffled), "ACDEFGHIKLMNPQRSTVWY")
    assert found[0] > -1 and found[1] < -np.log(20) < found[0]
