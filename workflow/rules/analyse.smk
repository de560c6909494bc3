"""runs -> analyses: how an arm's model optimizes and what moves its states, before and
after fine-tuning.

Reads   results/{study}/runs/{task}/{initialization}/seed-{seed}/{metrics.json,weights.safetensors,along.safetensors}
        results/{study}/{tokens,pretrained}/..., data/encoders/...
Writes  results/{study}/analyses/{task}/{initialization}/seed-{seed}.tsv   if analyse.kinds says so
"""


rule analyse:
    """How one run's model optimizes, and how far changes of weights and symbols move its states."""
    input:
        metrics=rules.finetune.output.metrics,
        weights=rules.finetune.output.weights,
        along=rules.finetune.output.along,
        train=rules.encode.output.train,
        test=rules.encode.output.test,
        token_map=rules.draw_map.output.token_map,
        encoder=ENCODER,
        task=rules.encode.output.task,
        pretrained=pretrained_weights,
        beside=beside(pretrained_weights),
    output:
        analyses="<results>/analyses/{task}/{initialization}/seed-{seed}.tsv",
    log:
        "<logs>/analyse/{task}/{initialization}/seed-{seed}.log",
    benchmark:
        "<logs>/benchmarks/analyse/{task}/{initialization}/seed-{seed}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        gpu=GPU,
        mem_mb=growing(6000 + int(1024 * config["analyse"]["memory"])),
        runtime=predicted("analyse", costs.minutes, 120),
    params:
        layers=config["encoder"]["layers"],
        analyses=ANALYSES,
        batch_size=config["finetune"]["batch_size"],
        code=digest_of_arm("analyse"),
    script:
        "../../scripts/analyse.py"
