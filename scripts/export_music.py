"""Write a composer's scores as MIDI files with an index."""

from pathlib import Path

from seqtransfer.corpora import score_export
from seqtransfer.study import jobs


def main(*, folder: Path, composer: str, pieces: int, exported: Path) -> None:
    score_export.export_pieces(folder, composer, pieces, exported)


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            folder=Path(snakemake.input[0]) / snakemake.params.subfolder,
            composer=snakemake.wildcards.composer,
            pieces=snakemake.params.pieces,
            exported=Path(snakemake.output.exported),
        )
