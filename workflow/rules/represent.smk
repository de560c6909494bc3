"""runs -> representations: hidden states of every layer, at the same tokens for all encoders.

Reads   results/{study}/runs/{task}/{initialization}/seed-{seed}/{metrics.json,weights.safetensors}
        results/{study}/{tokens,pretrained}/..., data/encoders/...
Writes  results/{study}/representations/{task}/seed-{seed}/{initialization}/{before,after}.arrow
        results/{study}/attention/{task}/seed-{seed}.tsv       if compare.attention says so
        results/{study}/representations/{task}/{floor/random-{seed},ceiling/again}.arrow
States are large, and made anew in seconds from the weights of runs. So they are deleted once all jobs
that read them are done; `snakemake --notemp` keeps them.
"""


rule represent:
    """Hidden states of every arm of one task and seed, before and after its fine-tuning."""
    input:
        metrics=expand(
            rules.finetune.output.metrics,
            initialization=INITIALIZATIONS,
            allow_missing=True,
        ),
        weights=expand(
            rules.finetune.output.weights,
            initialization=INITIALIZATIONS,
            allow_missing=True,
        ),
        test=rules.encode.output.test,
        token_map=rules.draw_map.output.token_map,
        encoder=ENCODER,
        task=rules.encode.output.task,
        pretrained=all_pretrained_weights,
        beside=beside(all_pretrained_weights),
    output:
        before=temp(
            expand(
                "<results>/representations/{task}/seed-{seed}/{initialization}/before.arrow",
                initialization=INITIALIZATIONS,
                allow_missing=True,
            )
        ),
        after=temp(
            expand(
                "<results>/representations/{task}/seed-{seed}/{initialization}/after.arrow",
                initialization=INITIALIZATIONS,
                allow_missing=True,
            )
        ),
    log:
        "<logs>/represent/{task}/seed-{seed}.log",
    benchmark:
        "<logs>/benchmarks/represent/{task}/seed-{seed}.tsv"
    priority: 3
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        gpu=GPU,
        mem_mb=predicted("represent", costs.represented),
        runtime=predicted("represent", costs.minutes, 60),  # minutes
    params:
        layers=config["encoder"]["layers"],
        initializations=INITIALIZATIONS,
        probe=PROBE,
        dropout=config["represent"]["dropout"],
        code=training_digest("represent", *INITIALIZATIONS),
    script:
        "../../scripts/represent.py"


rule attend:
    """Match attention heads of pairs of arms, before, after and through fine-tuning."""
    input:
        metrics=rules.represent.input.metrics,
        weights=rules.represent.input.weights,
        test=rules.encode.output.test,
        token_map=rules.draw_map.output.token_map,
        encoder=ENCODER,
        task=rules.encode.output.task,
        pretrained=all_pretrained_weights,
        beside=beside(all_pretrained_weights),
    output:
        attention="<results>/attention/{task}/seed-{seed}.tsv",
    log:
        "<logs>/attend/{task}/seed-{seed}.log",
    benchmark:
        "<logs>/benchmarks/attend/{task}/seed-{seed}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        gpu=GPU,
        mem_mb=predicted("attend", costs.attended),
        runtime=growing(60),  # minutes
    params:
        layers=config["encoder"]["layers"],
        initializations=INITIALIZATIONS,
        pairs=config["compare"]["pairs"],
        probe={
            "sequences": config["compare"].get("attention"),
            "tokens": config["represent"]["tokens"],
        },
        code=training_digest("attend", *INITIALIZATIONS),
    script:
        "../../scripts/attend.py"


rule represent_floor:
    """Hidden states of random encoders, one per floor seed: what the architecture alone gives."""
    input:
        test=rules.encode.output.test,
        token_map=f"<results>/tokens/{{task}}/maps/seed-{SEEDS[0]}.npy",
        encoder=ENCODER,
        task=rules.encode.output.task,
        beside=beside(),
    output:
        states=temp(
            expand(
                "<results>/representations/{task}/floor/random-{floor_seed}.arrow",
                floor_seed=FLOOR_SEEDS,
                allow_missing=True,
            )
        ),
    log:
        "<logs>/represent_floor/{task}.log",
    benchmark:
        "<logs>/benchmarks/represent_floor/{task}.tsv"
    priority: 3
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        gpu=GPU,
        mem_mb=predicted("represent_floor", costs.represented),
        runtime=predicted("represent_floor", costs.minutes, 60),  # minutes
    params:
        layers=config["encoder"]["layers"],
        arm="random",
        seeds=FLOOR_SEEDS,
        probe=PROBE,
        dropout=config["represent"]["dropout"],
        code=training_digest("represent_untrained", "random"),
    script:
        "../../scripts/represent_untrained.py"


rule represent_ceiling:
    """Hidden states of the reference, pretrained with another seed: how alike two trainings are."""
    input:
        test=rules.encode.output.test,
        token_map=f"<results>/tokens/{{task}}/maps/seed-{SEEDS[0]}.npy",
        encoder=ENCODER,
        task=rules.encode.output.task,
        pretrained=reference_again,
        beside=beside(reference_again),
    output:
        states=temp("<results>/representations/{task}/ceiling/again.arrow"),
    log:
        "<logs>/represent_ceiling/{task}.log",
    benchmark:
        "<logs>/benchmarks/represent_ceiling/{task}.tsv"
    priority: 3
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        gpu=GPU,
        mem_mb=predicted("represent_ceiling", costs.represented),
        runtime=predicted("represent_ceiling", costs.minutes, 60),  # minutes
    params:
        layers=config["encoder"]["layers"],
        arm=REFERENCE,
        seeds=SEEDS[:1],
        probe=PROBE,
        dropout=config["represent"]["dropout"],
        code=training_digest("represent_untrained", REFERENCE),
    script:
        "../../scripts/represent_untrained.py"
