"""Folders of finished studies -> what they found, and what differs in their configuration."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from seqtransfer.files import json_tsv
from seqtransfer.report.tables import table_files

ABSENT = "absent"


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


def read(folder: Path) -> Study:
    """The study whose results are in `folder`, `results/{study}`.

    Raises FileNotFoundError if the folder has no finished report.
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
    runs, scores = map(table_files.read, paths[2:])
    return Study(record["configuration"]["study"], record, ledger, runs, scores)


def configuration(record: Mapping) -> dict[str, str]:
    """Every key of a study's configuration by its path, such as `finetune.steps`."""
    return dict(_flat(record["configuration"], ""))


def _flat(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, str(value)


def differing(left: Mapping[str, str], right: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(key, left, right) of every key whose values differ, in the order of the left, then right."""
    keys = dict.fromkeys([*left, *right])
    pairs = [(key, left.get(key, ABSENT), right.get(key, ABSENT)) for key in keys]
    return [pair for pair in pairs if pair[1] != pair[2]]


def command(main: Callable[..., None], parser: argparse.ArgumentParser) -> None:
    """Call `main` with what the command line says; what it refuses is one line, without a trace."""
    try:
        main(**vars(parser.parse_args()))
    except (FileNotFoundError, ValueError) as error:
        sys.exit(str(error))
