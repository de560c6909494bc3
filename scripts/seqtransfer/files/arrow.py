"""Sequences of ids in Arrow files, read by mapping them into memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from seqtransfer.files.atomic import atomic


class Names:
    """n names as they lie in a file, decoded only when asked for: a million cost nothing to open.

    Behaves like the (n,) array of str that `np.asarray` makes of it.
    """

    def __init__(self, column: pa.LargeStringArray):
        self._column = column

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, index) -> str | np.ndarray:
        """The name at an integer; the names at a slice, an array of integers or a mask."""
        rows = np.arange(len(self))[index]
        if np.ndim(rows) == 0:
            return self._column[int(rows)].as_py()
        return np.asarray(self._column.take(pa.array(rows)).to_pylist(), dtype=str)

    def __iter__(self) -> Iterator[str]:
        return iter(self.tolist())

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.asarray(self.tolist(), dtype=dtype or str)

    def tolist(self) -> list[str]:
        return self._column.to_pylist()


@dataclass(frozen=True)
class Ragged:
    """n id sequences of different lengths with one label each.

    ids: (total,) int32, all sequences end to end; offsets: (n + 1,) int64, sequence i is
    ids[offsets[i]:offsets[i + 1]]; labels: (n,) int64, class index or -1 where unlabelled, or (n,)
    float64, the targets of a regression or NaN; names: (n,) str, the examples' ids; units: (n,)
    str, sequences of one unit are not independent; by default each is a unit of its own;
    token_labels: of a token classification (total,) int64, the class index of every id or -1, else
    None.
    """

    ids: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray
    names: np.ndarray | Names
    units: np.ndarray | Names | None = None
    token_labels: np.ndarray | None = None

    def __post_init__(self):
        if self.units is None:
            object.__setattr__(self, "units", self.names)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> np.ndarray:
        """Sequence `index` as a view of shape (length,)."""
        return self.ids[self.offsets[index] : self.offsets[index + 1]]

    @cached_property
    def lengths(self) -> np.ndarray:
        """(n,) int64 lengths in tokens."""
        return np.diff(self.offsets)

    def take(self, rows: np.ndarray) -> "Ragged":
        """The sequences at `rows`, in this order."""
        places, lengths = self.places(rows), self.lengths[rows]
        return Ragged(
            self.ids[places],
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            self.labels[rows],
            self.names[rows],
            self.units[rows],
            None if self.token_labels is None else self.token_labels[places],
        )

    def places(self, rows: np.ndarray) -> np.ndarray:
        """(m,) int64 indices in `ids` of all ids of the sequences at `rows`, end to end."""
        lengths = self.lengths[rows]
        starts = self.offsets[rows] - (np.cumsum(lengths) - lengths)
        return np.arange(lengths.sum()) + np.repeat(starts, lengths)


COLUMNS = ("ids", "label", "name", "unit")
LABELS = {np.dtype(np.int64): pa.int64(), np.dtype(np.float64): pa.float64()}


def write_ragged(path: Path, ragged: Ragged) -> None:
    """Write sequences as one batch of an Arrow file, columns `ids`, `label`, `name` and `unit`, and
    `token_labels` if there are any, so that any Arrow reader knows them; equal sequences are equal
    bytes.

    Raises ValueError if the arrays do not belong together.
    """
    n, total = len(ragged.labels), len(ragged.ids)
    counts = {n, len(ragged.names), len(ragged.units), len(ragged.offsets) - 1}
    tokens = ragged.token_labels is None or len(ragged.token_labels) == total
    if len(counts) > 1 or ragged.offsets[-1] != total or not tokens:
        raise ValueError(
            f"{path}: {n} labels, {len(ragged.names)} names, {len(ragged.units)} units,"
            f" {len(ragged.offsets)} offsets that end at {ragged.offsets[-1]} and {total} ids do"
            " not belong together"
        )
    # Large lists: their offsets are 64 bits wide, so that one batch holds any number of ids.
    columns = [
        pa.LargeListArray.from_arrays(pa.array(ragged.offsets), pa.array(ragged.ids)),
        pa.array(ragged.labels, type=LABELS[ragged.labels.dtype]),
        pa.array(ragged.names.tolist(), type=pa.large_string()),
        pa.array(ragged.units.tolist(), type=pa.large_string()),
    ]
    if ragged.token_labels is not None:
        columns.append(
            pa.LargeListArray.from_arrays(pa.array(ragged.offsets), pa.array(ragged.token_labels))
        )
    schema = _ragged_schema(ragged.labels.dtype, len(columns) > len(COLUMNS))
    with atomic(path) as temporary, pa.ipc.new_file(str(temporary), schema) as file:
        file.write_batch(pa.record_batch(columns, schema=schema))


def read_ragged(path: Path) -> Ragged:
    """Map sequences written by `write_ragged` into memory: the arrays are read-only views of the
    file, and only what is used of them is loaded.

    Raises ValueError naming the file if it holds anything else.
    """
    try:
        file = pa.ipc.open_file(pa.memory_map(str(path)))
        schemas = [_ragged_schema(kind, tokens) for kind in LABELS for tokens in (False, True)]
        if file.schema not in schemas or file.num_record_batches != 1:
            raise ValueError(f"its columns are {file.schema.names}, not ids, label, name and unit")
        batch = file.get_batch(0)
        batch.validate(full=True)  # offsets that leave the file, names that are not UTF-8
        if any(column.null_count for column in batch.columns):
            raise ValueError("a value is missing")
        if any(column.offsets != batch["ids"].offsets for column in batch.columns[len(COLUMNS) :]):
            raise ValueError("a sequence has more or fewer labels than ids")
    except FileNotFoundError:
        raise
    except (ValueError, OSError, pa.ArrowException) as error:
        raise ValueError(
            f"{path}: no Arrow file of id sequences ({error}); delete it and rerun"
        ) from error
    sequences, labels, names, units, *tokens = batch.columns
    # By DLPack, since Arrow's own `to_numpy` imports pandas, which takes as long as ten steps.
    return Ragged(
        np.from_dlpack(sequences.values),
        np.from_dlpack(sequences.offsets),
        np.from_dlpack(labels),
        Names(names),
        Names(units),
        np.from_dlpack(tokens[0].values) if tokens else None,
    )


def _ragged_schema(labels: np.dtype, tokens: bool) -> pa.Schema:
    fields = {
        "ids": pa.large_list(pa.field("id", pa.int32(), nullable=False)),
        "label": LABELS[np.dtype(labels)],
        "name": pa.large_string(),
        "unit": pa.large_string(),
    }
    if tokens:
        fields["token_labels"] = pa.large_list(pa.field("label", pa.int64(), nullable=False))
    return pa.schema([pa.field(name, kind, nullable=False) for name, kind in fields.items()])
