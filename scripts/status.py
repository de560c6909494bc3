"""Say how far a study is: what is done, what failed, what is missing, and which runs diverged."""

import sys
import time
from pathlib import Path

from seqtransfer.files import atomic
from seqtransfer.report.page import document
from seqtransfer.study import liveness, logs, unfinished


def main(
    *, study: str, jobs: dict[str, list], metrics: list[str], states: Path, page: Path
) -> None:
    """study: its name; jobs: of each stage, results and log of every job, see `unfinished.stage`;
    metrics: of the runs; states: folder of those of unfinished runs; page: where the same is
    written as HTML."""
    stages = unfinished.stages(jobs, liveness.working_since())
    diverged = unfinished.diverged(metrics)
    kept = unfinished.kept_states(states)
    when = time.strftime("%Y-%m-%d %H:%M")
    filled = document.fill(
        "status.html.j2", study=study, stages=stages, diverged=diverged, kept=kept, when=when
    )
    with atomic.atomic(page) as temporary:
        temporary.write_text(filled, encoding="utf-8")
    said = [*unfinished.lines(stages, diverged), *([kept] if kept else [])]
    for line in [*said, f"as a page: {page}"]:
        print(line)
        print(line, file=sys.__stderr__)


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            study=snakemake.params.study,
            jobs=snakemake.params.jobs,
            metrics=snakemake.params.metrics,
            states=Path(snakemake.params.states),
            page=Path(snakemake.log[0]).with_suffix(".html"),
        )
