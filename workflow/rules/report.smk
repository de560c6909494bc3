"""runs, baselines, similarities -> report: tables, the claim ledger, figures.

Reads   results/{study}/{runs,baselines,similarities,pretrained,tokens}/...
Writes  results/{study}/report/tables/{table}.{csv,md}   reproducible byte by byte
        results/{study}/report/timings.{csv,md}          not reproducible: seconds
        results/{study}/report/claims.{json,md,html}
        results/{study}/report/figures/{figure}.{svg,png}
"""

# Figures with a table of the same name, of studies with arms that call for them.
ARM_FIGURES = configuration.figures(config)
# Tables and figures of attention heads, of studies that match them.
ATTENTION = ["attention"] if "attention" in config["compare"] else []
FIGURES = [
    *("summary", "scores", "convergence", "claims"),
    *("similarity", "change", "maps", "prediction"),
    *ATTENTION,
    *ARM_FIGURES,
    *(["sensitivity"] if sweep_table(None) else []),
]
COMPARED = TASKS if len(INITIALIZATIONS) > 1 else []
PRETRAINED = configuration.corpora(config)
DOMAIN = (
    [task for task in TASKS if task not in DOMAIN_ENCODERS]
    if "domain" in INITIALIZATIONS
    else []
)


rule summarize:
    """Gather every run, baseline and similarity of the study into tidy tables."""
    input:
        metrics=expand(
            rules.finetune.output.metrics,
            task=TASKS,
            initialization=INITIALIZATIONS,
            seed=SEEDS,
        ),
        histories=expand(
            rules.finetune.output.history,
            task=TASKS,
            initialization=INITIALIZATIONS,
            seed=SEEDS,
        ),
        timings=expand(
            rules.finetune.output.timing,
            task=TASKS,
            initialization=INITIALIZATIONS,
            seed=SEEDS,
        ),
        baselines=expand(rules.baseline.output.baselines, task=TASKS),
        similarities=expand(
            "<results>/similarities/{task}/seed-{seed}.tsv",
            task=COMPARED,
            seed=SEEDS,
        ),
        references=expand(rules.calibrate.output.references, task=COMPARED),
        paper=expand(rules.calibrate.output.paper, task=COMPARED),
        attention=expand(
            rules.attend.output.attention,
            task=COMPARED if ATTENTION else [],
            seed=SEEDS,
        ),
        pretrained=expand(rules.pretrain.output.summary, corpus=DOMAIN),
        pretraining_timings=expand(rules.pretrain.output.timing, corpus=PRETRAINED),
        tasks=expand(rules.encode.output.task, task=TASKS),
        audits=expand(rules.audit.output.audit, task=TASKS),
        rescored=expand(rules.rescore.output.rescored, task=TASKS),
        sweep=sweep_table,
    output:
        **{
            name: report(
                f"<results>/report/tables/{name}.csv",
                caption=f"../report/table-{name}.rst",
                category="2 Tables",
                labels={"table": name},
            )
            for name in [*ATTENTION, *ARM_FIGURES]
        },
        scores=report(
            "<results>/report/tables/scores.csv",
            caption="../report/table-scores.rst",
            category="2 Tables",
            labels={"table": "scores"},
        ),
        differences=report(
            "<results>/report/tables/differences.csv",
            caption="../report/table-differences.rst",
            category="2 Tables",
            labels={"table": "differences between arms"},
        ),
        convergence=report(
            "<results>/report/tables/convergence.csv",
            caption="../report/table-convergence.rst",
            category="2 Tables",
            labels={"table": "convergence"},
        ),
        similarity=report(
            "<results>/report/tables/similarity.csv",
            caption="../report/table-similarity.rst",
            category="2 Tables",
            labels={"table": "similarity"},
        ),
        budget=report(
            "<results>/report/tables/budget.csv",
            caption="../report/table-budget.rst",
            category="2 Tables",
            labels={"table": "data and budget"},
        ),
        runs=report(
            "<results>/report/tables/runs.csv",
            caption="../report/table-runs.rst",
            category="2 Tables",
            labels={"table": "every run"},
        ),
        histories=report(
            "<results>/report/tables/histories.csv",
            caption="../report/table-histories.rst",
            category="2 Tables",
            labels={"table": "every learning curve"},
        ),
        comparisons=report(
            "<results>/report/tables/comparisons.csv",
            caption="../report/table-comparisons.rst",
            category="2 Tables",
            labels={"table": "every similarity"},
        ),
        maps=report(
            "<results>/report/tables/maps.csv",
            caption="../report/table-maps.rst",
            category="2 Tables",
            labels={"table": "every layer with every layer"},
        ),
        predictions="<results>/report/tables/predictions.csv",
        association=report(
            "<results>/report/tables/association.csv",
            caption="../report/table-association.rst",
            category="2 Tables",
            labels={"table": "similarity against transfer"},
        ),
        paper=report(
            "<results>/report/tables/paper.csv",
            caption="../report/table-paper.rst",
            category="2 Tables",
            labels={"table": "the paper's setting"},
        ),
        leaks=report(
            "<results>/report/tables/leaks.csv",
            caption="../report/table-leaks.rst",
            category="2 Tables",
            labels={"table": "leak audit"},
        ),
        rescored=report(
            "<results>/report/tables/rescored.csv",
            caption="../report/table-rescored.rst",
            category="2 Tables",
            labels={"table": "scores without near test rows"},
        ),
        sensitivity=report(
            "<results>/report/tables/sensitivity.csv",
            caption="../report/table-sensitivity.rst",
            category="2 Tables",
            labels={"table": "sensitivity to the settings"},
        ),
        timings=report(
            "<results>/report/timings.csv",
            caption="../report/table-timings.rst",
            category="2 Tables",
            labels={"table": "seconds"},
        ),
        markdown=expand(
            "<results>/report/tables/{table}.md",
            table=[
                "scores",
                "differences",
                "convergence",
                "similarity",
                "association",
                "paper",
                "budget",
                "runs",
                *ATTENTION,
                *ARM_FIGURES,
            ],
        ),
        timings_markdown="<results>/report/timings.md",
    log:
        "<logs>/summarize.log",
    benchmark:
        "<logs>/benchmarks/summarize.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        reference=REFERENCE,
        code=code_digest("summarize"),
    script:
        "../../scripts/summarize.py"


rule judge:
    """Judge each claim of the paper by a rule fixed beforehand, with its interval and caveats."""
    input:
        runs=rules.summarize.output.runs,
        convergence=rules.summarize.output.convergence,
        scores=rules.summarize.output.scores,
        comparisons=rules.summarize.output.comparisons,
        similarity=rules.summarize.output.similarity,
        budget=rules.summarize.output.budget,
        leaks=rules.summarize.output.leaks,
        settings=settings_table,
        markdown_template=f"{workflow.basedir}/scripts/seqtransfer/report/templates/claims.md.j2",
        html_template=f"{workflow.basedir}/scripts/seqtransfer/report/templates/claims.html.j2",
    output:
        json="<results>/report/claims.json",
        markdown="<results>/report/claims.md",
        html=report(
            "<results>/report/claims.html",
            caption="../report/claims.rst",
            category="1 Claims",
            labels={"page": "claim ledger"},
        ),
    log:
        "<logs>/judge.log",
    benchmark:
        "<logs>/benchmarks/judge.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        margin=config["claims"]["margin"],
        code=code_digest("judge"),
    script:
        "../../scripts/judge.py"


rule plot:
    """Draw one figure of the report, as SVG for reading and PNG for places without SVG."""
    input:
        tables=[
            rules.summarize.output.runs,
            rules.summarize.output.scores,
            rules.summarize.output.histories,
            rules.summarize.output.similarity,
            rules.summarize.output.maps,
            rules.summarize.output.predictions,
            rules.summarize.output.association,
            rules.summarize.output.budget,
            rules.summarize.output.sensitivity,
            *(rules.summarize.output[name] for name in [*ATTENTION, *ARM_FIGURES]),
        ],
        claims=rules.judge.output.json,
    output:
        svg=report(
            "<results>/report/figures/{figure}.svg",
            caption="../report/figure.rst",
            category="1 Claims",
            labels={"page": "{figure} (figure)"},
        ),
        png="<results>/report/figures/{figure}.png",
    log:
        "<logs>/plot/{figure}.log",
    benchmark:
        "<logs>/benchmarks/plot/{figure}.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("plot"),
    script:
        "../../scripts/plot.py"
