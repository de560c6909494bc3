"""Finished studies that differ in `examples.train_fraction` alone -> what an example is worth.

Reads   results/{study}/report/{study.json,tables/{runs,control_runs}.csv} and
        results/{study}/tokens/{task}/manifest.tsv of each
Writes  results/{study}/data-ratio/{curves,power_laws,multipliers}.{csv,md,tex,html},
        results/{study}/data-ratio/curves.{svg,pdf,png}
"""

from seqtransfer.report.register import ratio

RATIO_STUDIES = config.get("data_ratio", [])


rule data_ratio:
    """Curves of score against training examples, their power laws, and data multipliers."""
    input:
        runs=ratio_files("report/tables/runs.csv"),
        control_runs=ratio_files("report/tables/control_runs.csv") if CONTROLS else [],
        records=ratio_files("report/study.json"),
        manifests=ratio_files("tokens/{task}/manifest.tsv"),
    output:
        tables=expand(
            "<results>/data-ratio/{table}.{suffix}",
            table=ratio.TABLES,
            suffix=["csv", "md", "tex"],
        ),
        pages=[
            report(
                f"<results>/data-ratio/{name}.html",
                caption=f"../report/ratio-{name}.rst",
                category="5 Amount of data",
                labels={"page": f"{table.title} (table)"},
            )
            for name, table in ratio.TABLES.items()
        ],
        figure=report(
            "<results>/data-ratio/curves.svg",
            caption="../report/ratio-figure.rst",
            category="5 Amount of data",
            labels={"page": "scores by the amount of training data (figure)"},
        ),
        printed=expand("<results>/data-ratio/curves.{suffix}", suffix=["pdf", "png"]),
    log:
        "<logs>/data_ratio.log",
    benchmark:
        "<logs>/benchmarks/data_ratio.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        studies=RATIO_STUDIES,
        tasks=TASKS,
        width=config["figures"]["width"],
        code=code_digest("data_ratio"),
    script:
        "../../scripts/data_ratio.py"
