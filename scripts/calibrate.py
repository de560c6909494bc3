"""Score the similarity to the reference of arms, of random encoders and of the reference itself."""

from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from seqtransfer.files import json_tsv
from seqtransfer.similarity import calibration
from seqtransfer.similarity.representation_files import RepresentationFile
from seqtransfer.study import jobs


def main(
    *,
    reference: Path,
    arms: dict[str, Path],
    floor: dict[int, Path],
    ceiling: Path | None,
    measures: list[str],
    groups: int,
    references: Path,
    paper: Path | None,
    task: str,
    code: str,
) -> None:
    """Write the tables `references` and, if a path is given, `paper`: the paper's own setting.

    reference, arms (by name), floor (by seed) and ceiling: files of representations; groups: of
    units, for the jackknife.
    """
    layers = RepresentationFile(reference)
    of_arms = {name: RepresentationFile(path) for name, path in arms.items()}
    of_floor = {seed: RepresentationFile(path) for seed, path in floor.items()}
    of_ceiling = RepresentationFile(ceiling) if ceiling else None
    found = calibration.references(
        layers, of_arms, of_floor, of_ceiling, measures, count=groups, seed=0
    )
    table = pd.DataFrame(found).assign(task=task, code=code)
    print(table[table["group"] == -1].to_string())
    json_tsv.write_table(references, table)
    if paper:
        rows = pd.DataFrame(calibration.paper_setting(layers, of_arms, of_floor, seed=0))
        print(rows.to_string())
        json_tsv.write_table(paper, rows.assign(task=task, code=code))


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output), threadpool_limits(snakemake.threads):
        main(
            reference=Path(snakemake.input.reference),
            arms=dict(zip(snakemake.params.arms, map(Path, snakemake.input.arms), strict=True)),
            floor=dict(
                zip(snakemake.params.floor_seeds, map(Path, snakemake.input.floor), strict=True)
            ),
            ceiling=Path(snakemake.input.ceiling[0]) if snakemake.input.ceiling else None,
            measures=snakemake.params.measures,
            groups=snakemake.params.groups,
            references=Path(snakemake.output.references),
            paper=Path(snakemake.output.paper[0]) if snakemake.output.paper else None,
            task=snakemake.wildcards.task,
            code=snakemake.params.code,
        )
