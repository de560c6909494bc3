"""The table of learning rate, pooling and warm-up per task and arm that a study may name."""

import functools
import math
import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from seqtransfer.corpora import text_files
from seqtransfer.encoders.controls import CONTROLS

POOLINGS = ("mean", "first", "last")
UNPOOLED = "none"  # of a token classification
HIGHEST = 10  # learning rate, as in the schema of the sweep
ROOT = Path(__file__).parents[4]  # of the repository, whose tables a study names from there
SWEPT = "task initialization learning_rate warmup pooling dev_score diverged".split()
REMEDY = "`finetune: {settings: sweep}` chooses settings in this study"


def unpooled(study: Mapping) -> list[str]:
    """The tasks of a completed study whose head reads every token: those that classify tokens."""
    records = study["catalogue"]["tasks"]
    return [task for task in study["tasks"] if records[task]["kind"] == "token_classification"]


def poolings(study: Mapping, task: str, initialization: str) -> list[str]:
    """What the sweep of a completed study tries: for an arm the study's, for a control its own, and
    none where tokens are classified."""
    if task in unpooled(study):
        return [UNPOOLED]
    control = CONTROLS.get(initialization)
    return [control.pooling] if control else study["sweep"]["poolings"]


def check(
    table: Path,
    tasks: Sequence[str],
    initializations: Sequence[str],
    unpooled: Collection[str] = (),
) -> None:
    """Raise ValueError if the table of settings is not there, has braces in its path, lacks an arm
    of a task, or has it twice or with values that no run can take. unpooled: of the tasks, as
    `unpooled` gives them."""
    if {"{", "}"} & set(str(table)):
        raise ValueError(
            f"finetune.settings: {table}: Snakemake takes {{ and }} in a path for a variable;"
            " rename the file or its folder"
        )
    if not os.path.isfile(table):  # also where the name is too long for a file
        raise ValueError(f"finetune.settings: there is no file {table}; {REMEDY}")
    columns = ["task", "initialization", "learning_rate", "pooling"]
    try:
        rows = list(text_files.rows(table, columns, delimiter="\t"))
    except (ValueError, OSError) as error:
        raise ValueError(f"finetune.settings: {error}; {REMEDY}") from error
    asked = [(task, arm) for task in tasks for arm in initializations]
    counts = Counter((row["task"], row["initialization"]) for _, row in rows)
    for number, what in ((0, "no row"), (2, "several rows")):
        found = ", ".join(f"{arm} of {task}" for task, arm in asked
                          if min(counts[task, arm], 2) == number)  # fmt: skip
        if found:
            raise ValueError(f"finetune.settings: {table} has {what} for {found}; {REMEDY}")
    for where, row in rows:
        if (row["task"], row["initialization"]) in asked:
            poolings = (UNPOOLED,) if row["task"] in unpooled else POOLINGS
            _check_row(f"finetune.settings: {where}", row, poolings)


def check_sweep(table: Path) -> None:
    """Raise ValueError if the table found beside one of settings is no sweep that chose them."""
    try:
        for where, row in text_files.rows(table, SWEPT, delimiter="\t"):
            for key in ("learning_rate", "warmup"):
                if not math.isfinite(_number(row[key])):
                    raise ValueError(f"{where}: {key} {row[key]!r} is no number")
    except (ValueError, OSError) as error:
        raise ValueError(
            f"finetune.settings: {error}. By its name {table} is taken for the sweep that chose the"
            " settings; rename it if it is none"
        ) from error


def warmups(table: Path, tasks: Sequence[str], initializations: Sequence[str]) -> list[float]:
    """The warm-ups that a checked table gives to runs; none if it leaves them to the study."""
    rows = [row(table, task, arm) for task in tasks for arm in initializations]
    return [float(one["warmup"]) for one in rows if "warmup" in one]


def tried(study: Mapping, runs: Sequence[tuple[str, str]]) -> list[str]:
    """The poolings that runs of a completed study, a task and an arm each, may have: those of its
    sweep, or those that its table of settings gives them. A table with a fault gives none."""
    named = study["finetune"]["settings"]
    if named == "sweep":
        return study["sweep"].get("poolings", [])
    table = Path(named) if os.path.isfile(named) else ROOT / named
    try:
        return sorted({row(table, *run)["pooling"] for run in runs})
    except (ValueError, OSError, KeyError):
        return []


def row(table: Path, task: str, initialization: str) -> dict[str, str]:
    """What a checked table says of a run: learning_rate, pooling and, if there, warmup."""
    found = _rows(str(table), os.stat(table).st_mtime_ns)[task, initialization]
    return {key: found[key] for key in ("learning_rate", "pooling", "warmup") if key in found}


@functools.lru_cache(maxsize=8)
def _rows(table: str, changed: int) -> dict[tuple[str, str], dict[str, str]]:
    """The rows of a table by task and arm; read once for all runs of a plan."""
    columns = ["task", "initialization", "learning_rate", "pooling"]
    read = text_files.rows(Path(table), columns, delimiter="\t")
    return {(row["task"], row["initialization"]): row for _, row in read}


def _check_row(where: str, row: Mapping[str, str], poolings: Sequence[str]) -> None:
    if not 0 < _number(row["learning_rate"]) <= HIGHEST:
        raise ValueError(
            f"{where}: learning_rate {row['learning_rate']!r} is no number above 0 and up to"
            f" {HIGHEST}; correct it"
        )
    if not 0 <= _number(row.get("warmup", "0")) <= 1:
        raise ValueError(f"{where}: warmup {row['warmup']!r} is no share from 0 to 1; correct it")
    if row["pooling"] not in poolings:
        raise ValueError(
            f"{where}: pooling {row['pooling']!r} is unknown for this task; known:"
            f" {', '.join(poolings)}"
        )


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
