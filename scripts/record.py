"""Record what made a study: configuration, code, libraries, machine and data."""

from pathlib import Path

from seqtransfer.files import json_tsv
from seqtransfer.study import jobs, provenance, study_records

LIBRARIES = ("numpy", "scipy", "pandas", "matplotlib", "jinja2")  # that the report is made with


def main(
    *,
    configuration: dict,
    results: dict[str, list[Path]],
    tables: dict[str, list[Path]],
    timings: dict[str, list[Path]],
    report: dict[str, str],
    snakemake_version: str,
    tasks: list[Path],
    sources: list[Path],
    encoders: list[Path],
    output: Path,
) -> None:
    """configuration: see `used_configuration.selected`; results: by stage, files with the
    provenance of a result, or with a list of such; tables: by stage, result tables with a column
    `code`; timings: by stage, `timing.json` of its jobs; report: by stage, the digest of the code
    that makes that part of the report; snakemake_version: of Snakemake; tasks: the record of each
    task; sources: `{source}.sha256` of each; encoders: `encoder.json` of each."""
    known = [json_tsv.read_json(path) for path in tasks]
    made = study_records.makers("tokens", known)
    for stage, paths in results.items():
        made += study_records.makers(stage, study_records.results(paths))
    for stage, paths in tables.items():
        made += study_records.makers(stage, study_records.coded(paths))
    for stage, code in report.items():
        own = provenance.record(code, LIBRARIES)
        own["versions"] |= {"snakemake": snakemake_version}
        made += study_records.makers(stage, [{"provenance": own}])
    record = {
        "configuration": configuration,
        "repository": study_records.commit(provenance.PACKAGE.parents[1]),
        "machine": study_records.machine(),
        "made_by": made,
        "processors": {
            stage: study_records.processors([json_tsv.read_json(path) for path in paths])
            for stage, paths in timings.items()
        },
        "sources": study_records.sources(sources),
        "encoders": study_records.encoders(encoders),
        "splits": {task["task"]: task["manifest"] for task in known},
        "units": {task["task"]: task["units"] for task in known},
        "examples": {task["task"]: task["counts"] for task in known},
    }
    print(f"{len(made)} kinds of provenance -> {output}")
    json_tsv.write_json(output, record)


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            configuration=snakemake.params.configuration,
            results={
                "pretraining": [Path(path) for path in snakemake.input.pretrained],
                "alignment": [Path(path) for path in snakemake.input.alignments],
                "fine-tuning": [
                    Path(path) for path in (*snakemake.input.metrics, *snakemake.input.controls)
                ],
                "baselines": [Path(path) for path in snakemake.input.baselines],
            },
            tables={
                "similarities": [
                    Path(path)
                    for path in (*snakemake.input.similarities, *snakemake.input.references)
                ],
                "attention": [Path(path) for path in snakemake.input.attention],
                "analyses": [Path(path) for path in snakemake.input.analyses],
                "zero-shot": [Path(path) for path in snakemake.input.zero_shot],
            },
            timings={
                "pretraining": [Path(path) for path in snakemake.input.pretraining_timings],
                "fine-tuning": [Path(path) for path in snakemake.input.timings],
            },
            report=snakemake.params.report,
            snakemake_version=snakemake.params.snakemake,
            tasks=[Path(path) for path in snakemake.input.tasks],
            sources=[Path(path) for path in snakemake.input.sources],
            encoders=[Path(path) for path in snakemake.input.encoders],
            output=Path(snakemake.output[0]),
        )
