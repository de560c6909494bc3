"""tokens -> pretrained: an encoder of the same architecture, pretrained on sequences other than text.

Reads   results/{study}/tokens/{corpus}/{task.json,pretrain.arrow}
        data/corpora/{study}/..., results/{study}/tokens/{task}/...   of tasks with a domain corpus
Writes  results/{study}/tokens/{artificial}/{task.json,pretrain.arrow}
        results/{study}/tokens/{domain_corpus}/{task.json,pretrain.arrow}
        results/{study}/pretrained/{corpus}/{config.json,encoder.json,{weights,head}.safetensors,...}
        results/{study}/pretrained/{corpus}/step-{step}.safetensors
        results/{study}/pretrained/{corpus}/seed-{seed}/...   the same with another training seed
"""


rule draw_corpus:
    """Draw an artificial corpus, or shuffle a task's, in the form of a task's training sequences."""
    input:
        shuffled=shuffled_task,
    output:
        task="<results>/tokens/{artificial}/task.json",
        pretrain="<results>/tokens/{artificial}/pretrain.arrow",
    log:
        "<logs>/draw_corpus/{artificial}.log",
    benchmark:
        "<logs>/benchmarks/draw_corpus/{artificial}.tsv"
    priority: 20
    conda:
        "../../envs/analysis.yaml"
    params:
        record=artificial_record,
        code=code_digest("draw_corpus"),
    script:
        "../../scripts/draw_corpus.py"


rule encode_corpus:
    """Cut a domain's sequences into windows, without what the tasks that it serves hold out."""
    input:
        corpora=served_files,
        tasks=lambda wildcards: expand(rules.encode.output.task, task=served(wildcards)),
        manifests=lambda wildcards: expand(
            rules.encode.output.manifest, task=served(wildcards)
        ),
        encoder=ENCODER,
        beside=beside(),
    output:
        task="<results>/tokens/{domain_corpus}/task.json",
        pretrain="<results>/tokens/{domain_corpus}/pretrain.arrow",
    log:
        "<logs>/encode_corpus/{domain_corpus}.log",
    benchmark:
        "<logs>/benchmarks/encode_corpus/{domain_corpus}.tsv"
    priority: 20
    conda:
        "../../envs/analysis.yaml"
    params:
        tasks=served_records,
        further=further_record,
        settings=served_settings,
        code=code_digest("encode_corpus"),
    script:
        "../../scripts/encode_corpus.py"


rule pretrain:
    """Masked-language-model pretraining on a corpus, or on a task's unlabelled training sequences."""
    input:
        sequences="<results>/tokens/{corpus}/pretrain.arrow",
        task="<results>/tokens/{corpus}/task.json",
        encoder=ENCODER,
        beside=beside(),
    output:
        config="<results>/pretrained/{corpus}/config.json",
        encoder="<results>/pretrained/{corpus}/encoder.json",
        weights="<results>/pretrained/{corpus}/weights.safetensors",
        head="<results>/pretrained/{corpus}/head.safetensors",
        checkpoints=expand(
            "<results>/pretrained/{corpus}/step-{step}.safetensors",
            step=CHECKPOINTS,
            allow_missing=True,
        ),
        history="<results>/pretrained/{corpus}/history.tsv",
        summary="<results>/pretrained/{corpus}/summary.json",
        timing="<results>/pretrained/{corpus}/timing.json",
    log:
        "<logs>/pretrain/{corpus}.log",
    benchmark:
        "<logs>/benchmarks/pretrain/{corpus}.tsv"
    # Few long jobs that much of the grid waits for: start them first.
    priority: 10
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        gpu=GPU,
        mem_mb=predicted("pretrain", costs.memory),
        runtime=predicted("pretrain", costs.minutes, 240),
    params:
        layers=config["encoder"]["layers"],
        settings=PRETRAINING,
        unfinished=UNFINISHED,
        # As a function of the output, another cache reruns nothing.
        cache=lambda wildcards, output: config.get("cache"),
        code=code_digest("pretrain"),
    script:
        "../../scripts/pretrain.py"


use rule pretrain as pretrain_again with:
    """The same pretraining with another seed: what the similarity of two trainings is read from."""
    output:
        config="<results>/pretrained/{corpus}/seed-{seed}/config.json",
        encoder="<results>/pretrained/{corpus}/seed-{seed}/encoder.json",
        weights="<results>/pretrained/{corpus}/seed-{seed}/weights.safetensors",
        head="<results>/pretrained/{corpus}/seed-{seed}/head.safetensors",
        checkpoints=[],
        history="<results>/pretrained/{corpus}/seed-{seed}/history.tsv",
        summary="<results>/pretrained/{corpus}/seed-{seed}/summary.json",
        timing="<results>/pretrained/{corpus}/seed-{seed}/timing.json",
    log:
        "<logs>/pretrain/{corpus}/seed-{seed}.log",
    benchmark:
        "<logs>/benchmarks/pretrain/{corpus}/seed-{seed}.tsv"
