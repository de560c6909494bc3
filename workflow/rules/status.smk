"""How far a study is that is not finished.

Reads   results and logs that are there, whichever they are
"""

FINETUNED = jobs_of(
    rules.finetune, task=TASKS, initialization=INITIALIZATIONS, seed=SEEDS
)


rule status:
    """Say what of the study is done, what failed, what is missing, and which runs diverged."""
    log:
        "<logs>/status.log",
    localrule: True
    conda:
        "../../envs/analysis.yaml"
    params:
        metrics=[result for result, _ in FINETUNED],
        jobs={
            "tokens": jobs_of(rules.encode, task=TASKS),
            "pretraining": jobs_of(rules.pretrain, corpus=PRETRAINED),
            "fine-tuning": FINETUNED,
            "baselines": jobs_of(rules.baseline, task=TASKS),
            "similarities": jobs_of(rules.compare, task=COMPARED, seed=COMPARED_SEEDS),
            "tables": jobs_of(rules.summarize),
            "figures": jobs_of(rules.plot, figure=DRAWN),
            "page": jobs_of(rules.page),
        },
    script:
        "../../scripts/status.py"
