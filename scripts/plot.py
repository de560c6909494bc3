"""Draw one figure of the report from its tables, as SVG, PDF and PNG."""

from pathlib import Path

import matplotlib

from seqtransfer.files import json_tsv
from seqtransfer.report import register
from seqtransfer.report.figures import counts, style
from seqtransfer.report.tables import table_files
from seqtransfer.study import jobs


def main(
    *, figure: str, width: str, sources: list[Path], claims: Path, outputs: list[Path]
) -> None:
    """width: one of `style.WIDTHS`; sources: the tables (`{name}.csv`) that the figures read;
    outputs: `.svg`, `.pdf` or `.png` paths."""
    frames = {path.stem: table_files.read(path) for path in sources}
    records, entry = json_tsv.read_json(claims)["claims"], register.FIGURES[figure]
    described = f"{entry.caption} {counts.of_figure(entry, frames, records)}"
    with matplotlib.rc_context(style.preset(width)):
        drawn = register.figure_functions()[figure](frames, records)
        title = " ".join(drawn.get_suptitle().split())
        for path in outputs:
            print(f"{figure}: {len(drawn.axes)} panels -> {path}")
            style.save(drawn, path, title, described)


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            figure=snakemake.wildcards.figure,
            width=snakemake.params.width,
            sources=[Path(path) for path in snakemake.input.tables],
            claims=Path(snakemake.input.claims),
            outputs=[Path(path) for path in snakemake.output],
        )
