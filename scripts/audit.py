"""Audit one task's split: how near its test and dev sequences are to train, before and after.

Series are compared by their tokens and by their numbers.
"""

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from seqtransfer.corpora.examples import Example
from seqtransfer.files import arrow, json_tsv
from seqtransfer.study import jobs
from seqtransfer.tokens import encoding, leak_audit, series_neighbours, tokenizations, views


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
        further, columns = _by_numbers(viewed.originals, splits, read["train"].units, settings)
        measures |= further
        for (part, stage), found in columns.items():
            near[part][stage] = near[part][stage].join(found)
    rows = pd.concat(
        [leak_audit.table(task, part, stages, measures) for part, stages in near.items()]
    )
    json_tsv.write_table(audit, rows)
    json_tsv.write_table(nearest, near["test"]["after"])
    print(rows.to_string(index=False))


def _by_numbers(
    originals: Sequence[Example],
    splits: dict[str, dict[str, list[str]]],
    units: np.ndarray,
    settings: views.Settings,
) -> tuple[dict[str, float], dict[tuple[str, str], pd.DataFrame]]:
    """What series add to the audit: measures, and columns by part and stage.

    splits: names by stage and part; units: of the study's training part, in its order.
    """
    own_scale = settings.tokens["kind"] == "sax"
    scaled = {
        stage: series_neighbours.numbers(names, originals, own_scale)
        for stage, names in splits.items()
    }
    generator = np.random.default_rng(settings.split_seed)
    limit = series_neighbours.limit(scaled["after"]["train"], np.asarray(units), generator)
    written = {example.id: example.symbols for example in originals}
    digits = {
        stage: {part: [written[name] for name in own] for part, own in names.items()}
        for stage, names in splits.items()
    }
    run = leak_audit.kmer_for(digits["after"]["train"])
    columns = {}
    for part, stage in itertools.product(("test", "dev"), splits):
        overlaps = leak_audit.overlaps(digits[stage][part], digits[stage]["train"], run)
        own = scaled[stage]
        distances = leak_audit.distances(own[part], own["train"], limit)
        columns[part, stage] = overlaps.join(distances)
    return {"distance_limit": limit, "overlap_run": run}, columns


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
