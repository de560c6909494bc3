"""The study in forms that other tools read. Made when asked for: `snakemake crate`.

Reads   results/{study}/report/..., results/{study}/runs/{task}/{initialization}/seed-{seed}/history.tsv
Writes  results/{study}/report/ro-crate-metadata.json
        results/{study}/tensorboard/{task}/{initialization}/seed-{seed}/events...
"""


rule crate:
    """Describe the report as an RO-Crate: what made it, from which data, with every digest."""
    input:
        record=rules.record.output.json,
        files=[
            rules.page.output,
            rules.judge.output,
            rules.summarize.output,
            expand(rules.plot.output, figure=DRAWN),
        ],
    output:
        metadata="<results>/report/ro-crate-metadata.json",
    log:
        "<logs>/crate.log",
    benchmark:
        "<logs>/benchmarks/crate.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("crate"),
    script:
        "../../scripts/crate.py"


rule tensorboard:
    """Write the learning curves as TensorBoard reads them."""
    input:
        histories=of_runs(rules.finetune.output.history, TRAINED),
    output:
        folder=directory("<results>/tensorboard"),
    log:
        "<logs>/tensorboard.log",
    benchmark:
        "<logs>/benchmarks/tensorboard.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("learning_curves"),
    script:
        "../../scripts/learning_curves.py"
