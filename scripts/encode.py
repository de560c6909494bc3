"""Turn one task's corpus into id sequences: repeats dropped, split, subsampled, encoded."""

from pathlib import Path

from seqtransfer import formats, logs, provenance, splits, tokens
from seqtransfer.vocabulary import WordPieces


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
    settings = tokens.Settings(
        classes=tuple(record["classes"]),
        split=record["split"],
        truncate=record["truncate"],
        max_length=max_length,
        sizes={part: sizes[part] for part in splits.PARTS},
        split_seed=sizes["split_seed"],
    )
    examples = tokens.read_examples(
        record["format"], corpus, WordPieces(encoder), notes=settings.max_length - 2
    )
    arrays, vocabulary, counts = tokens.build(examples, settings)
    for part, ragged in arrays.items():
        formats.write_ragged(folder / f"{part}.arrow", ragged)
    test = arrays["test"].labels
    majority = max((test == i).mean() for i in range(len(settings.classes)))
    facts = {
        "task": task,
        "domain": record["domain"],
        "title": record["title"],
        "classes": list(settings.classes),
        "symbols": list(vocabulary.symbols),
        "max_length": settings.max_length,
        "majority": float(majority),
        "counts": counts,
        "provenance": provenance.record(code, ["numpy", "tokenizers"]),
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
