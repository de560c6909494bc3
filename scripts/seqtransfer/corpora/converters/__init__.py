"""Files of a source -> a corpus in a standard format: every converter by its name in the catalogue.

To add one, write a file here and enter it in CONVERTERS; if it has options, in LAYOUTS too.
"""

import math
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from seqtransfer.corpora import label_faults, text_files
from seqtransfer.corpora.converters import (
    code,
    dance_tunes,
    fasta,
    genes,
    germlines,
    glue,
    hilbert_cnn,
    lines,
    localization,
    maestro,
    midi,
    parquet,
    peptides,
    sentiment,
    series,
    splice,
    table,
    tape,
    three_line,
    topics,
)
from seqtransfer.corpora.fasta import iterate_fasta


@dataclass(frozen=True)
class Converter:
    """formats: the standard formats that it can write, of fasta, text, symbols, series and midi.
    convert: (folder of the unpacked source, corpus to write, options), without the last where there
    are none; None where a rule of its own writes the corpus. It may return the place of each
    example, for messages.
    options: from the keys of a task's `layout` to what `convert` takes; None for a converter that
    knows its files.
    grouped: whether the windows of a file are a group.
    labels_symbols: whether a label is those of the symbols, by the `layout`."""

    formats: tuple[str, ...]
    convert: Callable[..., list[str] | None] | None
    options: Callable[..., object] | None = None
    grouped: bool = False
    labels_symbols: Callable[[Mapping], bool] = lambda layout: "symbol_label" in layout


CONVERTERS = {
    # These read anyone's files.
    "table": Converter(("fasta", "text", "symbols"), table.convert, table.Options),
    "parquet": Converter(("fasta", "text", "symbols"), parquet.convert, parquet.Options),
    "lines": Converter(("fasta", "text"), lines.convert, lines.Options),
    "code": Converter(("symbols",), code.convert, code.Options, grouped=True),
    "series": Converter(("series",), series.convert, series.Options),
    "midi": Converter(("midi",), midi.convert, midi.Options, grouped=True),
    "fasta": Converter(("fasta",), fasta.convert, fasta.Options),
    "three_line": Converter(
        ("symbols",), three_line.convert, three_line.Options, labels_symbols=lambda layout: True
    ),
    # Each of these knows the files of one package, archive or repository.
    "scores": Converter(("midi",), None),  # rule export_music, composer by composer
    "tunes": Converter(("midi",), dance_tunes.convert),
    "maestro": Converter(("midi",), maestro.convert),
    "splice": Converter(("fasta",), splice.convert),
    "splice_rows": Converter(("fasta",), hilbert_cnn.splice_rows),
    "hilbert_cnn": Converter(("fasta",), hilbert_cnn.hilbert_cnn),
    "localization": Converter(("fasta",), localization.convert),
    "peptides": Converter(("fasta",), peptides.convert),
    "germlines": Converter(("fasta",), germlines.convert),
    "genes": Converter(("fasta",), genes.convert),
    **{name: Converter(("fasta",), partial(tape.tape, name)) for name in tape.TAPE},
    "sentiment": Converter(("text",), sentiment.convert),
    "topics": Converter(("text",), topics.convert),
    "mrpc": Converter(("text",), glue.mrpc),
    **{name: Converter(("text",), partial(glue.task, name)) for name in glue.RELEASES},
}

# JSON Schemas of the options, for planning and docs. They are apart from CONVERTERS since jobs
# depend on that: a description may change without rerunning any.
LAYOUTS = {
    "table": table.LAYOUT,
    "parquet": parquet.LAYOUT,
    "lines": lines.LAYOUT,
    "code": code.LAYOUT,
    "series": series.LAYOUT,
    "midi": midi.LAYOUT,
    "fasta": fasta.LAYOUT,
    "three_line": three_line.LAYOUT,
}


def convert(record: Mapping, folder: Path, corpus: Path) -> None:
    """Write a task's corpus, check its labels against the task, and print their counts.

    record: the catalogue's entry of the task. corpus: .fasta, .tsv, .symbols or .midi, as its
    format says.
    Raises ValueError naming file and record of `folder` for whatever the converter refuses, a class
    that no example carries, a label that `label_faults.check` refuses, a missing group, or, for
    regression, a label that is no finite decimal number. Nothing is left at `corpus` then.
    """
    converter = CONVERTERS[record["converter"]]
    if converter.options:
        places = converter.convert(folder, corpus, converter.options(**record.get("layout", {})))
    else:
        places = converter.convert(folder, corpus)
    try:
        labels = _labels(_records(folder, corpus, places))
        if record.get("kind") == "regression":
            _check_numbers(folder, corpus, labels)
        else:
            tokens = record.get("kind") == "token_classification"
            _check_classes(folder, corpus, labels, record["classes"], tokens)
    except ValueError:
        shutil.rmtree(corpus) if corpus.is_dir() else corpus.unlink()
        raise


def _labels(records: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    """(place, label) of the (place, label, group) of each record; ValueError for a group that is
    missing: all without one would be one unit, in one part."""
    for where, label, group in records:
        if group and label_faults.is_missing(group):
            raise ValueError(
                f"{where}: group {group!r} stands for a missing one; give each such example a"
                " group of its own, such as its id, or leave the rows out"
            )
        yield where, label


def _records(
    folder: Path, corpus: Path, places: Sequence[str] | None
) -> Iterator[tuple[str, str, str]]:
    """(place, label, group or nothing) of a corpus in any standard format: the place that the
    converter gave, else `folder` and the id, since `corpus` is removed if there is a fault."""
    if corpus.suffix == ".fasta":
        named = ((e.id, e.label, e.group or "") for e in iterate_fasta(corpus))
    else:
        midi = corpus.suffix == ".midi"
        path, column = (corpus / "index.tsv", "file") if midi else (corpus, "id")
        rows = text_files.rows(path, [column, "label"], delimiter="\t")
        named = ((row[column], row["label"], row.get("group") or "") for _, row in rows)
    for number, (name, *facts) in enumerate(named):
        yield (places and places[number]) or f"{folder}: record {name!r}", *facts


def _check_numbers(folder: Path, corpus: Path, labels: Iterable[tuple[str, str]]) -> None:
    values = [label_faults.decimal(where, label) for where, label in labels]
    found = f"{len(values)} values from {min(values):g} to {max(values):g}"
    with np.errstate(over="ignore"):
        deviation = np.std(values)
    if not 0 < deviation < math.inf:
        why = "they are all equal, or as good as" if deviation == 0 else "their variance overflows"
        raise ValueError(
            f"{folder}: its labels are {found}: {why}, so nothing can be learned; correct `label` "
            "of the layout, or state them in another unit"
        )
    print(f"{corpus.name}: {found}")


def _check_classes(
    folder: Path,
    corpus: Path,
    labels: Iterable[tuple[str, str]],
    classes: Sequence[str],
    tokens: bool,
) -> None:
    """tokens: whether a label is those of an example's symbols, between spaces. A symbol may be
    without a known label, and notations tell labels apart by case, so that only the labels of whole
    examples are checked one by one; no `classes`, as of a domain corpus, ask for no label."""
    counts: Counter[str] = Counter()
    for where, label in labels:
        if label not in counts and classes and not tokens:
            label_faults.check(where, label, classes)
        counts.update(label.split(" ") if tokens else [label])
    what = "symbol" if tokens else "example"
    missing = [name for name in classes if name not in counts]
    if missing:
        found = ", ".join(f"{name!r}" for name, _ in counts.most_common(20))
        decimal = all("." in label and label_faults.is_number(label) for label in counts)
        numbers = ", or predict the numbers: `kind: regression`" if decimal else ""
        raise ValueError(
            f"{folder}: no {what} has the class {missing[0]!r}; its labels are {found}; correct "
            f"`classes` or `layout` of the task{numbers}"
        )
    print(f"{corpus.name}: {counts.total()} {what}s, {dict(counts.most_common(40))}")
    others = counts.total() - sum(counts[name] for name in classes)
    if classes and others:
        serve = "are never scored" if tokens else "serve pretraining alone"
        print(f"{corpus.name}: {what}s whose label is no class: {others}; they {serve}")
