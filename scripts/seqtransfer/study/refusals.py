"""Mistakes of a study end Snakemake in one line, without the trace that Python or Snakemake add."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
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


def of_no_target(target: str, known: Sequence[str]) -> str | None:
    """What is said of a word that is no target; None if it names a file in a folder.

    known: the targets, files aside.
    """
    if "/" in target:
        return None
    near = get_close_matches(target, known, n=1)
    meant = f"did you mean `{near[0]}`? " if near else ""
    return (
        f"There is no target {target}; {meant}`snakemake --list` names them; a file has its folder"
    )
