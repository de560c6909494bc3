"""runs, baselines, similarities -> report: tables, the claim ledger, figures.

Reads   results/{study}/{runs,baselines,similarities,analyses,pretrained,tokens}/...
Writes  results/{study}/report/tables/{table}.{csv,md}   reproducible byte by byte
        results/{study}/report/timings.{csv,md}          not reproducible: seconds
        results/{study}/report/claims.{json,md,html}
        results/{study}/report/figures/{figure}.{svg,png}
"""

# What the study has, by the register of tables and figures.
TABLES = register.tables_of(config)
FIGURES = register.figures_of(config, swept=bool(sweep_table(None)))
REPORTED = {"tables": TABLES, "figures": FIGURES}
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
        predictions=expand(
            rules.finetune.output.predictions,
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
            seed=COMPARED_SEEDS,
        ),
        references=expand(rules.calibrate.output.references, task=COMPARED),
        paper=expand(rules.calibrate.output.paper, task=COMPARED),
        attention=expand(
            rules.attend.output.attention,
            task=COMPARED if "attention" in TABLES else [],
            seed=COMPARED_SEEDS,
        ),
        analyses=expand(
            rules.analyse.output.analyses,
            task=TASKS if config["analyse"]["kinds"] else [],
            initialization=INITIALIZATIONS,
            seed=SEEDS,
        ),
        pretrained=expand(rules.pretrain.output.summary, corpus=DOMAIN),
        pretraining_timings=expand(rules.pretrain.output.timing, corpus=PRETRAINED),
        tasks=expand(rules.encode.output.task, task=TASKS),
        audits=expand(rules.audit.output.audit, task=TASKS),
        rescored=expand(rules.rescore.output.rescored, task=TASKS),
        left_out=expand(rules.rescore.output.left_out, task=TASKS),
        sweep=sweep_table,
    output:
        **{
            name: report(
                table_path(name),
                caption=f"../report/table-{name}.rst",
                category="2 Tables",
                labels={"table": register.TABLES[name].title},
            )
            for name in TABLES
        },
        markdown=[
            table_path(name, "md") for name in TABLES if register.TABLES[name].markdown
        ],
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
        references=rules.summarize.output.references,
        budget=rules.summarize.output.budget,
        leaks=rules.summarize.output.leaks,
        classes=rules.summarize.output.classes,
        left_out=rules.summarize.output.left_out,
        settings=settings_table,
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
        measure=config["claims"].get("measure"),
        sweep_code=code_digest("sweep"),
        templates=provenance.text_digest("report/templates"),
        code=code_digest("judge"),
    script:
        "../../scripts/judge.py"


rule plot:
    """Draw one figure of the report, as SVG for reading and PNG for places without SVG."""
    input:
        tables=figure_tables,
        claims=rules.judge.output.json,
    output:
        svg=report(
            "<results>/report/figures/{figure}.svg",
            caption="../report/figure.rst",
            category="1 Claims",
            labels=figure_labels,
        ),
        png="<results>/report/figures/{figure}.png",
    log:
        "<logs>/plot/{figure}.log",
    benchmark:
        "<logs>/benchmarks/plot/{figure}.tsv"
    wildcard_constraints:
        figure="|".join(FIGURES),
    conda:
        "../../envs/analysis.yaml"
    params:
        code=code_digest("plot"),
    script:
        "../../scripts/plot.py"


rule unknown:
    """Refuse a table or figure that the study does not have, and say which it has."""
    input:
        known_names,
    output:
        "<results>/report/{unknown}.{ending}",
    wildcard_constraints:
        unknown="|".join(
            f"{kind}/(?!(?:{'|'.join(names)})[.])[^/]+"
            for kind, names in REPORTED.items()
        ),
