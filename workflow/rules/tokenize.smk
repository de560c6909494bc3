"""corpora -> tokens: parts of id sequences without repeats, and a token map per seed.

Reads   data/corpora/{study}/..., data/encoders/...
Writes  results/{study}/tokens/{task}/{task.json,manifest.tsv,pretrain.arrow,train.arrow,...}
        results/{study}/tokens/{task}/maps/seed-{seed}.npy
"""


rule encode:
    """Drop repeats, split, subsample and encode one task's examples."""
    input:
        corpus=corpus,
        encoder=ENCODER,
        beside=beside(),
    output:
        task="<results>/tokens/{task}/task.json",
        pretrain="<results>/tokens/{task}/pretrain.arrow",
        train="<results>/tokens/{task}/train.arrow",
        dev="<results>/tokens/{task}/dev.arrow",
        test="<results>/tokens/{task}/test.arrow",
        manifest="<results>/tokens/{task}/manifest.tsv",
    log:
        "<logs>/encode/{task}.log",
    benchmark:
        "<logs>/benchmarks/encode/{task}.tsv"
    priority: 20
    conda:
        "../../envs/analysis.yaml"
    params:
        record=encoded_record,
        examples=config["examples"],
        max_length=lambda wildcards: config["max_length"][wildcards.task],
        probed=probed_tokens,
        code=code_digest("encode"),
    script:
        "../../scripts/encode.py"


rule draw_map:
    """Draw which embedding row of the text-pretrained encoder each symbol gets."""
    input:
        task=rules.encode.output.task,
        encoder=ENCODER,
        beside=beside(),
    output:
        token_map="<results>/tokens/{task}/maps/seed-{seed}.npy",
    log:
        "<logs>/draw_map/{task}/seed-{seed}.log",
    benchmark:
        "<logs>/benchmarks/draw_map/{task}/seed-{seed}.tsv"
    priority: 20
    conda:
        "../../envs/analysis.yaml"
    params:
        settings=lambda wildcards: token_map(wildcards.task),
        code=code_digest("draw_map"),
    script:
        "../../scripts/draw_map.py"
