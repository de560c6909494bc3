"""Audit one task's split: how near its test and dev sequences are to train, before and after."""

from pathlib import Path

import numpy as np
import pandas as pd

from seqtransfer.files import arrow, json_tsv
from seqtransfer.study import logs
from seqtransfer.tokens import encoding, leak_audit
from seqtransfer.tokens.vocabulary import WordPieces


def main(
    *,
    task: str,
    record: dict,
    corpus: list[Path],
    encoder: Path,
    sizes: dict,
    max_length: int,
    train: Path,
    dev: Path,
    test: Path,
    audit: Path,
    nearest: Path,
) -> None:
    settings = encoding.Settings.of(record, sizes, max_length)
    examples = encoding.read_examples(record["format"], corpus, WordPieces(encoder), settings)
    # Compared is what the encoder sees: sequences that differ only past the cut are equal.
    seen = {e.id: s for e, (s, _) in zip(examples, encoding.view(examples, settings), strict=True)}
    paths = {"train": train, "test": test, "dev": dev}
    parts = {part: arrow.read_ragged(path).names for part, path in paths.items()}
    regression = settings.kind == "regression"
    usable = [e.id for e in examples if regression or e.label in settings.classes]
    drawn = leak_audit.random_parts(
        len(usable),
        {part: len(names) for part, names in parts.items()},
        np.random.default_rng(sizes["split_seed"]),
    )
    before = {part: [usable[i] for i in indices] for part, indices in drawn.items()}
    kmer = (settings.neighbours or {}).get("kmer") or leak_audit.kmer_for(list(seen.values()))
    near = {"test": {}, "dev": {}}
    for stage, names in {"before": before, "after": parts}.items():
        sequences = {part: {str(name): seen[name] for name in names[part]} for part in parts}
        for part, stages in near.items():
            stages[stage] = leak_audit.nearest(sequences[part], sequences["train"], kmer)
    rows = pd.concat([leak_audit.table(task, part, stages, kmer) for part, stages in near.items()])
    json_tsv.write_table(audit, rows)
    json_tsv.write_table(nearest, near["test"]["after"])
    print(rows.to_string(index=False))


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            task=snakemake.wildcards.task,
            record=snakemake.params.record,
            corpus=[Path(path) for path in snakemake.input.corpus],
            encoder=Path(snakemake.input.encoder).parent,
            sizes=snakemake.params.examples,
            max_length=snakemake.params.max_length,
            train=Path(snakemake.input.train),
            dev=Path(snakemake.input.dev),
            test=Path(snakemake.input.test),
            audit=Path(snakemake.output.audit),
            nearest=Path(snakemake.output.nearest),
        )
