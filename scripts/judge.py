"""Judge the paper's claims on the report's tables: one ledger as JSON, Markdown and HTML."""

from pathlib import Path

from seqtransfer.files import atomic, json_tsv
from seqtransfer.report import caveats, claims, page
from seqtransfer.report.tables import table_files
from seqtransfer.study import jobs

TABLES = "runs convergence scores comparisons references budget leaks left_out".split()


def main(
    *,
    tables: dict[str, Path],
    settings: Path,
    outputs: dict[str, Path],
    margin: float,
    measure: str | None,
) -> None:
    """tables: those of TABLES by name; settings: the table of each arm's settings; outputs: of the
    ledger as `json`, `markdown` and `html`; margin: of claim (c); measure: that (d) is judged by,
    the first when None."""
    read = {name: table_files.read(tables[name]) for name in TABLES}
    records = claims.judge(
        read["runs"],
        read["convergence"],
        read["scores"],
        read["comparisons"],
        left_out=read["left_out"],
        references=read["references"],
        margin=margin,
        measure=measure,
    )
    notes = caveats.of_study(read["runs"], read["comparisons"], read["budget"], records)
    notes += caveats.of_settings(read["runs"], json_tsv.read_table(settings))
    notes.append(caveats.of_leaks(read["leaks"]))
    for record in records:
        print(f"({record['id']}) {record['verdict']}: {record['reading']}")
    for output, kind in (("markdown", "md"), ("html", "html")):
        with atomic.atomic(outputs[output]) as temporary:
            temporary.write_text(page.render(kind, records, notes))
    json_tsv.write_json(outputs["json"], {"claims": records, "caveats": notes})


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            tables={name: Path(snakemake.input[name]) for name in TABLES},
            settings=Path(snakemake.input.settings),
            outputs={kind: Path(path) for kind, path in snakemake.output.items()},
            margin=snakemake.params.margin,
            measure=snakemake.params.measure,
        )
