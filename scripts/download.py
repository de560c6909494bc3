"""Bring one source of the catalogue to its folder, checked by sha256."""

from pathlib import Path

from seqtransfer import logs, sources


def main(*, source: dict, name: str, folder: Path) -> None:
    sources.fetch(name, source, folder)


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            source=snakemake.params.source,
            name=snakemake.wildcards.source,
            folder=Path(snakemake.output.folder),
        )
