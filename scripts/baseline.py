"""Score what needs no encoder on one task: a constant answer and others, by the kind of task."""

from pathlib import Path

from threadpoolctl import threadpool_limits

from seqtransfer.corpora.examples import SPLITS
from seqtransfer.corpora.symbol_tables import read_symbols
from seqtransfer.files import arrow, json_tsv
from seqtransfer.scoring import additive_baseline, series_baselines, task_kinds, token_baselines
from seqtransfer.scoring import baselines as library
from seqtransfer.study import jobs, provenance


def main(
    *,
    parts: dict[str, Path],
    numbers: list[Path],
    task_record: Path,
    baselines: Path,
    predictions: Path,
    task: str,
    code: str,
) -> None:
    """Read a task's tokens and target; write one record per baseline, and a table of what each
    predicts of test.

    parts: files of train, dev and test; numbers: the corpus, if it is of series.
    """
    splits = {part: arrow.read_ragged(path) for part, path in parts.items()}
    record = json_tsv.read_json(task_record)
    target = task_kinds.of(record)
    facts = provenance.record(code=code, libraries=["numpy", "scikit-learn", "dtaidistance"])
    if target.kind == "token_classification":
        found = token_baselines.fitted(**splits, target=target)
    else:
        found = library.fitted(task, **splits, target=target)
    if additive_baseline.aligns(splits["train"], record):
        found.append(additive_baseline.fitted(**splits, target=target))
    for path in numbers:
        examples = read_symbols(path)
        found += series_baselines.fitted(splits, examples, record["tokens"], target)
    dev, test = splits["dev"], splits["test"]
    json_tsv.write_json(baselines, [one.record(task, dev, test, target, facts) for one in found])
    rows = [row for one in found for row in one.predictions(test, target)]
    json_tsv.write_records(predictions, rows)


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output), threadpool_limits(snakemake.threads):
        main(
            parts={part: Path(snakemake.input[part]) for part in SPLITS},
            numbers=[Path(path) for path in snakemake.input.numbers],
            task_record=Path(snakemake.input.task_record),
            baselines=Path(snakemake.output.baselines),
            predictions=Path(snakemake.output.predictions),
            task=snakemake.wildcards.task,
            code=snakemake.params.code,
        )
