"""Write the page of a study from its verdicts, tables and figures, as HTML and as Markdown."""

import os
from pathlib import Path

from seqtransfer.files import atomic, json_tsv
from seqtransfer.report.page import document
from seqtransfer.report.tables import table_files
from seqtransfer.study import jobs


def main(
    *,
    claims: Path,
    record: Path,
    tables: list[Path],
    figures: list[Path],
    html: Path,
    markdown: Path,
) -> None:
    """claims, record: as `judge.py` and `record.py` wrote them; tables: `{table}.csv`; figures:
    `{figure}.svg`; html, markdown: where the page goes, in a folder from which these are linked."""
    ledger = json_tsv.read_json(claims)
    linked = {f"tables/{path.stem}": path for path in tables}
    linked |= {f"figures/{path.stem}": path for path in figures}
    linked |= {"claims": claims, "record": record}
    text = document.html(
        ledger,
        json_tsv.read_json(record),
        {path.stem: table_files.read(path) for path in tables},
        {path.stem: path.read_text(encoding="utf-8") for path in figures},
        {
            name: Path(os.path.relpath(path, html.parent)).as_posix()
            for name, path in linked.items()
        },
    )
    for path, written in ((html, text), (markdown, document.markdown(ledger))):
        print(f"{path}: {len(written):,} characters")
        with atomic.atomic(path) as temporary:
            temporary.write_text(written, encoding="utf-8")


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            claims=Path(snakemake.input.claims),
            record=Path(snakemake.input.record),
            tables=[Path(path) for path in snakemake.input.tables],
            figures=[Path(path) for path in snakemake.input.figures],
            html=Path(snakemake.output.html),
            markdown=Path(snakemake.output.markdown),
        )
