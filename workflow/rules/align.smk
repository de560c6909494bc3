"""tokens -> soft starts: the text encoder, with embeddings made for the symbols of a task.

Reads   results/{study}/tokens/{task}/{task.json,train.arrow,maps/seed-{seed}.npy}
        results/{study}/tokens/{texts}/{task.json,train.arrow}   of the task that align.texts names
Writes  results/{study}/soft-starts/aligned/{task}/seed-{seed}/{config.json,encoder.json,
        weights.safetensors,history.tsv,summary.json}
"""


rule align:
    """Move the embeddings of a task's symbols so that its sequences lie where texts lie."""
    input:
        task=rules.encode.output.task,
        train=rules.encode.output.train,
        text_task=f"<results>/tokens/{config['align']['texts']}/task.json",
        texts=f"<results>/tokens/{config['align']['texts']}/train.arrow",
        token_map=rules.draw_map.output.token_map,
        encoder=ENCODER,
        beside=beside(),
    output:
        config="<results>/soft-starts/aligned/{task}/seed-{seed}/config.json",
        encoder="<results>/soft-starts/aligned/{task}/seed-{seed}/encoder.json",
        weights="<results>/soft-starts/aligned/{task}/seed-{seed}/weights.safetensors",
        history="<results>/soft-starts/aligned/{task}/seed-{seed}/history.tsv",
        summary="<results>/soft-starts/aligned/{task}/seed-{seed}/summary.json",
    log:
        "<logs>/align/{task}/seed-{seed}.log",
    benchmark:
        "<logs>/benchmarks/align/{task}/seed-{seed}.tsv"
    priority: 10
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=growing(8000),
        runtime=predicted("align", costs.minutes, 60),
    params:
        layers=config["encoder"]["layers"],
        settings=config["align"],
        code=code_digest("align"),
    script:
        "../../scripts/align.py"
