"""representations -> similarities: pairs of encoders, layer by layer; null, floor and ceiling.

Reads   results/{study}/representations/{task}/seed-{seed}/{initialization}/{before,after}.arrow
        results/{study}/representations/{task}/{floor,ceiling}/...
Writes  results/{study}/similarities/{task}/seed-{seed}.tsv
        results/{study}/similarities/{task}/{references,paper}.tsv
"""


rule compare:
    """Score pairs of arms at every depth, before, after and through fine-tuning, beside a null."""
    input:
        before=rules.represent.output.before,
        after=rules.represent.output.after,
    output:
        similarities="<results>/similarities/{task}/seed-{seed}.tsv",
    log:
        "<logs>/compare/{task}/seed-{seed}.log",
    benchmark:
        "<logs>/benchmarks/compare/{task}/seed-{seed}.tsv"
    # Before more states are made: these are deleted then.
    priority: 4
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        # Of the layers that it holds, and of the process and Snakemake beside it.
        mem_mb=growing(int(1024 * config["compare"]["memory"]) + 1500),
        runtime=predicted("compare", costs.minutes, 30),
    params:
        initializations=INITIALIZATIONS,
        pairs=config["compare"]["pairs"],
        maps=lambda wildcards: (
            config["compare"]["maps"] if int(wildcards.seed) == SEEDS[0] else []
        ),
        measures=config["compare"]["measures"],
        draws=config["compare"]["draws"],
        memory=config["compare"]["memory"],
        code=code_digest("compare"),
    script:
        "../../scripts/compare.py"


rule calibrate:
    """Score the similarity to the reference of arms, random encoders and the reference itself."""
    input:
        reference=f"<results>/representations/{{task}}/seed-{SEEDS[0]}/{REFERENCE}/before.arrow",
        arms=expand(
            f"<results>/representations/{{task}}/seed-{SEEDS[0]}/{{arm}}/before.arrow",
            arm=READ_ARMS,
            allow_missing=True,
        ),
        floor=rules.represent_floor.output.states,
        ceiling=ceiling,
    output:
        references="<results>/similarities/{task}/references.tsv",
        paper=(
            ["<results>/similarities/{task}/paper.tsv"]
            if config["compare"]["paper"]
            else []
        ),
    log:
        "<logs>/calibrate/{task}.log",
    benchmark:
        "<logs>/benchmarks/calibrate/{task}.tsv"
    priority: 4
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    resources:
        runtime=predicted("calibrate", costs.minutes, 30),
    params:
        arms=READ_ARMS,
        floor_seeds=FLOOR_SEEDS,
        measures=config["compare"]["measures"],
        groups=config["compare"]["groups"],
        code=code_digest("calibrate"),
    script:
        "../../scripts/calibrate.py"
