"""Gather every result file of a study into the report's tables."""

from pathlib import Path

from seqtransfer.report import register
from seqtransfer.report.tables import table_files
from seqtransfer.report.tables.results import Results
from seqtransfer.study import jobs


def main(*, files: dict[str, list[Path]], reference: str, outputs: list[Path]) -> None:
    """files: by kind, see `Results`; reference: the arm that similarities are calibrated against;
    outputs: `{table}.csv`, and `.md`, `.tex` or `.html` of tables to read."""
    results, functions = Results(files, reference), register.table_functions()
    layouts = register.layouts()
    frames = {name: functions[name](results) for name in dict.fromkeys(p.stem for p in outputs)}
    for path in outputs:
        frame, entry = frames[path.stem], register.TABLES[path.stem]
        print(f"{path}: {len(frame)} rows")
        if path.suffix in table_files.READABLE and path.stem in layouts:
            frame = layouts[path.stem](frame)
        table_files.write(path, frame, entry.title, entry.caption)


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            files={kind: [Path(p) for p in paths] for kind, paths in snakemake.input.items()}
            | {
                kind: [Path(path) for path in snakemake.params[kind]]
                for kind in ("sweep_timings", "alignment_timings")
            },
            reference=snakemake.params.reference,
            outputs=[Path(path) for path in snakemake.output],
        )
