"""What the report and the status list: tables, figures, and the results of jobs. No rules."""


def table_path(name, suffix="csv"):
    """File of a table; `timings` stands apart, as it is not reproducible byte by byte."""
    folder = "" if name == "timings" else "tables/"
    return f"<results>/report/{folder}{name}.{suffix}"


def tidy(name):
    """A table as CSV, in Snakemake's report if it has no page there."""
    if name in READABLE:
        return table_path(name)
    return report(
        table_path(name),
        caption=f"../report/table-{name}.rst",
        category="4 Data",
        labels={"table": register.TABLES[name].title},
    )


def table_page(name):
    """A table as a page, in Snakemake's report."""
    return report(
        table_path(name, "html"),
        caption=f"../report/table-{name}.rst",
        category="1 Summary" if name in ("main", "effects") else "3 Tables",
        labels={"page": f"{register.TABLES[name].title} (table)"},
    )


def figure_labels(wildcards):
    """How a figure is listed in Snakemake's report, which takes functions of all labels alone."""
    return {"page": f"{register.FIGURES[wildcards.figure].title} (figure)"}


def figure_category(wildcards):
    """Where a figure is listed in Snakemake's report."""
    return "1 Summary" if wildcards.figure == "summary" else "2 Figures"


def figure_tables(wildcards):
    """The tables that a figure is drawn from."""
    names = dict.fromkeys(
        ["runs", "budget", *register.FIGURES[wildcards.figure].tables]
    )
    return [table_path(name) for name in names]


def known_names(wildcards):
    """Refuse a file of the report that the study does not have, and say which it has."""
    kind, _, name = wildcards.unknown.partition("/")
    known = ", ".join(REPORTED[kind])
    with refusals.told():
        raise ValueError(
            f"{name!r} is not one of this study's {kind}, which are: {known}"
        )


def jobs_of(rule, **wildcards):
    """First result and log of every job of a rule."""
    return list(
        zip(
            expand(workflow.pathvars.apply(rule.output[0]), **wildcards),
            expand(workflow.pathvars.apply(rule.log[0]), **wildcards),
            strict=True,
        )
    )


def benchmarks_of(rule, **wildcards):
    """The file that Snakemake measures every job of a rule in."""
    return expand(workflow.pathvars.apply(rule.benchmark), **wildcards)


def converted(task):
    """Results and logs of what writes the corpus of a task or domain corpus, if it has one."""
    files = corpus_files(task)
    if CONVERTED[task].get("converter") == "scores":
        composers = [path.rpartition("/")[2] for path in files]
        return jobs_of(rules.export_music, task=task, composer=composers)
    suffixes = [path.rpartition(".")[2] for path in files]
    return jobs_of(rules.convert, task=task, suffix=suffixes)


def pretrained_again():
    """Results and logs of the reference's further pretraining."""
    names = [
        pretraining_corpus(initializations.parse(REFERENCE), task)
        for task in COMPARED
        if reference_again(SimpleNamespace(task=task))
    ]
    again = config["compare"].get("ceiling_seed")
    return jobs_of(rules.pretrain_again, corpus=list(dict.fromkeys(names)), seed=again)


def passed_on(made, read):
    """Jobs whose results are deleted once those of other jobs are made of them: their own results,
    the later ones, and the logs."""
    return [
        (result, later, log)
        for (result, log), (later, _) in zip(made, read, strict=True)
    ]
