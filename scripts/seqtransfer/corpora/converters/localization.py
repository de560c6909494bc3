"""p-scldata (package) -> FASTA: proteins and where in the cell they are."""

import csv
import json
from pathlib import Path

from seqtransfer.corpora.alphabets import Cleaner
from seqtransfer.corpora.corpus_files import sequence_example, write
from seqtransfer.corpora.text_files import find

# Official splits of p-scldata 2025.6.0. DIFFERS: its README swaps the counts of trn and evl; the
# files have these.
LOCALIZATION_SPLITS = {"train": ("trn", 15183), "dev": ("evl", 1260), "test": ("tst", 2631)}


def convert(folder: Path, corpus: Path) -> None:
    """p-scldata -> FASTA: proteins, labelled by where in the cell they are, officially divided.

    The splits are homology-reduced by the package's authors. Raises ValueError if a file is
    missing, if the splits have other sizes than `LOCALIZATION_SPLITS`, or overlap.
    """
    path = find(folder, "scl2205.csv")
    names = json.loads(find(folder, "labels.json").read_text())["index_to_label"]
    entries = json.loads(find(folder, "entries.json").read_text())
    official = json.loads(find(folder, "splits.json").read_text())
    split_of = {}
    for split, (key, size) in LOCALIZATION_SPLITS.items():
        if len(official[key]) != size:
            raise ValueError(
                f"{folder}: split {key} has {len(official[key])} proteins instead of {size}; "
                "is this p-scldata 2025.6.0?"
            )
        split_of |= {entries[str(number)]: split for number in official[key]}
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    strangers = {row["entry"] for row in rows} ^ set(split_of)
    if strangers or len(split_of) != sum(size for _, size in LOCALIZATION_SPLITS.values()):
        raise ValueError(f"{path}: the splits overlap or miss proteins, {sorted(strangers)[:3]}")
    cleaner = Cleaner("protein")
    examples = (
        sequence_example(
            f"{path}: entry {row['entry']}",
            row["entry"],
            {"label": names[row["scl"]], "split": split_of[row["entry"]]},
            row["seq"],
            cleaner,
        )
        for row in rows
    )
    write(corpus, examples, cleaner)
