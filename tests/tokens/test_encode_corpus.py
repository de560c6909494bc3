"""The jobs `encode` and `encode_corpus` one after the other, by their scripts."""

import numpy as np

import encode
import encode_corpus
from seqtransfer.corpora import fasta
from seqtransfer.corpora.examples import Example
from seqtransfer.files import arrow, json_tsv
from seqtransfer.tokens import views

RECORD = {
    "domain": "DNA", "format": "fasta", "kind": "classification", "classes": ["a", "b"],
    "metric": "mcc", "split": "stratified", "truncate": "head", "tokens": {"kind": "symbols"},
}  # fmt: skip
TO_DNA = str.maketrans("0123", "ACGT")
SIZES = {"train": 60, "dev": 20, "test": 20, "split_seed": 0}


def spelled(folder, part):
    """The sequences of a part in letters, [CLS] and [SEP] aside."""
    symbols = json_tsv.read_json(folder / "task.json")["symbols"]
    ragged = arrow.read_ragged(folder / f"{part}.arrow")
    return ["".join(symbols[i - 5] for i in ragged[row][1:-1]) for row in range(len(ragged))]


def test_a_corpus_of_two_tasks_holds_no_held_out_sequence_of_either(tmp_path, tokenizer_folder):
    rng, tasks, held = np.random.default_rng(0), {}, {}
    for name, length, order in (("one", 12, {}), ("two", 20, {"order": "shuffled"})):
        letters = ["".join(rng.choice(list("ACGT"), length)) for _ in range(100)]
        examples = [
            Example(f"{name}{i}", text, "ab"[i % 2], None, None) for i, text in enumerate(letters)
        ]
        fasta.write_fasta(tmp_path / f"{name}.fasta", examples)
        record, folder = RECORD | order, tmp_path / name
        folder.mkdir()
        settings = views.Settings.of(record, SIZES, length + 2)
        files = [tmp_path / f"{name}.fasta"]
        encode.main(task=name, record=record, corpus=files, encoder=tokenizer_folder,
                    settings=settings, probed=None, folder=folder, code="0")  # fmt: skip
        tasks[folder] = encode_corpus.Source(record, files, settings)
        manifest = json_tsv.read_table(folder / "manifest.tsv")
        ids = set(manifest["id"][manifest["part"].isin(["dev", "test"])])
        held[name] = [e.symbols for e in examples if e.id in ids]
        assert len(held[name]) == 40
    # The further source has every held-out sequence after a stretch of its own.
    copies = [
        Example(f"x{i}", "ACGT" * 5 + text, "?", None, None)
        for i, text in enumerate([*held["one"], *held["two"]])
    ]
    fasta.write_fasta(tmp_path / "further.fasta", copies)
    longest = views.Settings.of(RECORD, SIZES, 22)
    further = encode_corpus.Source({"format": "fasta"}, [tmp_path / "further.fasta"], longest)
    folder = tmp_path / "corpus"
    folder.mkdir()
    encode_corpus.main(corpus="corpus", tasks=tasks, further=further, encoder=tokenizer_folder,
                       settings=longest, folder=folder, code="0")  # fmt: skip
    facts, windows = json_tsv.read_json(folder / "task.json"), spelled(folder, "pretrain")
    assert facts["tasks"] == ["one", "two"] and facts["counts"]["further"] == 80
    assert not set(windows) & {*held["one"], *held["two"]}
    # What either trains on is there, from its own file: by length, in order.
    for name, length in (("one", 12), ("two", 20)):
        own = {text for text in windows if len(text) == length} - {"ACGT" * 5}
        assert len(own) == 60 and set(map(sorted_letters, own)) == set(
            map(sorted_letters, spelled(tmp_path / name, "pretrain"))
        )


def sorted_letters(text):
    """What stays of a sequence that has lost its order."""
    return "".join(sorted(text))


def test_the_majority_of_a_task_is_that_of_its_test_part(tmp_path, tokenizer_folder):
    """One class is half of train, and three quarters of test."""
    parts = {"train": "abababab", "dev": "abab", "test": "aabbbbbb"}

    def drawn(number):
        return np.base_repr(4**6 + number, 4)[1:].translate(TO_DNA)

    letters = iter(np.random.default_rng(0).permutation(4**6))
    examples = [
        Example(f"{part}{i}", drawn(next(letters)), label, None, part)
        for part, labels in parts.items()
        for i, label in enumerate(labels)
    ]
    fasta.write_fasta(tmp_path / "x.fasta", examples)
    record = RECORD | {"split": "given"}
    sizes = {part: len(labels) for part, labels in parts.items()} | {"split_seed": 0}
    encode.main(
        task="x", record=record, corpus=[tmp_path / "x.fasta"], encoder=tokenizer_folder,
        settings=views.Settings.of(record, sizes, 8), probed=None, folder=tmp_path, code="0",
    )  # fmt: skip
    assert json_tsv.read_json(tmp_path / "task.json")["majority"] == 0.75
