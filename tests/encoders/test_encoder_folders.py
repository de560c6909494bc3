"""A checkpoint of any shape becomes one encoder folder, or is refused with what to do."""

import hashlib
import itertools
import json
import shutil

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from seqtransfer.encoders import encoder_folders
from seqtransfer.encoders.encoder_folders import Encoder
from seqtransfer.files import json_tsv
from seqtransfer.tokens.vocabulary import WordPieces


@pytest.fixture
def raw(encoder, tmp_path):
    """A folder to damage, like that of conftest's encoder."""
    return shutil.copytree(encoder, tmp_path / "raw")


@pytest.fixture
def stock(encoder):
    return load_file(encoder / "model.safetensors")


def written(raw, folder, **options):
    encoder = encoder_folders.read(raw, **options)
    encoder_folders.write(folder, "tiny", encoder, {"source": "raw"}, None, raw)
    return load_file(folder / "model.safetensors")


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_the_folder_holds_the_tensors_the_tokenizer_and_a_digest_of_each_file(raw, stock, tmp_path):
    house = tmp_path / "house"
    assert same(written(raw, house), stock)
    record = json_tsv.read_json(house / "encoder.json")
    assert set(record["files"]) == {"config.json", "model.safetensors", "tokenizer.json"}
    for name, digest in record["files"].items():
        assert hashlib.sha256((house / name).read_bytes()).hexdigest() == digest
    assert WordPieces(house).rows() == WordPieces(raw).rows()
    assert record["name"] == "tiny" and record["source"] == {"source": "raw"}
    assert "symbols" not in record
    modes = {path.stat().st_mode & 0o777 for path in house.iterdir()}
    assert len(modes) == 1  # who may read one file may read all


def test_equal_encoders_are_equal_bytes(raw, tmp_path):
    for name in ("one", "other"):
        written(raw, tmp_path / name)
    files = [sorted((tmp_path / name).iterdir()) for name in ("one", "other")]
    for one, other in zip(*files, strict=True):
        assert one.read_bytes() == other.read_bytes()


def test_an_encoder_folder_is_itself_a_source(raw, stock, tmp_path):
    written(raw, tmp_path / "house")
    assert same(written(tmp_path / "house", tmp_path / "again"), stock)


def test_a_head_is_left_out_and_a_missing_pooler_is_not_made_up(raw, stock, tmp_path):
    config = transformers.AutoConfig.from_pretrained(raw)
    model = transformers.BertForMaskedLM(config)
    body = {name: tensor for name, tensor in stock.items() if not name.startswith("pooler.")}
    model.bert.load_state_dict(body)
    model.save_pretrained(raw)
    assert any(name.startswith("bert.") for name in load_file(raw / "model.safetensors"))
    assert same(written(raw, tmp_path / "house"), body)
    assert json_tsv.read_json(tmp_path / "house/encoder.json")["pooler"] is False


def test_half_precision_is_widened(raw, stock, tmp_path):
    half = {name: tensor.half() for name, tensor in stock.items()}
    save_file(half, raw / "model.safetensors", metadata={"format": "pt"})
    found = written(raw, tmp_path / "house")
    assert same(found, {name: tensor.float() for name, tensor in half.items()})


def test_old_names_of_norms_are_known(raw, stock, tmp_path):
    """As in bert-base-uncased itself."""
    spelled = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    old = {}
    for name, tensor in stock.items():
        for new, other in spelled.items():
            name = name.replace(new, other)
        old[name] = tensor
    save_file(old, raw / "model.safetensors", metadata={"format": "pt"})
    assert same(written(raw, tmp_path / "house"), stock)


def test_an_encoder_in_several_files_is_joined(raw, stock, tmp_path):
    transformers.AutoModel.from_pretrained(raw).save_pretrained(raw, max_shard_size="20KB")
    (raw / "model.safetensors").unlink(missing_ok=True)
    assert len(list(raw.glob("model-*.safetensors"))) > 1
    assert same(written(raw, tmp_path / "house"), stock)


def test_pickled_weights_are_refused_though_they_are_there(raw, stock):
    torch.save(stock, raw / "pytorch_model.bin")
    (raw / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"raw: no model\.safetensors.*pickles.*convert them"):
        encoder_folders.read(raw)


@pytest.mark.parametrize(
    ("kind", "weights"),
    [
        ("bert", "pytorch_model.bin"),  # as DNABERT-2 and MosaicBERT, which are no stock BERT
        ("hyenadna", "model.safetensors"),  # as HyenaDNA
    ],
)
def test_code_that_a_checkpoint_brings_is_never_run(kind, weights, raw, tmp_path):
    config = json.loads((raw / "config.json").read_text())
    config |= {"auto_map": {"AutoModel": "own.Own", "AutoConfig": "own.OwnConfig"}}
    config["model_type"] = kind
    (raw / "config.json").write_text(json.dumps(config))
    (raw / "model.safetensors").rename(raw / weights)
    (raw / "own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(ValueError, match=r"raw: config\.json names code of its own \(`auto_map`\)"):
        encoder_folders.read(raw)
    assert not (tmp_path / "ran").exists()


def test_the_encoder_of_a_t5_is_taken_from_it_and_its_folder_is_itself_a_source(raw, tmp_path):
    config = transformers.T5Config(
        vocab_size=56, d_model=8, d_kv=4, d_ff=12, num_layers=2, num_heads=2
    )
    whole = transformers.T5ForConditionalGeneration(config)
    whole.save_pretrained(tmp_path / "t5")
    shutil.copy(raw / "tokenizer.json", tmp_path / "t5")
    found = written(tmp_path / "t5", tmp_path / "house")
    assert same(found, whole.encoder.state_dict())
    assert same(written(tmp_path / "house", tmp_path / "again"), found)


def test_an_encoder_of_k_mers_is_an_esm_of_which_vocab_txt_lists_the_k_mers(tmp_path):
    """As Nucleotide Transformer, of six bases a token."""
    mers = ["".join(letters) for letters in itertools.product("ACGT", repeat=2)]
    names = ["<unk>", "<pad>", "<mask>", "<cls>", "<eos>", "<bos>", *mers, *"ACGTN"]
    config = transformers.EsmConfig(
        vocab_size=len(names),
        hidden_size=8,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=12,
        max_position_embeddings=20,
        pad_token_id=1,
        mask_token_id=2,
        position_embedding_type="absolute",
    )
    transformers.EsmForMaskedLM(config).save_pretrained(tmp_path / "raw")
    (tmp_path / "raw/vocab.txt").write_text("\n".join(names))
    written(tmp_path / "raw", tmp_path / "house", symbols=True)
    record = json_tsv.read_json(tmp_path / "house/encoder.json")
    assert (record["family"], record["positions"]) == ("esm", 18)
    assert [record["symbols"][name] for name in ("[CLS]", "AA", "TT", "N")] == [3, 6, 21, 26]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: state.pop("encoder.layer.1.output.dense.bias"), "lacks.*layer.1.output"),
        (
            lambda state: state.update({"embeddings.LayerNorm.bias": torch.zeros(31)}),
            "embeddings.LayerNorm.bias",
        ),
    ],
)
def test_missing_and_misshapen_tensors_are_named(raw, stock, change, said):
    change(stock)
    save_file(stock, raw / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=f"(?s)raw: .*{said}"):
        encoder_folders.read(raw)


@pytest.mark.parametrize("keep", [0, 100, 5000])
def test_cut_weights_are_refused(raw, keep):
    path = raw / "model.safetensors"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="raw: no encoder that transformers can load"):
        encoder_folders.read(raw)


def test_a_folder_without_configuration_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"no config\.json; check `folder:`"):
        encoder_folders.read(tmp_path)


def test_text_needs_word_pieces_and_leaves_no_folder_without(raw, tmp_path):
    (raw / "tokenizer.json").unlink()
    with pytest.raises(ValueError, match=r"no tokenizer\.json.*`tokenizer: <name>`"):
        written(raw, tmp_path / "house")
    assert not (tmp_path / "house").exists()


def test_symbols_of_a_domain_are_listed_with_their_rows(raw, tmp_path):
    (raw / "vocab.txt").write_text("<cls>\n<pad>\n<eos>\n<unk>\nL\nA\n<mask>\n")
    written(raw, tmp_path / "house", symbols=True)
    symbols = json_tsv.read_json(tmp_path / "house/encoder.json")["symbols"]
    assert symbols == {
        "[CLS]": 0, "[PAD]": 1, "[SEP]": 2, "[UNK]": 3, "L": 4, "A": 5, "[MASK]": 6,
    }  # fmt: skip
    assert not (tmp_path / "house/tokenizer.json").exists()


def test_a_symbol_listed_twice_or_not_at_all_is_refused(raw):
    (raw / "vocab.txt").unlink(missing_ok=True)
    with pytest.raises(ValueError, match=r"vocab\.txt: not found"):
        encoder_folders.read(raw, symbols=True)
    (raw / "vocab.txt").write_text("A\n\u2028\nB\n", encoding="utf-8")
    assert list(encoder_folders.symbol_rows(raw / "vocab.txt")) == ["A", "\u2028", "B"]
    (raw / "vocab.txt").write_text("A\nB\nA\n")
    with pytest.raises(ValueError, match="lists 'A' twice"):
        encoder_folders.read(raw, symbols=True)


def test_rows_beyond_the_embedding_table_are_refused(raw, tmp_path):
    encoder = encoder_folders.read(raw)
    rows = len(encoder.state["embeddings.word_embeddings.weight"])
    beyond = Encoder(encoder.config, encoder.state, {"[PAD]": 0, "A": rows})
    with pytest.raises(ValueError, match=rf"'A' stands for row {rows} .* has {rows} rows"):
        encoder_folders.write(tmp_path / "house", "e", beyond, {}, None, raw)
    tokenizer = json.loads((raw / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["zebra"] = rows
    (raw / "tokenizer.json").write_text(json.dumps(tokenizer))
    with pytest.raises(ValueError, match=r"tokenizer\.json: 'zebra' .* `tokenizer: <name>`"):
        written(raw, tmp_path / "house")
    assert not (tmp_path / "house").exists()


def test_a_bert_that_ours_does_not_compute_is_refused_before_any_training(raw, tmp_path):
    config = json.loads((raw / "config.json").read_text())
    (raw / "config.json").write_text(json.dumps(config | {"hidden_act": "relu"}))
    with pytest.raises(ValueError, match=r"encoder tiny: hidden_act is 'relu'.*another encoder"):
        written(raw, tmp_path / "house")


def test_tensors_that_do_not_fit_their_configuration_are_refused(raw, tmp_path):
    encoder = encoder_folders.read(raw)
    short = {name: t for name, t in encoder.state.items() if "layer.2.output" not in name}
    with pytest.raises(ValueError, match="the tensors do not fit the configuration"):
        encoder_folders.write(
            tmp_path / "house", "e", Encoder(encoder.config, short), {}, None, raw
        )
    assert not (tmp_path / "house").exists()
