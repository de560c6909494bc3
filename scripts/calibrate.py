"""Score the reference against arms, random encoders and itself again, for floor and ceiling."""

from pathlib import Path

import pandas as pd
from threadpoolctl import threadpool_limits

from seqtransfer.files import json_tsv
from seqtransfer.similarity import calibration, state_files
from seqtransfer.study import logs


def main(
    *,
    reference: Path,
    arms: dict[str, Path],
    floor: dict[int, Path],
    again: Path | None,
    references: Path,
    paper: Path | None,
    task: str,
    measures: list[str],
    groups: int,
    code: str,
) -> None:
    """arms, floor: files of states by arm and by seed; paper: where to write its own setting."""
    side = state_files.States(reference)
    sides = {name: state_files.States(path) for name, path in arms.items()}
    drawn = {number: state_files.States(path) for number, path in floor.items()}
    other = state_files.States(again) if again else None
    found = calibration.references(side, sides, drawn, other, measures, count=groups, seed=0)
    table = pd.DataFrame(found).assign(task=task, code=code)
    whole = table[table["group"] == -1]
    print(whole.to_string())
    json_tsv.write_table(references, table)
    if paper:
        rows = pd.DataFrame(calibration.paper_setting(side, sides, drawn, seed=0))
        print(rows.to_string())
        json_tsv.write_table(paper, rows.assign(task=task, code=code))


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]), threadpool_limits(snakemake.threads):
        main(
            reference=Path(snakemake.input.reference),
            arms={
                arm: Path(path)
                for arm, path in zip(snakemake.params.arms, snakemake.input.arms, strict=True)
            },
            floor={
                number: Path(path)
                for number, path in zip(
                    snakemake.params.floor_seeds, snakemake.input.floor, strict=True
                )
            },
            again=Path(snakemake.input.again[0]) if snakemake.input.again else None,
            references=Path(snakemake.output.references),
            paper=Path(snakemake.output.paper[0]) if snakemake.output.paper else None,
            task=snakemake.wildcards.task,
            measures=snakemake.params.measures,
            groups=snakemake.params.groups,
            code=snakemake.params.code,
        )
