"""Write a composer's scores as MIDI files with an index."""

from pathlib import Path

from seqtransfer.corpora import score_export
from seqtransfer.files import folder_digests
from seqtransfer.study import jobs


def main(
    *,
    folder: Path,
    digests: Path,
    subfolder: str,
    composer: str,
    pieces: int | None,
    exported: Path,
) -> None:
    """folder: of the source's files; digests: its `{source}.sha256`; subfolder: of `folder`, with a
    folder for each composer; pieces: to export at most, None for all; exported: folder to write.

    Raises ValueError as `folder_digests.check` and `score_export.export_pieces`.
    """
    folder_digests.check(folder, digests)
    score_export.export_pieces(folder / subfolder, composer, pieces, exported)


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            folder=Path(snakemake.input.folders[0]),
            digests=Path(snakemake.input.digests[0]),
            subfolder=snakemake.params.subfolder,
            composer=snakemake.wildcards.composer,
            pieces=snakemake.params.pieces,
            exported=Path(snakemake.output.exported),
        )
