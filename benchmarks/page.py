"""What a study of the paper's shape costs to judge and to write as a page.

    python benchmarks/page.py folder [--figures]

Made-up tables of 16 tasks, 9 arms and 25 seeds: those of 4 tasks and 4 arms with rows repeated
under other names. Prints seconds of processor time, peak memory, and the size of the page.
"""

import argparse
import resource
import sys
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests/support")]

import judge  # noqa: E402
import page  # noqa: E402
import plot  # noqa: E402
import synthetic  # noqa: E402
from seqtransfer.report import register  # noqa: E402
from seqtransfer.report.tables import table_files  # noqa: E402

TASKS = {task: [task, *(f"{task}{n}" for n in (2, 3, 4))] for task in synthetic.TASKS}
ARMS = {"shuffled": ["shuffled", "moments", "spectrum", "first-2", "re-embedded", "layernorm-only"]}


def grown(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the rows of each task under four names, and those of one arm under six."""
    for column, others in (
        ("task", TASKS),
        ("initialization", ARMS),
        ("arm", ARMS),
        ("left", ARMS),
    ):
        if column in table:
            names = [others.get(name, [name]) for name in table[column]]
            table = table.assign(**{column: names}).explode(column, ignore_index=True)
    return table


def main(folder: Path, figures: bool) -> None:
    """Write the study to `folder`, judge it, draw its figures if asked to, and write its page."""
    written = synthetic.paged(folder / "report", synthetic.write_study(folder, seeds=range(25)))
    tables = {name: path for name, path in written.items() if name in register.TABLES}
    for path in tables.values():
        table_files.write(path, grown(table_files.read(path)))
    settings = folder / "settings.tsv"
    grown(synthetic.SETTINGS).to_csv(settings, sep="\t", index=False)
    started = time.process_time()
    judge.main(
        tables=tables, settings=settings, output=written["claims"], margin=0.05, measure=None,
        sweep_code="",
    )  # fmt: skip
    judged = time.process_time()
    drawn = []
    for name in register.figures_of(synthetic.CONFIG, swept=True) if figures else []:
        drawn.append(folder / f"report/figures/{name}.svg")
        plot.main(figure=name, sources=list(tables.values()), claims=written["claims"],
                  outputs=drawn[-1:])  # fmt: skip
    plotted = time.process_time()
    page.main(
        claims=written["claims"], record=written["study"], tables=list(tables.values()),
        figures=drawn, html=written["html"], markdown=written["markdown"],
    )  # fmt: skip
    ended = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{len(table_files.read(tables['runs']))} runs: judged in {judged - started:.1f} s, figures"
    )
    print(f"in {plotted - judged:.1f} s, page in {ended - plotted:.1f} s; peak {peak:.2f} GiB,")
    print(f"page {written['html'].stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="an empty folder")
    parser.add_argument("--figures", action="store_true", help="draw all figures for the page")
    main(**vars(parser.parse_args()))
