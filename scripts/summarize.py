"""Gather every result file of a study into the report's tables."""

from pathlib import Path

from seqtransfer.files import json_tsv
from seqtransfer.report.tables import gains, run_tables, sensitivity, similarity_tables
from seqtransfer.study import logs

KINDS = ("metrics", "timings", "pretrained", "pretraining_timings", "tasks", "baselines")
SWEPT = [*sensitivity.ARM, *sensitivity.SETTINGS, "dev_score", "diverged"]


def main(
    *, records: dict[str, list[Path]], histories: list[Path], similarities: list[Path],
    references: list[Path], paper: list[Path], attention: list[Path], reference: str,
    audits: list[Path], rescored: list[Path], sweep: list[Path], outputs: list[Path],
) -> None:  # fmt: skip
    """records: JSON files by KINDS; histories[i] is run i's; reference: the arm that similarities
    are calibrated against; sweep: one table, or none; outputs: `{table}.csv` or `.md`."""
    read = {kind: [json_tsv.read_json(path) for path in records[kind]] for kind in KINDS}
    run = run_tables.runs(read["metrics"])
    curves = run_tables.histories(
        read["metrics"], [json_tsv.read_table(path) for path in histories]
    )
    speed = run_tables.convergence(curves)
    baselines = [record for file in read["baselines"] for record in file]
    comparisons, calibration, settings, heads = (
        similarity_tables.gather([json_tsv.read_table(path) for path in paths], columns)
        for paths, columns in (
            (similarities, similarity_tables.SCORED),
            (references, similarity_tables.REFERENCE),
            (paper, similarity_tables.PAPER),
            (attention, similarity_tables.ATTENTION),
        )
    )
    predictions = similarity_tables.prediction(run, comparisons, reference)
    swept = json_tsv.read_table(*sweep, SWEPT) if sweep else None
    frames = {
        "runs": run,
        "scores": run_tables.scores(read["metrics"], baselines),
        "convergence": speed,
        "differences": run_tables.differences(run, speed),
        "histories": curves,
        "comparisons": comparisons,
        "similarity": similarity_tables.similarity(comparisons, calibration, reference),
        "maps": similarity_tables.maps(comparisons),
        "predictions": predictions,
        "association": similarity_tables.association(predictions),
        "attention": similarity_tables.attention(heads),
        "paper": similarity_tables.paper_setting(settings, comparisons, reference),
        "budget": run_tables.budget(read["tasks"], run, read["pretrained"]),
        "leaks": run_tables.joined([json_tsv.read_table(path) for path in audits]),
        "rescored": run_tables.joined([json_tsv.read_table(path) for path in rescored]),
        "sensitivity": sensitivity.table(swept, run),
        "timings": run_tables.timings(read["timings"], read["pretraining_timings"]),
    }
    for name, table in gains.TABLES.items():
        frames[name] = table(run, frames["scores"], frames["budget"])
    for path in outputs:
        print(f"{path}: {len(frames[path.stem])} rows")
        run_tables.write(path, frames[path.stem])


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        paths = {kind: [Path(path) for path in files] for kind, files in snakemake.input.items()}
        main(
            records={kind: paths.pop(kind) for kind in KINDS},
            outputs=[Path(path) for path in snakemake.output],
            reference=snakemake.params.reference,
            **paths,
        )
