"""Mistakes of a study end Snakemake in one line, without the trace that Python or Snakemake add."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

DEFAULT = "default"  # the study of config.yaml, which takes no file


@contextmanager
def told() -> Iterator[None]:
    """Turn a ValueError of the block into its message on stderr and exit code 1.

    Snakemake prints where in its own files an exception was raised, but lets an exit pass.
    """
    try:
        yield
    except ValueError as error:
        sys.exit(f"The study is refused. {error}")


def of_another_study(target: str, study: str, results: Path, studies: Path) -> str | None:
    """What is said of a target that this run of `study` cannot make since it is another's; None if
    it is not.

    results: folder of the results of all studies; studies: the folder of this repository's study
    files, each called as its study.
    """
    path = PurePosixPath(target)
    if PurePosixPath(results) not in path.parents[:-1]:
        return None
    other = path.relative_to(results).parts[0]
    if other == study:
        return None
    file = studies / f"{other}.yaml"
    add = f"add `--configfile {file if file.is_file() else '<its study file>'}`"
    remedy = "leave out `--configfile`" if other == DEFAULT else add
    return f"{target} belongs to study {other}, but this run is of study {study}; {remedy}"
