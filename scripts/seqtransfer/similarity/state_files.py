"""Hidden states on disk: one Arrow file an encoder, mapped into memory and read layer by layer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from seqtransfer.files.atomic import atomic

Chunk = tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]


def write(path: Path, chunks: Iterable[Chunk]) -> None:
    """Write chunks of rows one after the other, each as (ids, sequences, layers).

    ids: (n,) str "example:position"; sequences: (n,) int, of which sequence a row is; layers:
    `layer_0` (embeddings) .. `layer_L`, each (n, width) float32. One chunk is in memory at a time.
    """
    with atomic(path) as temporary, pa.OSFile(str(temporary), "wb") as sink:
        writer = None
        for ids, sequences, layers in chunks:
            columns = {"ids": pa.array(ids.tolist()), "sequences": pa.array(sequences, pa.int32())}
            for name, layer in layers.items():
                values = pa.array(np.ascontiguousarray(layer, dtype=np.float32).ravel())
                columns[name] = pa.FixedSizeListArray.from_arrays(values, layer.shape[1])
            batch = pa.record_batch(columns)
            writer = writer or pa.ipc.new_file(sink, batch.schema)
            writer.write_batch(batch)
        if writer is None:
            raise ValueError(f"{path}: no rows to write")
        writer.close()


class Rows:
    """(n, width) float32 in several places of a file, one after the other; reads as an array does.

    A slice or some rows are copied; anything else is taken of the whole array. The file is mapped
    anew each time, so that pages read before are let go.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, path: Path, places: Sequence[tuple[int, int]], width: int):
        """places: of each part its first byte and how many rows it has."""
        self._path, self._places = path, places
        self._starts = np.cumsum([0, *(count for _, count in places)])
        self.shape = (int(self._starts[-1]), width)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index) -> np.ndarray:
        if isinstance(index, tuple):
            return np.asarray(self)[index]
        if isinstance(index, slice) and index.step in (None, 1):
            start, stop, _ = index.indices(len(self))
            ends = [(max(start - at, 0), max(stop - at, 0)) for at in self._starts]
            return np.concatenate([p[a:b] for p, (a, b) in zip(self._parts(), ends, strict=False)])
        rows = np.arange(len(self))[index]
        found = np.empty((*rows.shape, self.shape[1]), dtype=self.dtype)
        which = np.searchsorted(self._starts, rows, side="right") - 1
        for number, part in enumerate(self._parts()):
            found[which == number] = part[rows[which == number] - self._starts[number]]
        return found

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.concatenate(list(self._parts()), dtype=dtype or self.dtype)

    def _parts(self) -> Iterator[np.ndarray]:
        for first, count in self._places:
            shape = (count, self.shape[1])
            yield np.memmap(self._path, self.dtype, "r", offset=first, shape=shape)


class States(Mapping[str, np.ndarray]):
    """What `write` wrote, by name: `ids`, `sequences`, `layer_0` .. `layer_L`.

    A layer is a view of the file, and of a file of several chunks `Rows`: only what is read of it
    takes memory.
    """

    def __init__(self, path: Path):
        self._path = path
        self._file = pa.memory_map(str(path)).read_buffer()
        self._table = pa.ipc.open_file(self._file).read_all()

    def __getitem__(self, name: str) -> np.ndarray:
        column = self._table[name]
        if name == "ids":
            return np.asarray(column.to_pylist(), dtype=str)
        if name == "sequences":
            return column.to_numpy()
        width, parts = column.type.list_size, [part.flatten() for part in column.chunks]
        if len(parts) == 1:
            return parts[0].to_numpy().reshape(-1, width)
        firsts = [part.buffers()[1].address - self._file.address for part in parts]
        return Rows(
            self._path, [(a, len(p) // width) for a, p in zip(firsts, parts, strict=True)], width
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.column_names)

    def __len__(self) -> int:
        return len(self._table.column_names)


def layers(side: Mapping[str, np.ndarray]) -> list[int]:
    """Numbers of the layers that a side holds, ascending."""
    return sorted(int(key.removeprefix("layer_")) for key in side if key.startswith("layer_"))


def check_rows(sides: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """Raise ValueError unless all sides hold layers of the same rows, id by id, in one order."""
    (first, reference), *others = sides.items()
    for name, side in sides.items():
        if not layers(side):
            raise ValueError(f"{name}: no array is called layer_<number>")
    for field in ("ids", "sequences"):
        expected = reference[field]
        for name, side in others:
            if not np.array_equal(side[field], expected):
                raise ValueError(
                    f"{name} and {first} differ in {field}: represent both with the same probe"
                )
