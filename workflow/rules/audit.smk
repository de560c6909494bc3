"""tokens, runs -> audit: how near test and dev are to train, and scores without the near rows.

Reads   data/corpora/{study}/..., results/{study}/tokens/{task}/..., results/{study}/runs/{task}/...,
        results/{study}/baselines/{task}.tsv
Writes  results/{study}/audit/{task}.tsv
        results/{study}/audit/{task}/{nearest,scores,left-out,baselines-left-out}.tsv
"""

RUNS = [(arm, seed) for arm in TRAINED for seed in SEEDS]


rule audit:
    """Compare every test and dev sequence with train, in this split and in a plain random one."""
    input:
        corpus=corpus,
        encoder=ENCODER,
        beside=beside(),
        train=rules.encode.output.train,
        dev=rules.encode.output.dev,
        test=rules.encode.output.test,
    output:
        audit="<results>/audit/{task}.tsv",
        nearest="<results>/audit/{task}/nearest.tsv",
    log:
        "<logs>/audit/{task}.log",
    benchmark:
        "<logs>/benchmarks/audit/{task}.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        record=encoded_record,
        examples=config["examples"],
        max_length=lambda wildcards: config["max_length"][wildcards.task],
        code=code_digest("audit"),
    script:
        "../../scripts/audit.py"


rule rescore:
    """Score every run of a task once more, without test rows near train, and group by group; the
    baselines, too, group by group."""
    input:
        task=rules.encode.output.task,
        nearest=rules.audit.output.nearest,
        predictions=expand(
            rules.finetune.output.predictions,
            zip,
            initialization=[arm for arm, _ in RUNS],
            seed=[seed for _, seed in RUNS],
            allow_missing=True,
        ),
        baselines=rules.baseline.output.predictions,
    output:
        rescored="<results>/audit/{task}/scores.tsv",
        left_out="<results>/audit/{task}/left-out.tsv",
        baselines_left_out="<results>/audit/{task}/baselines-left-out.tsv",
    log:
        "<logs>/rescore/{task}.log",
    benchmark:
        "<logs>/benchmarks/rescore/{task}.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        initializations=[arm for arm, _ in RUNS],
        seeds=[seed for _, seed in RUNS],
        code=code_digest("rescore"),
    script:
        "../../scripts/rescore.py"
