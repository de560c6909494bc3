"""Records as JSON with sorted keys, tidy tables as TSV with a header: written whole, read back."""

import csv
import itertools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from seqtransfer.files import damage
from seqtransfer.files.atomic import atomic

if TYPE_CHECKING:  # half a second that most jobs would wait for in vain
    import pandas as pd

# Columns of tables that hold names, also where these look like numbers: a task 2024, a class 01.
NAMES = (
    *("task", "corpus", "initialization", "left", "right", "source", "pretrained_on", "study"),
    *("class", "label", "prediction", "split", "statement", "code", "domain", "encoder"),
    "pretraining_corpus",
)


def write_json(path: Path, record: dict | list) -> None:
    """Write `record` as JSON with sorted keys, so that equal records are equal bytes.

    Numbers that are not finite, for which JSON has no word, are null.
    """
    text = json.dumps(_finite(record), indent=2, sort_keys=True, allow_nan=False)
    with atomic(path) as temporary:
        temporary.write_text(text + "\n")


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_json(path: Path) -> dict | list:
    """Read a JSON record. Raises ValueError naming the file if it is not JSON."""
    with damage.named(path):
        return json.loads(Path(path).read_text())


def write_table(path: Path, table: "pd.DataFrame") -> None:
    """Write a tidy table as TSV; floats with six significant digits."""
    with atomic(path) as temporary:
        table.to_csv(temporary, sep="\t", index=False, float_format="%.6g", lineterminator="\n")


def write_records(
    path: Path, records: Iterable[Mapping[str, object]], columns: Sequence[str] = ()
) -> None:
    """Write records with the same keys, a row each as they come, the very bytes of `write_table`.

    Numbers that are not are empty cells. columns: those of every record, in their order; where they
    are not given, those of the first, which there must be then.
    """
    records = iter(records)
    first = [] if columns else [next(records)]
    columns = columns or list(first[0])
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(columns)
        for record in itertools.chain(first, records):
            writer.writerow([_cell(record[name]) for name in columns])


def _cell(value: object) -> object:
    if not isinstance(value, float | np.floating):
        return value
    return "" if math.isnan(value) else f"{value:.6g}"


def read_table(path: Path, columns: Sequence[str] = ()) -> "pd.DataFrame":
    """Read a TSV table: numbers as numbers, but of NAMES as strings; "NA" as a string, an empty
    cell as missing.

    Raises ValueError naming the file if it is no table, or if one of `columns` is missing.
    """
    import pandas as pd

    with damage.named(path):
        table = pd.read_csv(
            path, sep="\t", keep_default_na=False, na_values=[""], dtype=dict.fromkeys(NAMES, str)
        )
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ValueError(f"{path}: no column {missing[0]!r}; its columns are {list(table.columns)}")
    return table
