"""Turn the unpacked files of a task's sources into its corpus."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqtransfer.corpora import converters
from seqtransfer.files import folder_digests
from seqtransfer.study import jobs


def main(*, record: dict, folders: list[Path], digests: list[Path], corpus: Path) -> None:
    """record: the catalogue's entry of the task; folders: with the files of each of its sources;
    digests: `{source}.sha256` of each; corpus: to write, whose suffix says its format.

    Raises ValueError as `folder_digests.check` and `converters.convert`.
    """
    for folder, path in zip(folders, digests, strict=True):
        folder_digests.check(folder, path)
    with together(folders) as folder:
        converters.convert(record, folder, corpus)


@contextmanager
def together(folders: list[Path]) -> Iterator[Path]:
    """One folder that holds what all `folders` hold: itself if it is one, else links to each."""
    if len(folders) == 1:
        yield folders[0]
        return
    with tempfile.TemporaryDirectory() as temporary:
        for folder in folders:
            for path in (path for path in folder.rglob("*") if path.is_file()):
                link = Path(temporary, folder.name, path.relative_to(folder))
                link.parent.mkdir(parents=True, exist_ok=True)
                os.symlink(path.absolute(), link)
        yield Path(temporary)


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            record=snakemake.params.record,
            folders=[Path(folder) for folder in snakemake.input.folders],
            digests=[Path(path) for path in snakemake.input.digests],
            corpus=Path(snakemake.output.corpus),
        )
