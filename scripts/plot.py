"""Draw one figure of the report from its tables, as SVG and PNG."""

from pathlib import Path

from seqtransfer.files import json_tsv
from seqtransfer.report import register
from seqtransfer.report.figures import style
from seqtransfer.report.tables import table_files
from seqtransfer.study import jobs


def main(*, figure: str, sources: list[Path], claims: Path, outputs: list[Path]) -> None:
    """sources: the tables (`{name}.csv`) that the figures read; outputs: `.svg` or `.png` paths."""
    frames = {path.stem: table_files.read(path) for path in sources}
    drawn = register.figure_functions()[figure](frames, json_tsv.read_json(claims)["claims"])
    for path in outputs:
        print(f"{figure}: {len(drawn.axes)} panels -> {path}")
        style.save(drawn, path)


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            figure=snakemake.wildcards.figure,
            sources=[Path(path) for path in snakemake.input.tables],
            claims=Path(snakemake.input.claims),
            outputs=[Path(path) for path in snakemake.output],
        )
