"""How far an unfinished study is.

Reads   whatever results and logs are there
Writes  logs/{study}/status.html, the same as a page
"""

ENCODED = configuration.tasks(config)
DOMAIN_CORPORA = [name for name in PRETRAINED if name in CATALOGUE["corpora"]]
FINETUNED = jobs_of(rules.finetune, task=TASKS, initialization=TRAINED, seed=SEEDS)


rule status:
    """Say what of the study is done, what failed, what is missing, and which runs diverged."""
    log:
        "<logs>/status.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        study=config["study"],
        metrics=[result for result, _ in FINETUNED],
        states=UNFINISHED,
        jobs={
            "downloads": jobs_of(
                rules.download, source=RECORDED["catalogue"]["sources"]
            ),
            "encoders": jobs_of(
                rules.encoder, encoder=RECORDED["catalogue"]["encoders"]
            ),
            "corpora": [
                job for name in (*ENCODED, *DOMAIN_CORPORA) for job in converted(name)
            ],
            "tokens": [
                *jobs_of(rules.encode, task=ENCODED),
                *jobs_of(rules.encode_corpus, domain_corpus=DOMAIN_CORPORA),
                *jobs_of(rules.draw_map, task=TASKS, seed=SEEDS),
            ],
            "pretraining": [
                *jobs_of(rules.pretrain, corpus=PRETRAINED),
                *pretrained_again(),
            ],
            "alignment": jobs_of(
                rules.align,
                task=ALIGNED,
                seed=ALIGNED_SEEDS,
            ),
            "sweep": jobs_of(
                rules.sweep,
                task=TASKS,
                initialization=SWEPT_HERE,
                learning_rate=LEARNING_RATES,
                seed=config["sweep"]["seeds"],
            ),
            "settings": [
                *(jobs_of(rules.choose) if OWN_SWEEP else []),
                *(jobs_of(rules.choose_controls) if CONTROLS else []),
            ],
            "fine-tuning": FINETUNED,
            "baselines": jobs_of(rules.baseline, task=TASKS),
            "leak audit": [
                *jobs_of(rules.audit, task=TASKS),
                *jobs_of(rules.rescore, task=TASKS),
            ],
            "states": [
                *passed_on(
                    jobs_of(rules.represent, task=COMPARED, seed=COMPARED_SEEDS),
                    jobs_of(rules.compare, task=COMPARED, seed=COMPARED_SEEDS),
                ),
                *passed_on(
                    jobs_of(rules.represent_floor, task=CALIBRATED),
                    jobs_of(rules.calibrate, task=CALIBRATED),
                ),
            ],
            "similarities": [
                *jobs_of(rules.compare, task=COMPARED, seed=COMPARED_SEEDS),
                *jobs_of(rules.calibrate, task=CALIBRATED),
            ],
            "attention": jobs_of(
                rules.attend,
                task=ATTENDED,
                seed=COMPARED_SEEDS,
            ),
            "analyses": jobs_of(
                rules.analyse,
                task=ANALYSED,
                initialization=INITIALIZATIONS,
                seed=SEEDS,
            ),
            "zero-shot": [
                *jobs_of(
                    rules.encoder_head,
                    encoder=[
                        DOMAIN_ENCODERS[task]
                        for task in ZERO_SHOT
                        if task in DOMAIN_ENCODERS
                    ],
                ),
                *jobs_of(rules.zero_shot, task=ZERO_SHOT),
            ],
            "tables": jobs_of(rules.summarize),
            "verdicts": jobs_of(rules.judge),
            "figures": jobs_of(rules.plot, figure=DRAWN),
            "record": jobs_of(rules.record),
            "page": jobs_of(rules.page),
        },
    script:
        "../../scripts/status.py"
