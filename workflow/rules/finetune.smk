"""tokens -> runs: one classifier trained per task, arm or control, and seed; baselines; the sweep.

Reads   results/{study}/{tokens,pretrained,soft-starts}/..., data/{encoders,corpora}/..., and a given table
        of settings
Writes  results/{study}/runs/{task}/{initialization}/seed-{seed}/...
        results/{study}/baselines/{task}.{json,tsv}
        results/{study}/sweep/{task}/{initialization}/{learning_rate}/seed-{seed}.json
        results/{study}/sweep/{sweep,settings,control-sweep,control-settings}.tsv, and the same by arm
"""


rule finetune:
    """Train one arm or control on one task; dev picks the step, test is scored once."""
    input:
        task=rules.encode.output.task,
        train=rules.encode.output.train,
        dev=rules.encode.output.dev,
        test=rules.encode.output.test,
        token_map=rules.draw_map.output.token_map,
        encoder=ENCODER,
        pretrained=pretrained_weights,
        beside=beside(pretrained_weights),
        settings=settings_of_run,
    output:
        metrics="<results>/runs/{task}/{initialization}/seed-{seed}/metrics.json",
        history="<results>/runs/{task}/{initialization}/seed-{seed}/history.tsv",
        dev_left_out="<results>/runs/{task}/{initialization}/seed-{seed}/dev-left-out.tsv",
        predictions="<results>/runs/{task}/{initialization}/seed-{seed}/predictions.tsv",
        config="<results>/runs/{task}/{initialization}/seed-{seed}/config.json",
        weights="<results>/runs/{task}/{initialization}/seed-{seed}/weights.safetensors",
        timing="<results>/runs/{task}/{initialization}/seed-{seed}/timing.json",
        along=(
            ["<results>/runs/{task}/{initialization}/seed-{seed}/along.safetensors"]
            if ALONG
            else []
        ),
    log:
        "<logs>/finetune/{task}/{initialization}/seed-{seed}.log",
    benchmark:
        "<logs>/benchmarks/finetune/{task}/{initialization}/seed-{seed}.tsv"
    priority: 5
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        gpu=GPU,
        mem_mb=predicted("finetune", costs.memory),
        runtime=predicted("finetune", costs.minutes, 120),
    params:
        layers=config["encoder"]["layers"],
        setting=given_setting,
        training=TRAINING,
        keep=ALONG,
        unfinished=UNFINISHED,
        code=digest_of_arm("finetune"),
    script:
        "../../scripts/finetune.py"


rule baseline:
    """Score what needs no encoder on one task: a constant answer and others, by the kind of task."""
    input:
        numbers=numbers,
        task_record=rules.encode.output.task,
        train=rules.encode.output.train,
        dev=rules.encode.output.dev,
        test=rules.encode.output.test,
    output:
        baselines="<results>/baselines/{task}.json",
        predictions="<results>/baselines/{task}.tsv",
    log:
        "<logs>/baseline/{task}.log",
    benchmark:
        "<logs>/benchmarks/baseline/{task}.tsv"
    conda:
        "../../envs/analysis.yaml"
    threads: 1
    params:
        code=code_digest("baseline"),
    script:
        "../../scripts/baseline.py"


rule sweep:
    """Train one arm or control at one learning rate, with each pooling and warm-up; dev only."""
    input:
        task=rules.encode.output.task,
        train=rules.encode.output.train,
        dev=rules.encode.output.dev,
        token_map=rules.draw_map.output.token_map,
        encoder=ENCODER,
        pretrained=pretrained_weights,
        beside=beside(pretrained_weights),
    output:
        records="<results>/sweep/{task}/{initialization}/{learning_rate}/seed-{seed}.json",
    log:
        "<logs>/sweep/{task}/{initialization}/{learning_rate}/seed-{seed}.log",
    benchmark:
        "<logs>/benchmarks/sweep/{task}/{initialization}/{learning_rate}/seed-{seed}.tsv"
    priority: 10
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        gpu=GPU,
        mem_mb=predicted("sweep", costs.memory),
        runtime=predicted("sweep", costs.minutes, 240),
    params:
        layers=config["encoder"]["layers"],
        poolings=poolings,
        warmups=config["sweep"]["warmups"],
        training=TRAINING,
        unfinished=UNFINISHED,
        code=digest_of_arm("sweep"),
    script:
        "../../scripts/sweep.py"


rule choose:
    """Choose learning rate, warm-up and pooling of every arm on dev, at equal budget: the table."""
    input:
        records=expand(
            rules.sweep.output.records,
            task=TASKS,
            initialization=INITIALIZATIONS,
            learning_rate=LEARNING_RATES,
            seed=config["sweep"]["seeds"],
        ),
    output:
        sweep="<results>/sweep/sweep.tsv",
        settings="<results>/sweep/settings.tsv",
    log:
        "<logs>/choose.log",
    benchmark:
        "<logs>/benchmarks/choose.tsv"
    localrule: True  # a second, for which no cluster need be asked
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("choose"),
    script:
        "../../scripts/choose.py"


use rule choose as choose_controls with:
    """Choose the learning rate of every control in the same way: a table of its own."""
    input:
        records=expand(
            rules.sweep.output.records,
            task=TASKS,
            initialization=CONTROLS,
            learning_rate=LEARNING_RATES,
            seed=config["sweep"]["seeds"],
        ),
    output:
        sweep="<results>/sweep/control-sweep.tsv",
        settings="<results>/sweep/control-settings.tsv",
    log:
        "<logs>/choose_controls.log",
    benchmark:
        "<logs>/benchmarks/choose_controls.tsv"


use rule choose as choose_one with:
    """Choose those of one arm or control of a task: what its runs wait for, and no other's."""
    input:
        records=expand(
            rules.sweep.output.records,
            learning_rate=LEARNING_RATES,
            seed=config["sweep"]["seeds"],
            allow_missing=True,
        ),
    output:
        sweep="<results>/sweep/{task}/{initialization}/sweep.tsv",
        settings="<results>/sweep/{task}/{initialization}/settings.tsv",
    log:
        "<logs>/choose_one/{task}/{initialization}.log",
    benchmark:
        "<logs>/benchmarks/choose_one/{task}/{initialization}.tsv"
    priority: 20
