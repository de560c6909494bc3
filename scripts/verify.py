"""Check the files of a study against the digests that were recorded when they were written."""

import sys
from pathlib import Path

from seqtransfer.study import digests, logs


def main(*, records: Path, results: Path, passing: Path) -> None:
    """Raises ValueError naming every file that is not as it was written.

    passing: folder of files that are deleted once used, so that they may be missing.
    """
    if not results.is_dir():
        raise ValueError(f"{results}: there is nothing to verify yet; run the study first")
    count, lines = digests.differences(records, results, passing)
    if lines:
        remedy = "make what is altered or missing anew with `--force -- <file>`, delete the others"
        first = f"{results}: {len(lines)} files are not as they were written; {remedy}"
        raise ValueError("\n".join([first, *lines]))
    print(f"{results}: {count} files are as they were written", file=sys.__stderr__)


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            records=Path(snakemake.params.logs),
            results=Path(snakemake.params.results),
            passing=Path(snakemake.params.passing),
        )
