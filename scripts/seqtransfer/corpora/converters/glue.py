"""GLUE's archives -> texts: eight tasks, single sentences and pairs, classes and one regression.

# PAPER: scores are on GLUE's development sets, since the labels of the test sets are hidden.
# DIFFERS: the paper also chooses on them. Here the released development set is the test part, and a
# tenth of the released training set, chosen by content, is dev. MRPC, whose test labels are public,
# keeps its own three parts.
Files are tab-separated without quoting, as their authors read them. Source of the row counts: the
records of the data set's distributors; a file with other counts is refused.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from seqtransfer.corpora.corpus_files import with_dev
from seqtransfer.corpora.examples import TextExample
from seqtransfer.corpora.text_files import check_text, find, open_text
from seqtransfer.corpora.texts import write_text

DEV_SHARE = 0.1
MRPC_DEV = 408  # pairs of ids that GLUE's authors hold out of the training file


@dataclass(frozen=True)
class Release:
    """One task: its two files, the columns that are read, the labels, and the rows of each file.

    columns: of a file without a header. labels: empty for numbers from 0 to 5.
    """

    train: str
    test: str
    text: str
    second: str | None
    label: str
    labels: tuple[str, ...]
    counts: tuple[int, int]
    columns: tuple[str, ...] | None = None


BINARY = ("0", "1")
ENTAILMENT = ("entailment", "not_entailment")
RELEASES = {
    "cola": Release(
        "CoLA/train.tsv", "CoLA/dev.tsv", "sentence", None, "label", BINARY, (8551, 1043),
        columns=("source", "label", "mark", "sentence"),
    ),
    "sst2": Release(
        "SST-2/train.tsv", "SST-2/dev.tsv", "sentence", None, "label", BINARY, (67349, 872)
    ),
    "qqp": Release(
        "QQP/train.tsv", "QQP/dev.tsv", "question1", "question2", "is_duplicate", BINARY,
        (363846, 40430),
    ),
    "stsb": Release(
        "STS-B/train.tsv", "STS-B/dev.tsv", "sentence1", "sentence2", "score", (), (5749, 1500)
    ),
    "mnli": Release(
        "MNLI/train.tsv", "MNLI/dev_matched.tsv", "sentence1", "sentence2", "gold_label",
        ("contradiction", "entailment", "neutral"), (392702, 9815),
    ),
    "qnli": Release(
        "QNLI/train.tsv", "QNLI/dev.tsv", "question", "sentence", "label", ENTAILMENT,
        (104743, 5463),
    ),
    "rte": Release(
        "RTE/train.tsv", "RTE/dev.tsv", "sentence1", "sentence2", "label", ENTAILMENT, (2490, 277)
    ),
}  # fmt: skip
MRPC = Release(
    "msr_paraphrase_train.txt", "msr_paraphrase_test.txt", "#1 String", "#2 String", "Quality",
    BINARY, (4076, 1725),
)  # fmt: skip


def task(name: str, folder: Path, corpus: Path) -> None:
    """Write one of RELEASES; its training set becomes train and dev, its development set test.

    Rows with an empty text are left out and printed.
    Raises ValueError naming file and line for a label that the task does not have, and the file
    whose whole rows are not as many as were published.
    """
    release = RELEASES[name]
    examples = _examples(folder, release, {release.train: "train", release.test: "test"})
    write_text(corpus, with_dev(examples, DEV_SHARE))


def mrpc(folder: Path, corpus: Path) -> None:
    """Write MRPC: dev are the pairs of ids in mrpc_dev_ids.tsv, test is the released test file.

    Raises ValueError as `task` does, or if an id pair of the list is not in the training file.
    """
    path = find(folder, "mrpc_dev_ids.tsv")
    held_out = {cells for _, cells in _split(path) if len(cells) == 2}
    if len(held_out) != MRPC_DEV:
        raise ValueError(f"{path}: has {len(held_out)} pairs of ids instead of {MRPC_DEV}")
    examples, found = [], set()
    for row, example in _with_rows(folder, MRPC, {MRPC.train: "train", MRPC.test: "test"}):
        ids = (row["#1 ID"], row["#2 ID"])
        dev = example.split == "train" and ids in held_out
        found |= {ids} if dev else set()
        facts = (example.label, example.group, "dev" if dev else example.split)
        examples.append(TextExample(example.id, example.text, *facts, example.second))
    if found != held_out:
        lost = sorted(held_out - found)[0]
        raise ValueError(f"{path}: the pair {lost} is not in {MRPC.train}")
    write_text(corpus, examples)


def _examples(folder: Path, release: Release, parts: dict[str, str]) -> Iterator[TextExample]:
    for _, example in _with_rows(folder, release, parts):
        yield example


def _with_rows(
    folder: Path, release: Release, parts: dict[str, str]
) -> Iterator[tuple[dict[str, str], TextExample]]:
    for (name, part), expected in zip(parts.items(), release.counts, strict=True):
        path = find(folder, name)
        for number, row in _rows(path, release, expected):
            where = f"{path}: line {number}"
            texts = [" ".join(row[c].split()) for c in (release.text, release.second) if c]
            label = _label(where, row[release.label], release.labels)
            if not all(texts):
                print(f"{where}: left out, a text is empty")
                continue
            yield (
                row,
                TextExample(
                    f"{part}-{number:06d}", texts[0], label, None, part, "".join(texts[1:])
                ),
            )


def _rows(path: Path, release: Release, expected: int) -> Iterator[tuple[int, dict[str, str]]]:
    """(line number, row) of the whole rows, which must be as many as expected."""
    header, count, broken = release.columns, 0, []
    for number, cells in _split(path):
        if header is None:
            header = cells
            wanted = [c for c in (release.text, release.second, release.label) if c]
            missing = [c for c in wanted if c not in header]
            if missing:
                raise ValueError(f"{path}: no column {missing[0]!r}; its columns are {header}")
        elif len(cells) != len(header):
            broken.append(number)
        else:
            count += 1
            yield number, dict(zip(header, cells, strict=True))
    if count != expected:
        raise ValueError(
            f"{path}: has {count} whole rows instead of {expected} (line {number} is its last; not "
            f"of {len(header or ())} cells are lines {broken[:10]}); get the source again"
        )
    if broken:
        print(f"{path}: left out {len(broken)} rows of another number of cells, lines {broken}")


def _split(path: Path) -> Iterator[tuple[int, tuple[str, ...]]]:
    number = 0
    with open_text(path) as file:
        for number, line in enumerate(file, start=1):
            check_text(f"{path}: line {number}", line)
            if line.strip():
                yield number, tuple(line.rstrip("\n").split("\t"))
    if not number:
        raise ValueError(f"{path}: is empty")


def _label(where: str, label: str, labels: tuple[str, ...]) -> str:
    if labels:
        good = label in labels
    else:
        try:
            good = 0 <= float(label) <= 5 and math.isfinite(float(label))
        except ValueError:
            good = False
    if not good:
        known = ", ".join(labels) or "numbers from 0 to 5"
        raise ValueError(f"{where}: label {label!r} is none of the task's: {known}")
    return label
