"""What several test modules share: a text-pretrained encoder in miniature and its tokenizer."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

# One thread a process, and so in the workers and programs that this one starts: they are as many
# as there are cores, and threads of small matrices on busy cores mostly wait for each other.
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

# The machines that run this are shared and slow at times: no deadlines, and the same draws always.
settings.register_profile("study", deadline=None, derandomize=True)
settings.load_profile("study")


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than cores: tests of clusters and of killed studies mostly wait."""
    return (os.cpu_count() or 1) + 1


LONG = ("test_plan", "test_legibility", "test_page_in_a_browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put files that run studies first, then those that plan or draw many, so that no long one is
    left to one process alone."""
    runs = {item.path for item in items if item.get_closest_marker("workflow")}
    items.sort(key=lambda item: (item.path not in runs, item.path.stem not in LONG))


LETTERS = "abcdefghijklmnopqrstuvwxyz"
PIECES = [  # as in BERT: padding is row 0, unused rows follow, then the other special tokens
    "[PAD]",
    *(f"[unused{i}]" for i in range(5)),
    *("[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    *("[", "]", "!"),
    *LETTERS,
    *(f"##{letter}" for letter in LETTERS[:12]),
    *("the", "film", "good", "bad", "not"),
]


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory) -> Path:
    """A folder with the tokenizer.json of an encoder of len(PIECES) rows."""
    folder = tmp_path_factory.mktemp("tokenizer")
    rows = {piece: row for row, piece in enumerate(PIECES)}
    tokenizer = Tokenizer(WordPiece(rows, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.enable_truncation(4)  # as the files of sentence encoders do: it must be undone
    tokenizer.enable_padding(length=6)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="session")
def encoder(tokenizer_folder, tmp_path_factory) -> Path:
    """House folder of a "text-pretrained" encoder: 3 layers, width 32, each tensor distinctive."""
    import torch
    from transformers import BertConfig, BertModel

    from seqtransfer.encoders import encoder_folders

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("encoder")
    config = BertConfig(
        vocab_size=len(PIECES),
        hidden_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=40,
    )
    model = BertModel(config)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(std=0.2, generator=generator)
            if name.endswith("LayerNorm.weight"):
                parameter += 1
    model.save_pretrained(folder)
    house = tmp_path_factory.mktemp("house") / "encoder"
    encoder_folders.write(house, "mini", encoder_folders.read(folder), {}, None, tokenizer_folder)
    return house


@pytest.fixture
def sources_for(encoder) -> Callable:
    """A function that gives the sources of a task of six symbols, at a seed."""
    from seqtransfer import seeds
    from seqtransfer.tokens.token_maps import token_map
    from seqtransfer.tokens.vocabulary import Vocabulary, WordPieces
    from seqtransfer.training import classifier

    def make(
        seed: int = 0, *, layers: int = 2, pretrained: Path | None = None, borrowed=range(11),
        task: str = "toy",
    ):  # fmt: skip
        rows = WordPieces(encoder).rows()
        drawn = token_map(Vocabulary.of("ABCDEF"), rows, seeds.generator(seed, task, "map"))
        return classifier.WeightSources(
            encoder, layers, drawn, pretrained, np.array(borrowed), seed, task
        )

    return make
