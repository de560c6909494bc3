"""Turn an unpacked package into a corpus."""

from pathlib import Path

from seqtransfer import logs, packaged


def main(*, task_converter: str, folder: Path, corpus: Path) -> None:
    packaged.CONVERTERS[task_converter](folder, corpus)


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            task_converter=snakemake.params.converter,
            folder=Path(snakemake.input.folder),
            corpus=Path(snakemake.output.corpus),
        )
