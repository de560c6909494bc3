"""Aligned sequences lie near texts, and nothing but the embeddings of their symbols has moved."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AlbertConfig, AutoModel, MPNetConfig

import align
import id_sequences
from seqtransfer import seeds
from seqtransfer.encoders import encoder_folders
from seqtransfer.files import arrow
from seqtransfer.files.arrow import Ragged
from seqtransfer.files.json_tsv import read_json, write_json
from seqtransfer.tokens.token_maps import token_map
from seqtransfer.tokens.vocabulary import CLS, SEP, SPECIALS, Vocabulary, WordPieces
from seqtransfer.training import alignment, classifier, finetuning, runs
from seqtransfer.training.classifier import WeightSources
from seqtransfer.training.steps import Schedule

WORDS = ("the", "film", "good", "bad", "not", "a")
NAMES = "ABCDEF"
SETTINGS = {"texts": "films", "steps": 60, "batch_size": 40, "learning_rate": 0.05}


def sentences(n: int = 40, unused: int = 0) -> Ragged:
    """n sequences of the first of six symbols, two classes that prefer other ones."""
    rng = np.random.default_rng(0)
    shares = np.array([[16, 8, 4, 2, 1, 1], [1, 6, 1, 3, 1, 20]])[:, : 6 - unused]
    classes = np.arange(n) % 2
    bodies = [
        rng.choice(6 - unused, rng.integers(3, 12), p=shares[c] / shares[c].sum()) for c in classes
    ]
    return id_sequences.joined(
        [[CLS, *(body + len(SPECIALS)), SEP] for body in bodies],
        classes.tolist(),
        [f"e{i}" for i in range(n)],
    )


def side(encoder, ragged, symbols, kind, *, classes=True, seed=0) -> alignment.Sequences:
    rows = token_map(
        Vocabulary(symbols), WordPieces(encoder).rows(), seeds.generator(seed, "toy", "map"), kind
    )
    sources = WeightSources(encoder, 2, rows, None, None, 0, "toy")
    module = sources.module(pooler=False)
    module.load_plain_state(classifier.without_pooler(sources.state("text")))
    return alignment.Sequences(module, ragged, ragged.labels if classes else None)


def words(encoder) -> alignment.Sequences:
    """Texts: the sentences in words of the encoder, in the order of its six symbols."""
    symbols = tuple(sorted(WORDS))
    return side(encoder, sentences(), symbols, "identity")


def aligned(sequences, texts, *, seed=0, steps=60):
    plan = Schedule(steps, 40, 0.05, warmup=0.0, weight_decay=0.0)
    return alignment.align(sequences, texts, plan, seeds.generator(seed, "toy", "align"))


@pytest.mark.parametrize("classes", [True, False])
def test_a_copy_of_the_texts_with_other_symbols_is_brought_onto_them(encoder, classes):
    copy = side(encoder, sentences(), tuple(NAMES), "permutation", classes=classes)
    done = aligned(copy, words(encoder), steps=200)
    assert done.after < 0.1 * done.before and done.after < done.between_texts
    first, last = (np.mean([row["distance"] for row in done.history[at]])
                   for at in (slice(5), slice(-5, None)))  # fmt: skip
    assert last < 0.1 * first and [row["step"] for row in done.history] == list(range(1, 201))


def test_only_the_symbols_that_occur_are_moved(encoder):
    copy = side(encoder, sentences(unused=2), tuple(NAMES), "permutation")
    start = {name: tensor.clone() for name, tensor in copy.encoder.plain_state().items()}
    aligned(copy, words(encoder), steps=5)
    moved = {
        n for n, tensor in copy.encoder.plain_state().items() if not torch.equal(tensor, start[n])
    }
    table = "embeddings.word_embeddings.weight"
    assert moved == {table}
    same = (copy.encoder.plain_state()[table] == start[table]).all(dim=1)
    assert same.tolist() == [True] * len(SPECIALS) + [False] * 4 + [True] * 2


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(encoder):
    tables = []
    for seed in (0, 0, 1):
        copy = side(encoder, sentences(), tuple(NAMES), "permutation")
        plan = Schedule(5, 8, 0.05, warmup=0.0, weight_decay=0.0)
        alignment.align(copy, words(encoder), plan, seeds.generator(seed, "toy", "align"))
        tables.append(copy.encoder.table.detach().clone())
    assert torch.equal(tables[0], tables[1]) and not torch.equal(tables[0], tables[2])


def test_a_point_is_the_mean_of_a_sequence_s_embeddings_whatever_stands_beside_it(encoder):
    texts = words(encoder)
    texts.encoder.eval()
    together = texts.fixed_points(np.arange(40))
    for row in (0, 7):
        ids, mask = finetuning.to_tensors(texts.ragged, np.array([row]), "cpu")
        assert mask is None
        alone = next(iter(texts.encoder.hidden_states(ids, None)))[0].mean(dim=0)
        assert torch.allclose(together[row].float(), alone, atol=1e-6)


@pytest.fixture
def study(encoder, tmp_path):
    """What the job reads: tokens of a task and of texts, and the task's map at seed 3."""
    for task, symbols in (("toy", NAMES), ("films", sorted(WORDS))):
        folder = tmp_path / task
        folder.mkdir()
        arrow.write_ragged(folder / "train.arrow", sentences())
        facts = {"task": task, "kind": "classification", "metric": "mcc", "classes": ["x", "y"]}
        write_json(folder / "task.json", facts | {"symbols": list(symbols)})
    rows = token_map(
        Vocabulary(tuple(NAMES)), WordPieces(encoder).rows(), seeds.generator(3, "toy", "map")
    )
    np.save(tmp_path / "map.npy", rows)

    def run(name: str = "out"):
        folder = tmp_path / name
        folder.mkdir()
        align.main(
            task="toy", seed=3, tokens=tmp_path / "toy", texts=tmp_path / "films",
            token_map=tmp_path / "map.npy", encoder=encoder, layers=2, settings=SETTINGS,
            threads=1, folder=folder, code="code",
        )  # fmt: skip
        return folder

    return tmp_path, run


def test_fine_tuning_starts_from_text_but_for_the_aligned_symbols(encoder, study):
    tmp_path, run = study
    weights = run() / "weights.safetensors"
    files = runs.TaskFiles(tmp_path / "toy", tmp_path / "map.npy", encoder, 2)
    for pooling in ("mean", "first"):
        models = {}
        for arm, pretrained in (("text", None), ("from-aligned", weights)):
            sources = runs.Run("toy", arm, 3, 1e-3, pooling, 0.0).sources(files, pretrained)
            models[arm] = classifier.build(arm, sources, pooling, 2).state_dict()
        moved = {
            name for name, tensor in models["text"].items()
            if not torch.equal(tensor, models["from-aligned"][name])
        }  # fmt: skip
        table = "encoder.embeddings.word_embeddings.weight"
        assert moved == {table}
        kept = load_file(weights)["embeddings.word_embeddings.weight"]
        assert torch.equal(models["from-aligned"][table], kept)
        assert torch.equal(kept[: len(SPECIALS)], models["text"][table][: len(SPECIALS)])


def test_the_job_says_what_it_did_and_a_second_time_writes_the_same(study):
    _, run = study
    first, second = run("first"), run("second")
    names = {"config.json", "encoder.json", "weights.safetensors", "history.tsv", "summary.json"}
    assert {path.name for path in first.iterdir()} == names
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
    record = read_json(first / "summary.json")
    assert (record["task"], record["seed"], record["sequences"]) == ("toy", 3, 40)
    assert record["by_class"] and record["distance_after"] < 0.2 * record["distance_before"]
    assert set(record["provenance"]["versions"]) >= {"torch", "pot"}


def test_numbers_to_predict_are_no_classes(study, tmp_path):
    _, run = study
    facts = read_json(tmp_path / "toy/task.json")
    write_json(tmp_path / "toy/task.json", facts | {"kind": "regression", "metric": "spearman"})
    ragged = sentences()
    targets = ragged.labels.astype(float)
    arrow.write_ragged(
        tmp_path / "toy/train.arrow", Ragged(ragged.ids, ragged.offsets, targets, ragged.names)
    )
    record = read_json(run() / "summary.json")
    assert not record["by_class"] and record["distance_after"] < record["distance_before"]


SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
SIZES |= {"intermediate_size": 24, "max_position_embeddings": 32, "vocab_size": 64}


@pytest.mark.parametrize(
    ("config", "fewer"),
    [
        (MPNetConfig(**SIZES), True),
        (AlbertConfig(**SIZES, embedding_size=8, num_hidden_groups=2), False),
    ],
)
def test_other_families_embed_by_one_layer_what_they_embed_by_all(
    config, fewer, study, tokenizer_folder, tmp_path
):
    torch.manual_seed(0)
    AutoModel.from_config(config).save_pretrained(tmp_path / "stock")
    house, stock = tmp_path / "house", encoder_folders.read(tmp_path / "stock")
    encoder_folders.write(house, "x", stock, {}, None, tokenizer_folder)
    whole = side(house, sentences(), tuple(NAMES), "permutation")
    rows = token_map(
        Vocabulary(tuple(NAMES)), WordPieces(house).rows(), seeds.generator(0, "toy", "map")
    )
    sources = WeightSources(house, 2, rows, None, None, 0, "toy")
    low = align._sequences(tmp_path / "toy", sources)
    points = [one.fixed_points(np.arange(40)) for one in (whole, low) if one.encoder.eval()]
    assert torch.equal(*points)
    counts = [sum(p.numel() for p in one.encoder.parameters()) for one in (whole, low)]
    assert (counts[1] < counts[0]) == fewer
