"""Folders of finished studies -> what they found, and what differs in their configuration."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from seqtransfer.files import json_tsv, key_paths
from seqtransfer.report.figures import style
from seqtransfer.report.tables import table_files
from seqtransfer.tokens import shared_examples

ABSENT = "absent"
OF_A_TASK = ("max_length.", "domain_corpora.", "domain_encoders.", "catalogue.tasks.", "split.")
OF_RECORD = "configuration encoders examples machine made_by repository sources splits".split()
OF_CLAIM = "contrast effects headline overall qualifier unit verdict".split()
# Sections of a configuration that decide what a run is trained on, how, and for how long.
SECTIONS = ("seeds", "examples", "max_length", "pieces", "finetune", "sweep", "catalogue.tasks")
SAID = "title"  # key of a task that changes no run


@dataclass(frozen=True)
class Study:
    """name: of the study; record, ledger: of `record.py` and `judge.py`; runs, scores: the tables
    of these names."""

    name: str
    record: dict
    ledger: dict
    runs: pd.DataFrame
    scores: pd.DataFrame

    @property
    def claims(self) -> dict[str, dict]:
        """The ledger's records by claim."""
        return {record["id"]: record for record in self.ledger["claims"]}


def read_all(folders: Sequence[Path]) -> list[Study]:
    """The studies of these folders, each `results/{study}`. Those of one name, such as a study that
    two machines ran, are called by their folders.

    Raises ValueError and FileNotFoundError as `read`.
    """
    found = [read(folder) for folder in folders]
    counts = Counter(study.name for study in found)
    return [
        replace(study, name=str(folder)) if counts[study.name] > 1 else study
        for study, folder in zip(found, folders, strict=True)
    ]


def examples(studies: Iterable[Study]) -> dict[tuple[str, str], str]:
    """(study, task) -> name of its set of test examples, one name for equal sets of all studies."""
    tasks = {
        (study.name, task): record
        for study in studies
        for task, record in study.record["configuration"]["catalogue"]["tasks"].items()
    }
    return {key: " of ".join(first[::-1]) for key, first in shared_examples.names(tasks).items()}


def read(folder: Path) -> Study:
    """The study whose results are in `folder`, `results/{study}`.

    Raises FileNotFoundError if the folder has no finished report, and ValueError for one that older
    code wrote without what is read here.
    """
    report = folder / "report"
    names = ("study.json", "claims.json", "tables/runs.csv", "tables/scores.csv")
    paths = [report / name for name in names]
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(
                f"{path} is not there: give folders results/<study> of finished studies"
            )
    record, ledger = map(json_tsv.read_json, paths[:2])
    lacking = [key for key in OF_RECORD if key not in record]
    for claim in ledger["claims"]:
        lacking += [key for key in OF_CLAIM if key not in claim]
        lacking += ["error" for effect in claim.get("effects", ()) if "error" not in effect]
    if lacking:
        raise ValueError(
            f"{report}: was written by older code, without {lacking[0]!r}; run the study's"
            " `snakemake` command again, which judges it anew"
        )
    runs, scores = map(table_files.read, paths[2:])
    return Study(record["configuration"]["study"], record, ledger, runs, scores)


def configuration(record: Mapping) -> dict[str, str]:
    """Every key of a study's configuration by its path, such as `finetune.steps`."""
    return key_paths.by_path(record["configuration"])


def task_of(key: str) -> str | None:
    """The task that a setting is of, or None if it is of the whole study."""
    section = next((one for one in OF_A_TASK if key.startswith(one)), None)
    return None if section is None else key.removeprefix(section).partition(".")[0]


def differing(left: Mapping[str, str], right: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(key, left, right) of every key whose values differ, in the order of the left, then right."""
    keys = dict.fromkeys([*left, *right])
    pairs = [(key, left.get(key, ABSENT), right.get(key, ABSENT)) for key in keys]
    return [pair for pair in pairs if pair[1] != pair[2]]


def settings(studies: Sequence[Study], sections: tuple[str, ...]) -> dict[str, dict[str, list]]:
    """Setting -> value, which may be `absent` -> names of the studies that have it, of settings in
    which the studies differ; those of a task alone, such as a length, between the studies of that
    task.

    sections: what the keys of settings begin with; of `split.`, the value is the beginning of the
    digest of a task's examples.
    """
    stated = [_stated(study) for study in studies]
    keys = dict.fromkeys(key for one in stated for key in one if key.startswith(sections))
    found: dict[str, dict[str, list]] = {}
    for key in [key for key in keys if key.rpartition(".")[2] != SAID]:
        task, values = task_of(key), {}
        for study, one in zip(studies, stated, strict=True):
            if task is None or task in study.record["configuration"]["tasks"]:
                values.setdefault(one.get(key, ABSENT), []).append(study.name)
        if len(values) > 1:
            found[key] = values
    return found


def _stated(study: Study) -> dict[str, str]:
    """A study's configuration and its splits by their keys."""
    splits = {f"split.{task}": digest[:8] for task, digest in study.record["splits"].items()}
    return configuration(study.record) | splits


def listed(found: Mapping[str, Mapping[str, Sequence[str]]]) -> str:
    """`finetune.steps: 32 (six), 64 (two, one)`, settings between semicolons; found: of
    `settings`."""
    return "; ".join(
        f"{key}: " + ", ".join(f"{value} ({', '.join(which)})" for value, which in values.items())
        for key, values in found.items()
    )


def parser(module: str, *, claim: bool = True) -> argparse.ArgumentParser:
    """Of a script that reads the folders of studies and writes a table and a figure. module: its
    docstring, whose first line is its description; claim: whether it asks for one."""
    made = argparse.ArgumentParser(description=module.splitlines()[0])
    made.add_argument("studies", type=Path, nargs="+", help="folders of finished studies")
    if claim:
        made.add_argument("--claim", default="b", help="whose effects, such as a, b or d2-cka")
    add_outputs(made)
    return made


def add_outputs(parser: argparse.ArgumentParser) -> None:
    """Where `table_and_figure` writes, and for which place."""
    parser.add_argument("--output", type=Path, required=True, help="files without their suffix")
    parser.add_argument(
        "--width", choices=style.WIDTHS, default="page", help="where the figure is read"
    )


def command(main: Callable[..., None], parser: argparse.ArgumentParser) -> None:
    """Call `main` with what the command line says; what it refuses is one line, without a trace."""
    try:
        main(**vars(parser.parse_args()))
    except (OSError, ValueError) as error:
        sys.exit(str(error))
