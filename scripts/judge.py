"""Judge the paper's claims on the report's tables: a ledger of verdicts, a table of effects."""

from pathlib import Path

from seqtransfer.files import json_tsv
from seqtransfer.report import register
from seqtransfer.report.caveats import (
    baseline_caveats,
    choice_caveats,
    data_caveats,
    leak_caveats,
    study_caveats,
)
from seqtransfer.report.claims import ledger
from seqtransfer.report.tables import effect_tables, table_files
from seqtransfer.study import jobs

TABLES = "runs convergence scores comparisons references budget leaks classes".split()
TABLES += ["left_out", "curves_left_out", "baselines_left_out", "sensitivity"]


def main(
    *,
    tables: dict[str, Path],
    settings: Path,
    output: Path,
    effects: list[Path],
    margin: float,
    share: float | None,
    measure: str | None,
    token_maps: dict[str, dict],
    dropout: list[str],
    domain_encoders: dict[str, str],
    lacking: dict[str, tuple[Path, Path]],
    altered: dict[str, list[str]],
    sweep_codes: dict[str, str],
    examples: dict[str, str],
) -> None:
    """tables: those of TABLES by name; settings: the table of each arm's settings; effects: where
    the table of this name goes, `.csv` and others; margin and share: of claim (c); measure: that
    (d) is judged by, the first when None; token_maps, dropout, domain_encoders: as
    `choice_caveats.of_choices`; lacking: task -> its record and that of its domain encoder from
    elsewhere, which may lack symbols of it; altered: as `choice_caveats.of_altered`; sweep_codes:
    arm -> digest of the code that its sweep would have now; examples: task -> name of its set of
    examples, which others may have in other tokens."""
    read = {name: table_files.read(tables[name]) for name in TABLES}
    for name in ("left_out", "curves_left_out", "references"):
        read[name] = read[name].assign(examples=read[name]["task"].map(examples))
    corpora = read["budget"].set_index("task")["pretraining_corpus"].astype(object).fillna("")
    read["references"]["corpus"] = read["references"]["task"].map(corpora)
    records = ledger.judge(
        read["runs"],
        read["convergence"],
        read["comparisons"],
        left_out=read["left_out"],
        curves_left_out=read["curves_left_out"],
        references=read["references"],
        sensitivity=read["sensitivity"],
        scores=read["scores"],
        baselines_left_out=read["baselines_left_out"],
        units=read["budget"].set_index("task")["test_units"].to_dict(),
        margin=margin,
        share=share,
        measure=measure,
    )
    notes = study_caveats.of_study(read["runs"], read["comparisons"], read["budget"], records)
    notes += study_caveats.of_settings(read["runs"], json_tsv.read_table(settings), sweep_codes)
    notes += choice_caveats.of_altered(altered)
    notes += baseline_caveats.of_baselines(read["scores"])
    notes += data_caveats.of_classes(read["classes"])
    notes += data_caveats.of_cuts(read["budget"])
    notes += data_caveats.of_cut_conflicts(read["budget"])
    notes += data_caveats.of_other_labels(read["budget"])
    notes += data_caveats.of_few_units(read["budget"])
    notes += choice_caveats.of_choices(read["leaks"], token_maps, dropout, domain_encoders)
    both = {task: [json_tsv.read_json(path) for path in pair] for task, pair in lacking.items()}
    symbols = {task: record["symbols"] for task, (record, _) in both.items()}
    known = {task: encoder["symbols"] for task, (_, encoder) in both.items()}
    notes += choice_caveats.of_unknown(symbols, known)
    notes += leak_caveats.of_leaks(read["leaks"])
    first = baseline_caveats.before_all(read["scores"])
    first += baseline_caveats.of_controls(read["scores"])
    for sentence in first:
        print(sentence)
    for record in records:
        print(f"({record['id']}) {record['verdict']}: {record['reading']}")
    json_tsv.write_json(output, {"first": first, "claims": records, "caveats": notes})
    entry = register.TABLES["effects"]
    for path in effects:
        table_files.write(path, effect_tables.table(records), entry.title, entry.caption)


if __name__ == "__main__":
    with jobs.job(snakemake.log[0], snakemake.output):
        main(
            tables={name: Path(snakemake.input[name]) for name in TABLES},
            settings=Path(snakemake.input.settings),
            output=Path(snakemake.output.json),
            effects=[Path(path) for path in snakemake.output[1:]],
            margin=snakemake.params.margin,
            share=snakemake.params.share,
            measure=snakemake.params.measure,
            token_maps=snakemake.params.token_maps,
            dropout=snakemake.params.dropout,
            domain_encoders=snakemake.params.domain_encoders,
            lacking={
                task: (Path(record), Path(encoder))
                for task, record, encoder in zip(
                    snakemake.params.domain_encoders,
                    snakemake.input.records,
                    snakemake.input.encoders,
                    strict=True,
                )
            },
            altered=snakemake.params.altered,
            sweep_codes=snakemake.params.sweep_codes,
            examples=snakemake.params.examples,
        )
