"""Choose learning rate and pooling of every arm: the best mean dev score of the sweep."""

from pathlib import Path

from seqtransfer import formats, logs, runs


def main(*, scores: list[Path], sweep: Path, settings: Path) -> None:
    swept = runs.swept([formats.read_json(path) for path in scores])
    formats.write_table(sweep, swept)
    formats.write_table(settings, runs.choose(swept))
    print(swept.to_string(index=False))


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        main(
            scores=[Path(path) for path in snakemake.input.scores],
            sweep=Path(snakemake.output.sweep),
            settings=Path(snakemake.output.settings),
        )
