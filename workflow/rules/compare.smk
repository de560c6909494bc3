"""representations -> similarities: two encoders, layer by layer, beside the shuffled-rows null.

Reads   results/{study}/representations/{task}/{initialization}/seed-{seed}/{before,after}.npz
Writes  results/{study}/similarities/{task}/{left}-vs-{right}/seed-{seed}.tsv
"""


rule compare:
    """Score PWCCA and debiased CKA of one initialization against the reference encoder."""
    input:
        left_before="<results>/representations/{task}/{left}/seed-{seed}/before.npz",
        left_after="<results>/representations/{task}/{left}/seed-{seed}/after.npz",
        right_before="<results>/representations/{task}/{right}/seed-{seed}/before.npz",
        right_after="<results>/representations/{task}/{right}/seed-{seed}/after.npz",
    output:
        similarities="<results>/similarities/{task}/{left}-vs-{right}/seed-{seed}.tsv",
    log:
        "<logs>/compare/{task}/{left}-vs-{right}/seed-{seed}.log",
    benchmark:
        "<logs>/benchmarks/compare/{task}/{left}-vs-{right}/seed-{seed}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    params:
        draws=config["compare"]["draws"],
        code=code_digest("compare"),
    script:
        "../../scripts/compare.py"
