"""Study files that Snakemake could not read are named, before it tries, by file, line and remedy.

Snakemake reads them before any line of the workflow, and its profile before them: so a profile
calls this.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import yaml

from seqtransfer.study.refusals import told

OPTIONS = "--configfile", "--configfiles"
STUDIES = Path("workflow/studies")


def refuse_unreadable(arguments: Sequence[str]) -> None:
    """End this process in one line if a study file of these arguments of Snakemake is none."""
    with told():
        check(arguments)


def check(arguments: Sequence[str]) -> None:
    """Raise a ValueError that says what is wrong with a study file, if anything is.

    arguments: what follows `snakemake` on its command line.
    """
    given = list(_named(arguments))
    if len(given) > 1:
        raise ValueError(
            "--configfile is given more than once, and Snakemake reads the last alone; write all "
            f"study files after one: --configfile {' '.join(chain.from_iterable(given))}"
        )
    for names in given:
        for name in names:
            _check_file(Path(name), others=[other for other in names if other != name])


def _named(arguments: Sequence[str]) -> Iterator[list[str]]:
    """The study files of each `--configfile`: all words up to the next option, or that after =."""
    words = iter(arguments)
    word = next(words, None)
    while word is not None:
        option, _, value = word.partition("=")
        word = next(words, None)
        if option not in OPTIONS:
            continue
        names = [value] if value else []
        while not value and word is not None and not word.startswith("-"):
            names.append(word)
            word = next(words, None)
        yield names


def _check_file(path: Path, others: Sequence[str]) -> None:
    target = (
        "--configfile takes every word after it for a study file, so write a target first: "
        f"snakemake {path} --configfile {' '.join(others) or 'mine.yaml'}"
    )
    if path.is_fifo():  # as `<(...)` of a shell, which can be read once
        return
    if not path.is_file():
        here = STUDIES / path.name
        remedy = f"Did you mean {here}?" if here.is_file() else f"If it is a target: {target}"
        raise ValueError(f"There is no study file {path}. {remedy}")
    try:
        keys = yaml.safe_load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path} is not written in UTF-8, as YAML must be (byte {error.start}). If it is in "
            f"Latin-1: iconv -f latin1 -t utf-8 {path} > utf8-{path.name}"
        ) from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is not YAML: {_fault(error)}") from error
    if not isinstance(keys, dict):
        raise ValueError(
            f"{path} is no study: it has no key, as `study: mine`. If a target: {target}"
        )


def _fault(error: yaml.YAMLError) -> str:
    """What and where: a bracket never closed is seen at the end, but stands where it opens."""
    problem = getattr(error, "problem_mark", None)
    if problem is None:  # a control character
        return " ".join(str(error).split())
    fault = f"line {problem.line + 1}, column {problem.column + 1}: {error.problem}"
    opened = error.context_mark
    if opened is not None and opened.line != problem.line:
        fault += f", {error.context} that begins in line {opened.line + 1}"
    return (
        f"{fault}. Look there for a missing `}}`, `]` or quote, for a tab, for a `:` in a value "
        "without quotes, and for a `\\` in double quotes, which single quotes keep"
    )
