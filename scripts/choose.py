"""Choose learning rate, warm-up and pooling of every arm: the best mean dev score of the sweep."""

from pathlib import Path

from seqtransfer.files import json_tsv
from seqtransfer.study import jobs
from seqtransfer.training import settings_choice


def main(*, records: list[Path], sweep: Path, settings: Path) -> None:
    """records: a file of each job of the sweep, with a list of runs; sweep: the table of all these
    runs; settings: that of the settings that are chosen for each task and arm."""
    swept = settings_choice.swept(
        [record for path in records for record in json_tsv.read_json(path)]
    )
    json_tsv.write_table(sweep, swept)
    json_tsv.write_table(settings, settings_choice.choose(swept))
    print(swept.to_string(index=False))


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            records=[Path(path) for path in snakemake.input.records],
            sweep=Path(snakemake.output.sweep),
            settings=Path(snakemake.output.settings),
        )
