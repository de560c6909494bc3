"""Judge the paper's claims on the report's tables: one ledger as JSON, Markdown and HTML."""

from pathlib import Path

from seqtransfer.files import atomic, json_tsv
from seqtransfer.report import caveats, claims
from seqtransfer.report.tables import run_tables
from seqtransfer.study import logs


def main(
    *, runs: Path, convergence: Path, scores: Path, comparisons: Path, similarity: Path,
    budget: Path, leaks: Path, settings: Path,
    templates: dict[str, Path], outputs: dict[str, Path], margin: float,
) -> None:  # fmt: skip
    """templates and outputs by kind: `markdown` and `html`; outputs also has `json`."""
    run, pairs = run_tables.read(runs), run_tables.read(comparisons)
    speed, score = run_tables.read(convergence), run_tables.read(scores)
    calibrated = run_tables.read(similarity)
    records = claims.judge(run, speed, score, pairs, similarity=calibrated, margin=margin)
    notes = caveats.of_study(run, pairs, run_tables.read(budget), records)
    notes += caveats.of_settings(run, json_tsv.read_table(settings))
    notes.append(caveats.of_leaks(run_tables.read(leaks)))
    for record in records:
        print(f"({record['id']}) {record['verdict']}: {record['reading']}")
    for kind, template in templates.items():
        page = claims.render(template.read_text(), records, notes, escape=kind == "html")
        with atomic.atomic(outputs[kind]) as temporary:
            temporary.write_text(page)
    json_tsv.write_json(outputs["json"], {"claims": records, "caveats": notes})


if __name__ == "__main__":
    with logs.capture(snakemake.log[0]):
        names = ("runs", "convergence", "scores", "comparisons", "similarity", "budget", "leaks")
        main(
            **{name: Path(snakemake.input[name]) for name in (*names, "settings")},
            templates={
                kind: Path(snakemake.input[f"{kind}_template"]) for kind in ("markdown", "html")
            },
            outputs={kind: Path(path) for kind, path in snakemake.output.items()},
            margin=snakemake.params.margin,
        )
