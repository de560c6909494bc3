"""Say how far a study is: what is done, what failed, what is missing, and which runs diverged."""

import sys

from seqtransfer.study import logs, unfinished


def main(*, jobs: dict[str, list], metrics: list[str]) -> None:
    """jobs: of each stage, the first result and the log of every job; metrics: of the runs."""
    for line in unfinished.lines(jobs, metrics):
        print(line)
        print(line, file=sys.__stderr__)


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(jobs=snakemake.params.jobs, metrics=snakemake.params.metrics)
