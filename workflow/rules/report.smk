"""runs, baselines, similarities -> report: tables, verdicts, figures, and the report to read.

Reads   results/{study}/{runs,baselines,similarities,analyses,pretrained,soft-starts,tokens}/...
Writes  results/{study}/report/tables/{table}.{csv,md,tex,html}   reproducible byte by byte
        results/{study}/report/timings.{csv,md,tex,html}          not reproducible: seconds
        results/{study}/report/figures/{figure}.{svg,pdf,png}     `cost` is of these seconds
        results/{study}/report/claims.json               verdicts and caveats
        results/{study}/report/study.json                what made the study
        results/{study}/report/claims.{html,md}          the report to read
"""

from importlib import metadata

# What the study has, by the register of tables and figures.
TABLES = register.tables_of(config)
SWEPT = bool(sweep_tables(None))
SWEPT_HERE = TRAINED if OWN_SWEEP else CONTROLS
FIGURES = register.figures_of(config, swept=SWEPT)
DRAWN = register.drawn_of(config, swept=SWEPT)
READABLE = [name for name in TABLES if register.TABLES[name].readable]
# All but those that are made from the claims.
SUMMARIZED = [name for name in TABLES if not register.TABLES[name].judged]
REPORTED = {"tables": TABLES, "figures": FIGURES}
# The configuration as the study's record keeps it.
RECORDED = used_configuration.selected(config)
COMPARED = TASKS if len(INITIALIZATIONS) > 1 else []
ATTENDED = COMPARED if "attention" in TABLES else []
CALIBRATED = TASKS if register.entries.calibrates(config) else []
PRETRAINED = configuration.corpora(config)
DOMAIN = (
    dict.fromkeys(
        configuration.domain_corpus(config, task)
        for task in TASKS
        if task not in DOMAIN_ENCODERS
    )
    if initializations.starts_from(INITIALIZATIONS, "domain")
    else []
)


rule summarize:
    """Gather every run, baseline and similarity of the study into tidy tables."""
    input:
        metrics=of_runs(rules.finetune.output.metrics),
        histories=of_runs(rules.finetune.output.history),
        dev_left_out=of_runs(rules.finetune.output.dev_left_out),
        predictions=of_runs(rules.finetune.output.predictions),
        controls=of_runs(rules.finetune.output.metrics, CONTROLS),
        timings=of_runs(rules.finetune.output.timing, TRAINED),
        baselines=expand(rules.baseline.output.baselines, task=TASKS),
        similarities=expand(
            rules.compare.output.similarities,
            task=COMPARED,
            seed=COMPARED_SEEDS,
        ),
        references=expand(rules.calibrate.output.references, task=CALIBRATED),
        paper=expand(rules.calibrate.output.paper, task=CALIBRATED),
        attention=expand(
            rules.attend.output.attention, task=ATTENDED, seed=COMPARED_SEEDS
        ),
        analyses=of_runs(rules.analyse.output.analyses, tasks=ANALYSED),
        zero_shot=expand(rules.zero_shot.output.table, task=ZERO_SHOT),
        pretrained=expand(rules.pretrain.output.summary, corpus=DOMAIN),
        pretraining_timings=expand(rules.pretrain.output.timing, corpus=PRETRAINED),
        tasks=expand(rules.encode.output.task, task=TASKS),
        audits=expand(rules.audit.output.audit, task=TASKS),
        rescored=expand(rules.rescore.output.rescored, task=TASKS),
        left_out=expand(rules.rescore.output.left_out, task=TASKS),
        baselines_left_out=expand(rules.rescore.output.baselines_left_out, task=TASKS),
        sweep=sweep_tables,
    output:
        **{name: tidy(name) for name in SUMMARIZED},
        pages=[table_page(name) for name in SUMMARIZED if name in READABLE],
        printed=[
            table_path(name, suffix)
            for name in SUMMARIZED
            if name in READABLE
            for suffix in ("md", "tex")
        ],
    log:
        "<logs>/summarize.log",
    benchmark:
        "<logs>/benchmarks/summarize.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        reference=REFERENCE,
        # Tables have their order, which Snakemake does not see in inputs.
        order=[TASKS, TRAINED, SEEDS],
        # No inputs: where logs were deleted, jobs would run again for their seconds.
        sweep_timings=benchmarks_of(
            rules.sweep,
            task=TASKS,
            initialization=SWEPT_HERE,
            learning_rate=LEARNING_RATES,
            seed=config["sweep"]["seeds"],
        ),
        alignment_timings=benchmarks_of(
            rules.align,
            task=ALIGNED,
            seed=ALIGNED_SEEDS,
        ),
        code=code_digest("summarize"),
    script:
        "../../scripts/summarize.py"


rule judge:
    """Judge each claim of the paper by its rule, with its interval and caveats."""
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
        curves_left_out=rules.summarize.output.curves_left_out,
        baselines_left_out=rules.summarize.output.baselines_left_out,
        sensitivity=rules.summarize.output.sensitivity,
        settings=settings_table,
        records=expand(rules.encode.output.task, task=DOMAIN_ENCODERS),
        encoders=[
            f"<encoders>/{name}/encoder.json" for name in DOMAIN_ENCODERS.values()
        ],
    output:
        json="<results>/report/claims.json",
        effects=tidy("effects"),
        page=table_page("effects"),
        printed=[table_path("effects", suffix) for suffix in ("md", "tex")],
    log:
        "<logs>/judge.log",
    benchmark:
        "<logs>/benchmarks/judge.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        margin=config["claims"]["margin"],
        share=config["claims"].get("share"),
        measure=config["claims"].get("measure"),
        token_maps={task: token_map(task) for task in TASKS},
        dropout=config["represent"]["dropout"],
        domain_encoders={
            task: CATALOGUE["encoders"][name].get("title", name)
            for task, name in DOMAIN_ENCODERS.items()
        },
        altered=lambda wildcards: {
            task: keys
            for task, keys in planning.altered(GIVEN, DEFAULTS).items()
            if task in TASKS
        },
        sweep_codes={arm: training_digest("sweep", arm) for arm in INITIALIZATIONS},
        examples=shared_examples.names(
            {task: CATALOGUE["tasks"][task] for task in TASKS}
        ),
        code=code_digest("judge"),
    script:
        "../../scripts/judge.py"


rule plot:
    """Draw one figure of the report, as SVG, PDF and PNG; of any width that the study names."""
    input:
        tables=figure_tables,
        claims=rules.judge.output.json,
    output:
        svg=report(
            "<results>/report/figures/{figure}.svg",
            caption="../report/figure.rst",
            category=figure_category,
            labels=figure_labels,
        ),
        pdf="<results>/report/figures/{figure}.pdf",
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
        width=config["figures"]["width"],
        code=code_digest("plot"),
    script:
        "../../scripts/plot.py"


rule record:
    """Record what made the study: configuration, commit, code, libraries, machine, data."""
    input:
        pretrained=expand(rules.pretrain.output.summary, corpus=PRETRAINED),
        alignments=expand(rules.align.output.summary, task=ALIGNED, seed=SEEDS),
        metrics=rules.summarize.input.metrics,
        controls=rules.summarize.input.controls,
        baselines=rules.summarize.input.baselines,
        similarities=rules.summarize.input.similarities,
        references=rules.summarize.input.references,
        attention=rules.summarize.input.attention,
        analyses=rules.summarize.input.analyses,
        zero_shot=rules.summarize.input.zero_shot,
        timings=rules.summarize.input.timings,
        pretraining_timings=rules.summarize.input.pretraining_timings,
        tasks=rules.summarize.input.tasks,
        sources=expand(
            rules.download.output.digests, source=RECORDED["catalogue"]["sources"]
        ),
        encoders=expand(
            rules.encoder.output.facts, encoder=RECORDED["catalogue"]["encoders"]
        ),
    output:
        json="<results>/report/study.json",
    log:
        "<logs>/record.log",
    benchmark:
        "<logs>/benchmarks/record.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        configuration=RECORDED,
        report={
            "tables": code_digest("summarize"),
            "verdicts": code_digest("judge"),
            "figures": code_digest("plot"),
            "page": code_digest("page"),
        },
        # Snakemake ignores changes of a parameter whose function takes `output`: a newer Snakemake
        # reruns nothing.
        snakemake=lambda wildcards, output: metadata.version("snakemake"),
        code=code_digest("record"),
    script:
        "../../scripts/record.py"


rule page:
    """Write the page of the study: verdicts, evidence, tables, provenance, in one HTML file."""
    input:
        claims=rules.judge.output.json,
        record=rules.record.output.json,
        tables=[table_path(name) for name in TABLES],
        figures=expand(rules.plot.output.svg, figure=DRAWN),
    output:
        html=report(
            "<results>/report/claims.html",
            caption="../report/claims.rst",
            category="1 Summary",
            labels={"page": "claim ledger"},
        ),
        markdown="<results>/report/claims.md",
    log:
        "<logs>/page.log",
    benchmark:
        "<logs>/benchmarks/page.tsv"
    conda:
        "../../envs/analysis.yaml"
    params:
        templates=provenance.text_digest("report/page/templates"),
        code=code_digest("page"),
    script:
        "../../scripts/page.py"


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
