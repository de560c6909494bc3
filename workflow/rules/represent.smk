"""runs -> representations: hidden states of every layer on the same probe tokens.

Reads   results/{study}/runs/{task}/{initialization}/seed-{seed}/{metrics.json,weights.safetensors}
Writes  results/{study}/representations/{task}/{initialization}/seed-{seed}/{before,after}.npz
"""


rule represent:
    """Hidden states of one run's encoder, before and after its fine-tuning."""
    input:
        metrics=rules.finetune.output.metrics,
        weights=rules.finetune.output.weights,
        test=rules.encode.output.test,
        token_map=rules.draw_map.output.token_map,
        encoder=f"<raw>/{ENCODER['source']}",
        domain=domain_weights,
    output:
        before="<results>/representations/{task}/{initialization}/seed-{seed}/before.npz",
        after="<results>/representations/{task}/{initialization}/seed-{seed}/after.npz",
    log:
        "<logs>/represent/{task}/{initialization}/seed-{seed}.log",
    benchmark:
        "<logs>/benchmarks/represent/{task}/{initialization}/seed-{seed}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        gpu=GPU,
        runtime=30,  # minutes
    params:
        encoder_folder=ENCODER["folder"],
        layers=config["encoder"]["layers"],
        probe=config["represent"],
        code=code_digest("represent"),
    script:
        "../../scripts/represent.py"
