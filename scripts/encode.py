"""Turn one task's corpus into id sequences: repeats dropped, split, subsampled, encoded."""

from pathlib import Path

import numpy as np

from seqtransfer import formats, logs, manifests, provenance, splits, tokens
from seqtransfer.vocabulary import WordPieces

METRIC = {"classification": "mcc", "regression": "spearman"}  # where a task names none


def main(
    *,
    task: str,
    record: dict,
    corpus: list[Path],
    encoder: Path,
    sizes: dict,
    max_length: int,
    folder: Path,
    code: str,
) -> None:
    kind = record.get("kind", "classification")
    settings = tokens.Settings(
        classes=tuple(record.get("classes", ())),
        split=record["split"],
        truncate=record["truncate"],
        max_length=max_length,
        sizes={part: sizes[part] for part in splits.PARTS},
        split_seed=sizes["split_seed"],
        train_fraction=sizes.get("train_fraction", 1.0),
        kind=kind,
        tokens=record.get("tokens", {"kind": "symbols"}),
        neighbours=record.get("neighbours"),
    )
    examples = tokens.read_examples(record["format"], corpus, WordPieces(encoder), settings)
    arrays, vocabulary, built = tokens.build(examples, settings)
    manifest = manifests.write(folder / "manifest.tsv", built.pop("manifest"))
    for part, ragged in arrays.items():
        formats.write_ragged(folder / f"{part}.arrow", ragged)
    if kind == "classification":
        shares = np.bincount(arrays["test"].labels) / len(arrays["test"])
        built |= {"classes": list(settings.classes), "majority": float(shares.max())}
    facts = {
        "task": task,
        "domain": record["domain"],
        "title": record["title"],
        "kind": kind,
        "metric": record.get("metric", METRIC[kind]),
        "tokens": settings.tokens,
        "symbols": list(vocabulary.symbols),
        "max_length": settings.max_length,
        **built,
        "manifest": manifest,
        "provenance": provenance.record(code, ["numpy", "pyarrow", "tokenizers"]),
    }
    formats.write_json(folder / "task.json", facts)
    print({**facts, "symbols": f"{len(vocabulary.symbols)} symbols"})


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            task=snakemake.wildcards.task,
            record=snakemake.params.record,
            corpus=[Path(path) for path in snakemake.input.corpus],
            encoder=Path(snakemake.input.encoder) / snakemake.params.encoder_folder,
            sizes=snakemake.params.examples,
            max_length=snakemake.params.max_length,
            folder=Path(snakemake.output.task).parent,
            code=snakemake.params.code,
        )
