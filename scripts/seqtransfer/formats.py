"""Every file that crosses a rule boundary: how it is written whole or not at all, and read back.

Tables are tidy TSV files with a header; records are JSON with sorted keys; sequences of ids are
ragged `.npz` files. Each writer goes through `atomic`, so a killed job leaves no file that a rerun
would trust.
"""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of `path`; rename it to `path` only if the block succeeds.

    The temporary name keeps the suffix, since some writers choose the format by it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty temporary sibling of `folder`; rename it to `folder` if the block succeeds.

    An older `folder`, and what a killed job left behind, are removed at the start.
    """
    folder = Path(folder)
    temporary = folder.with_name(f".{folder.name}.partial")
    remove(folder)
    remove(temporary)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        temporary.rename(folder)
    finally:
        remove(temporary)


def remove(path: Path) -> None:
    """Remove a folder, a file or a link (not what it points to), or nothing."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_json(path: Path, record: dict | list) -> None:
    """Write `record` as JSON with sorted keys, so that equal records are equal bytes."""
    with atomic(path) as temporary:
        temporary.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")


def read_json(path: Path) -> dict | list:
    """Read a JSON record. Raises ValueError naming the file if it is not JSON."""
    try:
        return json.loads(Path(path).read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not valid JSON ({error}); delete it and rerun") from error


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a tidy table as TSV; floats with six significant digits."""
    with atomic(path) as temporary:
        table.to_csv(temporary, sep="\t", index=False, float_format="%.6g", lineterminator="\n")


def read_table(path: Path, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Read a TSV table: numbers as numbers, "NA" as a string, an empty cell as missing.

    Raises ValueError if one of `columns` is missing.
    """
    table = pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise ValueError(f"{path}: no column {missing[0]!r}; its columns are {list(table.columns)}")
    return table


@dataclass(frozen=True)
class Ragged:
    """n id sequences of different lengths with one label each.

    ids: (total,) int32, all sequences end to end; offsets: (n + 1,) int64, sequence i is
    ids[offsets[i]:offsets[i + 1]]; labels: (n,) int64, class index or -1 where unlabelled;
    names: (n,) str, the examples' ids.
    """

    ids: np.ndarray
    offsets: np.ndarray
    labels: np.ndarray
    names: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> np.ndarray:
        """Sequence `index` as a view of shape (length,)."""
        return self.ids[self.offsets[index] : self.offsets[index + 1]]

    @property
    def lengths(self) -> np.ndarray:
        """(n,) int64 lengths in tokens."""
        return np.diff(self.offsets)

    @classmethod
    def from_lists(
        cls, sequences: Sequence, labels: Sequence[int], names: Sequence[str]
    ) -> "Ragged":
        """Join `sequences` (each a list of ints) end to end."""
        lengths = np.fromiter((len(s) for s in sequences), dtype=np.int64, count=len(sequences))
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        ids = np.fromiter((i for s in sequences for i in s), dtype=np.int32, count=int(offsets[-1]))
        return cls(ids, offsets, np.asarray(labels, dtype=np.int64), np.asarray(names, dtype=str))


def write_ragged(path: Path, ragged: Ragged) -> None:
    """Write sequences as an `.npz` file (uncompressed: it loads in milliseconds)."""
    with atomic(path) as temporary:
        np.savez(
            temporary,
            ids=ragged.ids,
            offsets=ragged.offsets,
            labels=ragged.labels,
            names=ragged.names,
        )


def read_ragged(path: Path) -> Ragged:
    """Read sequences written by `write_ragged`; never unpickles."""
    with np.load(path, allow_pickle=False) as arrays:
        return Ragged(arrays["ids"], arrays["offsets"], arrays["labels"], arrays["names"])
