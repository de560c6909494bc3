"""pretrained, encoders -> zero-shot: what an encoder's own masked language model says of a task.

Reads   results/{study}/tokens/{task}/{task.json,train.arrow,test.arrow}
        results/{study}/pretrained/{corpus}/{encoder.json,weights.safetensors,head.safetensors}
        data/raw/{source}/, data/encoders/{encoder}/   where others pretrained it
Writes  data/encoders/{encoder}.head.safetensors
        results/{study}/zero-shot/{task}.tsv   of the tasks of analyse.zero_shot
        results/{study}/zero-shot/{task}/likelihoods.tsv
"""


rule encoder_head:
    """Keep the head that fills in masks, which the folder of an encoder does without."""
    input:
        source=encoder_source,
        digests=encoder_digests,
        facts=rules.encoder.output.facts,
    output:
        head="<encoders>/{encoder}.head.safetensors",
    log:
        "<logs>/encoder_head/{encoder}.log",
    benchmark:
        "<logs>/benchmarks/encoder_head/{encoder}.tsv"
    # On a cluster the head node has the network, others often have none.
    localrule: True
    conda:
        "../../envs/train.yaml"
    params:
        record=encoder_record,
        code=code_digest("encoder_head"),
    script:
        "../../scripts/encoder_head.py"


rule zero_shot:
    """Score an encoder of the task's domain before any fine-tuning, by how likely it finds sequences."""
    input:
        task=rules.encode.output.task,
        train=rules.encode.output.train,
        test=rules.encode.output.test,
        encoder=ENCODER,
        weights=zero_shot_weights,
        heads=zero_shot_heads,
        beside=beside(zero_shot_weights),
    output:
        table="<results>/zero-shot/{task}.tsv",
        likelihoods="<results>/zero-shot/{task}/likelihoods.tsv",
    log:
        "<logs>/zero_shot/{task}.log",
    benchmark:
        "<logs>/benchmarks/zero_shot/{task}.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        gpu=GPU,
        mem_mb=growing(8000),
        runtime=predicted("zero_shot", costs.minutes, 120),
    params:
        layers=config["encoder"]["layers"],
        seeds=zero_shot_seeds,
        code=code_digest("zero_shot"),
    script:
        "../../scripts/zero_shot.py"
