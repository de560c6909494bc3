"""Representations on disk: one Arrow file per encoder, memory-mapped and read layer by layer.

A file has the columns `ids` (str, "example:number" of each row, see `representations.write`),
`sequences` (int32, which sequence the row was taken from), `units` (int32, which unit the sequence
belongs to) and `layer_0` (embeddings) .. `layer_L` (width float32 each).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from seqtransfer.files import damage
from seqtransfer.files.atomic import atomic

Chunk = tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]
ROWS = ("ids", "sequences", "units")  # columns on the rows, not on their values


def write(path: Path, chunks: Iterable[Chunk]) -> None:
    """Write chunks of rows one after the other, each as (ids, sequences, units, layers).

    ids: (n,) str; sequences, units: (n,) int; layers: name of the column -> (n, width) floats. One
    chunk is in memory at a time. Raises ValueError if there is none.
    """
    with atomic(path) as temporary, pa.OSFile(str(temporary), "wb") as sink:
        writer = None
        for ids, sequences, units, layers in chunks:
            columns = {"ids": pa.array(ids.tolist()), "sequences": pa.array(sequences, pa.int32())}
            columns["units"] = pa.array(units, pa.int32())
            for name, layer in layers.items():
                values = pa.array(np.ascontiguousarray(layer, dtype=np.float32).ravel())
                columns[name] = pa.FixedSizeListArray.from_arrays(values, layer.shape[1])
            batch = pa.record_batch(columns)
            writer = writer or pa.ipc.new_file(sink, batch.schema)
            writer.write_batch(batch)
        if writer is None:
            raise ValueError(f"{path}: no rows to write")
        writer.close()


class ChunkedLayer:
    """A layer, (n, width) float32, that a file holds in several chunks; indexed like an array.

    A slice or selected rows are copied from the file; any other index reads the whole layer. Each
    access maps the file anew, so that the memory of earlier accesses is free again.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, path: Path, chunks: Sequence[tuple[int, int]], width: int):
        """chunks: each chunk's first byte in the file, and its number of rows."""
        self._path, self._chunks = path, chunks
        self._starts = np.cumsum([0, *(count for _, count in chunks)])
        self.shape = (int(self._starts[-1]), width)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index) -> np.ndarray:
        if isinstance(index, tuple):
            return np.asarray(self)[index]
        if isinstance(index, slice) and index.step in (None, 1):
            start, stop, _ = index.indices(len(self))
            ends = [(max(start - at, 0), max(stop - at, 0)) for at in self._starts]
            return np.concatenate([p[a:b] for p, (a, b) in zip(self._arrays(), ends, strict=False)])
        rows = np.arange(len(self))[index]
        found = np.empty((*rows.shape, self.shape[1]), dtype=self.dtype)
        which = np.searchsorted(self._starts, rows, side="right") - 1
        for number, part in enumerate(self._arrays()):
            found[which == number] = part[rows[which == number] - self._starts[number]]
        return found

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.concatenate(list(self._arrays()), dtype=dtype or self.dtype)

    def _arrays(self) -> Iterator[np.ndarray]:
        for first, count in self._chunks:
            shape = (count, self.shape[1])
            yield np.memmap(self._path, self.dtype, "r", offset=first, shape=shape)


class RepresentationFile(Mapping[str, np.ndarray]):
    """The columns of a file that `write` wrote, by name: `ids`, `sequences`, `units`, `layer_0` ..

    A layer is a view of the file, or a `ChunkedLayer` where the file has several chunks: only the
    rows that are read take memory. Raises ValueError naming the file if it is damaged.
    """

    def __init__(self, path: Path):
        self._path = path
        with damage.named(path):
            self._file = pa.memory_map(str(path)).read_buffer()
            self._table = pa.ipc.open_file(self._file).read_all()
            self._table.validate(full=True)  # offsets of ids that leave the file

    def __getitem__(self, name: str) -> np.ndarray:
        column = self._table[name]
        if name == "ids":
            return np.asarray(column.to_pylist(), dtype=str)
        if name in ROWS:
            return column.to_numpy()
        width, parts = column.type.list_size, [part.flatten() for part in column.chunks]
        if len(parts) == 1:
            return parts[0].to_numpy().reshape(-1, width)
        firsts = [part.buffers()[1].address - self._file.address for part in parts]
        return ChunkedLayer(
            self._path, [(a, len(p) // width) for a, p in zip(firsts, parts, strict=True)], width
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.column_names)

    def __len__(self) -> int:
        return len(self._table.column_names)


def layer_numbers(columns: Mapping[str, np.ndarray]) -> list[int]:
    """The numbers of an encoder's layers, ascending."""
    return sorted(int(key.removeprefix("layer_")) for key in columns if key.startswith("layer_"))


def positions(ids: np.ndarray) -> np.ndarray:
    """(n,) int: a number for the place in its sequence that each row is of, by its id; equal for
    all rows that are means of sequences."""
    return np.unique([name.rpartition(":")[2] for name in ids], return_inverse=True)[1]


def check_same_rows(encoders: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """Raise ValueError unless all encoders have layers, of the same rows in the same order."""
    (first, reference), *others = encoders.items()
    for name, columns in encoders.items():
        if not layer_numbers(columns):
            raise ValueError(f"{name}: no array is called layer_<number>")
    for field in ROWS:
        expected = reference[field]
        for name, columns in others:
            if not np.array_equal(columns[field], expected):
                raise ValueError(
                    f"{name} and {first} differ in {field}: represent both on the same tokens of"
                    " the same sequences"
                )
