"""Turn one task's corpus into id sequences: repeats dropped, split, subsampled, encoded."""

from pathlib import Path

import numpy as np

from seqtransfer.files import arrow, json_tsv
from seqtransfer.study import logs, provenance
from seqtransfer.tokens import encoding, manifests
from seqtransfer.tokens.vocabulary import WordPieces


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
    settings = encoding.Settings.of(record, sizes, max_length)
    examples = encoding.read_examples(record["format"], corpus, WordPieces(encoder), settings)
    arrays, vocabulary, built = encoding.build(examples, settings)
    manifest = manifests.write(folder / "manifest.tsv", built.pop("manifest"))
    for part, ragged in arrays.items():
        arrow.write_ragged(folder / f"{part}.arrow", ragged)
    if settings.kind == "classification":
        shares = np.bincount(arrays["test"].labels) / len(arrays["test"])
        built |= {"classes": list(settings.classes), "majority": float(shares.max())}
    facts = {
        "task": task,
        "domain": record["domain"],
        "title": record["title"],
        "kind": settings.kind,
        "metric": record["metric"],
        "tokens": settings.tokens,
        "symbols": list(vocabulary.symbols),
        "max_length": settings.max_length,
        **built,
        "manifest": manifest,
        "provenance": provenance.record(code, ["numpy", "pyarrow", "tokenizers"]),
    }
    json_tsv.write_json(folder / "task.json", facts)
    print({**facts, "symbols": f"{len(vocabulary.symbols)} symbols"})


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            task=snakemake.wildcards.task,
            record=snakemake.params.record,
            corpus=[Path(path) for path in snakemake.input.corpus],
            encoder=Path(snakemake.input.encoder).parent,
            sizes=snakemake.params.examples,
            max_length=snakemake.params.max_length,
            folder=Path(snakemake.output.task).parent,
            code=snakemake.params.code,
        )
