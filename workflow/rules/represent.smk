"""runs -> representations: hidden states of every layer on the same probe tokens.

Reads   results/{study}/runs/{task}/{initialization}/seed-{seed}/{metrics.json,weights.safetensors}
Writes  results/{study}/representations/{task}/seed-{seed}/{initialization}/{before,after}.arrow
        results/{study}/attention/{task}/seed-{seed}.tsv       if compare.attention says so
        results/{study}/representations/{task}/{floor/random-{seed},ceiling/again}.arrow
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
    output:
        before=expand(
            "<results>/representations/{task}/seed-{seed}/{initialization}/before.arrow",
            initialization=INITIALIZATIONS,
            allow_missing=True,
        ),
        after=expand(
            "<results>/representations/{task}/seed-{seed}/{initialization}/after.arrow",
            initialization=INITIALIZATIONS,
            allow_missing=True,
        ),
    log:
        "<logs>/represent/{task}/seed-{seed}.log",
    benchmark:
        "<logs>/benchmarks/represent/{task}/seed-{seed}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        gpu=GPU,
        runtime=60,  # minutes
    params:
        layers=config["encoder"]["layers"],
        initializations=INITIALIZATIONS,
        probe=config["represent"],
        code=code_digest("represent"),
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
        runtime=60,  # minutes
    params:
        layers=config["encoder"]["layers"],
        initializations=INITIALIZATIONS,
        pairs=config["compare"]["pairs"],
        sequences=config["compare"].get("attention"),
        tokens=config["represent"]["tokens"],
        code=code_digest("attend"),
    script:
        "../../scripts/attend.py"


rule represent_floor:
    """Hidden states of random initializations: what similarity owes to the architecture."""
    input:
        test=rules.encode.output.test,
        token_map=f"<results>/tokens/{{task}}/maps/seed-{SEEDS[0]}.npy",
        encoder=ENCODER,
        task=rules.encode.output.task,
        again=[],
    output:
        floor=expand(
            "<results>/representations/{task}/floor/random-{floor_seed}.arrow",
            floor_seed=FLOOR_SEEDS,
            allow_missing=True,
        ),
        again=[],
    log:
        "<logs>/represent_floor/{task}.log",
    benchmark:
        "<logs>/benchmarks/represent_floor/{task}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        gpu=GPU,
        runtime=60,  # minutes
    params:
        layers=config["encoder"]["layers"],
        seed=SEEDS[0],
        reference=REFERENCE,
        floor_seeds=FLOOR_SEEDS,
        probe=config["represent"],
        code=code_digest("represent_references"),
    script:
        "../../scripts/represent_references.py"


use rule represent_floor as represent_ceiling with:
    input:
        test=rules.encode.output.test,
        token_map=f"<results>/tokens/{{task}}/maps/seed-{SEEDS[0]}.npy",
        encoder=ENCODER,
        task=rules.encode.output.task,
        again=reference_again,
    output:
        floor=[],
        again=["<results>/representations/{task}/ceiling/again.arrow"],
    log:
        "<logs>/represent_ceiling/{task}.log",
    benchmark:
        "<logs>/benchmarks/represent_ceiling/{task}.tsv"
    params:
        layers=config["encoder"]["layers"],
        seed=SEEDS[0],
        reference=REFERENCE,
        floor_seeds=[],
        probe=config["represent"],
        code=code_digest("represent_references"),
