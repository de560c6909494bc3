"""Join finished studies that differ in the amount of training data: curves, laws, multipliers."""

from itertools import product
from pathlib import Path

import matplotlib
import pandas as pd

from seqtransfer.files import json_tsv
from seqtransfer.report.figures import ratio_figures, style
from seqtransfer.report.register import ratio
from seqtransfer.report.studies import data_ratio
from seqtransfer.report.tables import run_tables, table_files
from seqtransfer.study import jobs


def main(
    *,
    studies: list[str],
    tasks: list[str],
    runs: list[Path],
    control_runs: list[Path],
    manifests: list[Path],
    records: list[Path],
    width: str,
    outputs: list[Path],
) -> None:
    """tasks: those to join, which all studies have; runs: a table a study; control_runs: likewise,
    or none; manifests: study by study, of each task; records: `study.json` of each; width:
    one of `style.WIDTHS`; outputs: tables `curves`, `power_laws` and `multipliers`, and the figure
    `curves`, by name and suffix.
    """
    tables = {name: [table_files.read(path)] for name, path in zip(studies, runs, strict=True)}
    for name, path in zip(studies, control_runs, strict=bool(control_runs)):
        tables[name].append(table_files.read(path))
    configured = map(json_tsv.read_json, records)
    data_ratio.check_settings(tasks, dict(zip(studies, configured, strict=True)))
    splits = dict(zip(product(studies, tasks), manifests, strict=True))
    for task in tasks:
        mine = {name: json_tsv.read_table(splits[name, task]) for name in studies}
        data_ratio.check_parts(task, mine)
    joined = {name: pd.concat(found) for name, found in tables.items()}
    run = data_ratio.gather({n: table[table["task"].isin(tasks)] for n, table in joined.items()})
    frames = {
        "curves": data_ratio.curves(run),
        "power_laws": data_ratio.power_laws(run),
        "multipliers": data_ratio.multipliers(run),
    }
    figures = [path for path in outputs if path.suffix in (".svg", ".pdf", ".png")]
    with matplotlib.rc_context(style.preset(width)):
        drawn = ratio_figures.learning_curves(frames["curves"], run_tables.score_unit(run))
        for path in figures:
            style.save(drawn, path, ratio_figures.TITLE, ratio_figures.CAPTION)
    for path in (path for path in outputs if path not in figures):
        entry = ratio.TABLES[path.stem]
        table_files.write(path, frames[path.stem], entry.title, entry.caption)
    print(frames["multipliers"].to_string(index=False))


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            studies=snakemake.params.studies,
            tasks=snakemake.params.tasks,
            runs=[Path(path) for path in snakemake.input.runs],
            control_runs=[Path(path) for path in snakemake.input.control_runs],
            manifests=[Path(path) for path in snakemake.input.manifests],
            records=[Path(path) for path in snakemake.input.records],
            width=snakemake.params.width,
            outputs=[Path(path) for path in snakemake.output],
        )
