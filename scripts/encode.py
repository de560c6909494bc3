"""Turn one task's corpus into id sequences: repeats dropped, split, subsampled, encoded."""

from pathlib import Path

import numpy as np

from seqtransfer.files import arrow, json_tsv
from seqtransfer.scoring import task_kinds
from seqtransfer.study import jobs, provenance
from seqtransfer.tokens import encoding, manifests, probe_rows, views


def main(
    *,
    task: str,
    record: dict,
    corpus: list[Path],
    encoder: Path,
    settings: views.Settings,
    probed: int | None,
    folder: Path,
    code: str,
) -> None:
    """record: the catalogue's entry of the task; corpus: its file or folders; encoder: folder of
    the encoder whose word pieces a text is split into; probed: how many tokens of a test sequence
    are compared after training, None if none are."""
    examples = encoding.read(record, corpus, encoder, settings)
    try:
        arrays, vocabulary, built = encoding.build(examples, settings)
    except ValueError as error:
        raise ValueError(f"task {task} ({', '.join(map(str, corpus))}): {error}") from error
    if probed:
        probe_rows.long_enough(arrays["test"], task, probed)
    manifest = manifests.write(folder / "manifest.tsv", built.pop("manifest"))
    for part, ragged in arrays.items():
        arrow.write_ragged(folder / f"{part}.arrow", ragged)
    if settings.kind != "regression":
        target = task_kinds.of({"kind": settings.kind, "classes": settings.classes} | record)
        labels = target.labels(arrays["test"])
        shares = np.bincount(labels[labels >= 0]) / (labels >= 0).sum()
        built |= {"classes": list(settings.classes), "majority": float(shares.max())}
    facts = {
        "task": task,
        "domain": record["domain"],
        "kind": settings.kind,
        "metric": record["metric"],
        "tokens": settings.tokens,
        **({"order": record["order"]} if "order" in record else {}),
        "symbols": list(vocabulary.symbols),
        "max_length": settings.max_length,
        **built,
        "manifest": manifest,
        "provenance": provenance.record(code, ["numpy", "pyarrow", "tokenizers"]),
    }
    json_tsv.write_json(folder / "task.json", facts)
    print({**facts, "symbols": f"{len(vocabulary.symbols)} symbols"})


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
            probed=snakemake.params.probed,
            folder=Path(snakemake.output.task).parent,
            code=snakemake.params.code,
        )
