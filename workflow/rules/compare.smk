"""representations -> similarities: two encoders, layer by layer, beside the shuffled-rows null.

Reads   results/{study}/representations/{task}/seed-{seed}/{initialization}/{before,after}.npz
Writes  results/{study}/similarities/{task}/seed-{seed}.tsv
"""


rule compare:
    """Score PWCCA and debiased CKA of every other arm against the reference arm."""
    input:
        before=rules.represent.output.before,
        after=rules.represent.output.after,
    output:
        similarities="<results>/similarities/{task}/seed-{seed}.tsv",
    log:
        "<logs>/compare/{task}/seed-{seed}.log",
    benchmark:
        "<logs>/benchmarks/compare/{task}/seed-{seed}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    params:
        initializations=INITIALIZATIONS,
        reference=REFERENCE,
        draws=config["compare"]["draws"],
        code=code_digest("compare"),
    script:
        "../../scripts/compare.py"
