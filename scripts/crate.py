"""Write the metadata that make the folder of a report an RO-Crate."""

from datetime import UTC, datetime
from pathlib import Path

from seqtransfer.files import json_tsv
from seqtransfer.report import research_object
from seqtransfer.study import jobs


def main(*, record: Path, files: list[Path], output: Path) -> None:
    """record: as `record.py` wrote it; files: what the crate holds, in the folder of `output`."""
    named = {path.relative_to(output.parent).as_posix(): path for path in [record, *files]}
    made = datetime.fromtimestamp(record.stat().st_mtime, UTC).replace(microsecond=0)
    json_tsv.write_json(output, research_object.metadata(json_tsv.read_json(record), named, made))
    print(f"{len(named)} files -> {output}")


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            record=Path(snakemake.input.record),
            files=[Path(path) for path in snakemake.input.files],
            output=Path(snakemake.output.metadata),
        )
