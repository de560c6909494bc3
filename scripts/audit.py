"""Audit one task's split: how near its test and dev sequences are to train, before and after.

Series are compared by their tokens and by their numbers.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seqtransfer.files import arrow, json_tsv
from seqtransfer.study import jobs
from seqtransfer.tokens import encoding, leak_audit, tokenizations, views


def main(
    *,
    task: str,
    record: dict,
    corpus: list[Path],
    encoder: Path,
    settings: views.Settings,
    parts: dict[str, Path],
    audit: Path,
    nearest: Path,
) -> None:
    """record, corpus, encoder, settings: as in `encode`; parts: files of train, dev and test."""
    # Compared is what the encoder sees: sequences that differ only past the cut are equal.
    examples = encoding.read(record, corpus, encoder, settings)
    viewed = views.view(examples, settings)
    read = {part: arrow.read_ragged(path) for part, path in parts.items()}
    parts = {part: ragged.names.tolist() for part, ragged in read.items()}
    if tokenizations.is_lossy(settings.tokens):
        # Learned from what was to be pretrained on before equal token sequences went.
        divided = encoding.divided(examples, settings)
        pretrain = [divided.seen.examples[i].id for i in divided.parts["pretrain"]]
        viewed = views.learned_view(viewed, _rows(viewed, pretrain), settings)
    seen = {example.id: example.symbols for example in viewed.examples}
    usable = [e.id for e in viewed.examples if views.is_usable(e, settings)]
    drawn = leak_audit.random_parts(
        len(usable),
        {part: len(names) for part, names in parts.items()},
        np.random.default_rng(settings.split_seed),
    )
    before = {part: [usable[i] for i in indices] for part, indices in drawn.items()}
    kmer = (settings.neighbours or {}).get("kmer") or leak_audit.kmer_for(list(seen.values()))
    measures, near = {"kmer": kmer}, {"test": {}, "dev": {}}
    splits = {"before": before, "after": parts}
    for stage, names in splits.items():
        sequences = {part: {name: seen[name] for name in own} for part, own in names.items()}
        for part, stages in near.items():
            stages[stage] = leak_audit.nearest(sequences[part], sequences["train"], kmer)
    if record["format"] == "series":
        further, columns = leak_audit.by_numbers(
            viewed.originals,
            splits,
            np.asarray(read["train"].units),
            tokenizations.has_own_scale(settings.tokens),
            np.random.default_rng(settings.split_seed),
        )
        measures |= further
        for (part, stage), found in columns.items():
            near[part][stage] = near[part][stage].join(found)
    rows = pd.concat(
        [leak_audit.table(task, part, stages, measures) for part, stages in near.items()]
    )
    json_tsv.write_table(audit, rows)
    json_tsv.write_table(nearest, near["test"]["after"])
    print(rows.to_string(index=False))


def _rows(viewed: views.Seen, pretrain: Sequence[str]) -> dict[str, np.ndarray]:
    """Indices of all examples, and of those whose names are in the part `pretrain`."""
    names = np.array([example.id for example in viewed.examples])
    return {"all": np.arange(len(names)), "pretrain": np.flatnonzero(np.isin(names, pretrain))}


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            task=snakemake.wildcards.task,
            record=snakemake.params.record,
            corpus=[Path(path) for path in snakemake.input.corpus],
            encoder=Path(snakemake.input.encoder).parent,
            settings=views.Settings.of(
                snakemake.params.record, snakemake.params.examples, snakemake.params.max_length
            ),
            parts={part: Path(snakemake.input[part]) for part in ("train", "test", "dev")},
            audit=Path(snakemake.output.audit),
            nearest=Path(snakemake.output.nearest),
        )
