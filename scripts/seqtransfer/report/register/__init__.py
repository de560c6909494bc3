"""The one register of the report's tables and figures: what each is, and when a study has it.

The rules, the captions of Snakemake's report, the docs' data dictionary and the tests are made from
it. To add a table or a figure, write its function and enter it in the file of its subject: its
text in TABLES or FIGURES, its function in `table_functions` or `figure_functions`. A study is
planned with this register, so modules that compute are imported only inside these functions.

entries: what an entry is, and which studies have it.
runs, no_encoder, data, summaries, similarity, gains, analyses: the entries of one subject each.
ratio: tables of several studies, which are in none of their reports.
"""

from collections.abc import Callable, Mapping

from seqtransfer.report.register import (
    analyses,
    data,
    gains,
    no_encoder,
    runs,
    similarity,
    summaries,
)
from seqtransfer.report.register.entries import Figure, Table

# Subject by subject: a digest of code follows `module.name`, and no module in a list.
TABLES: dict[str, Table] = {
    **runs.TABLES, **no_encoder.TABLES, **data.TABLES, **summaries.TABLES,
    **similarity.TABLES, **gains.TABLES, **analyses.TABLES,
}  # fmt: skip
FIGURES: dict[str, Figure] = {
    **runs.FIGURES, **data.FIGURES, **summaries.FIGURES,
    **similarity.FIGURES, **gains.FIGURES, **analyses.FIGURES,
}  # fmt: skip


def tables_of(config: Mapping) -> list[str]:
    """The tables that a study has."""
    return [name for name, table in TABLES.items() if table.has(config)]


def figures_of(config: Mapping, *, swept: bool) -> list[str]:
    """The figures that a study has. swept: whether its settings come with a sweep."""
    return [
        name
        for name, figure in FIGURES.items()
        if figure.has(config) and (swept or not figure.sweep)
    ]


def drawn_of(config: Mapping, *, swept: bool) -> list[str]:
    """The figures that a study draws without being asked for them by name."""
    return [name for name in figures_of(config, swept=swept) if not FIGURES[name].on_request]


def on_request_of(config: Mapping) -> list[str]:
    """The figures of a study that are drawn only where they are asked for by name."""
    return [name for name in figures_of(config, swept=True) if FIGURES[name].on_request]


def table_functions() -> dict[str, Callable]:
    """By table, the function from `results.Results` to its data frame; of a `judged` one, from the
    claims' records."""
    return {
        **runs.table_functions(), **no_encoder.table_functions(), **data.table_functions(),
        **summaries.table_functions(), **similarity.table_functions(),
        **gains.table_functions(), **analyses.table_functions(),
    }  # fmt: skip


def layouts() -> dict[str, Callable]:
    """By table, the function from its data frame to the one that is read, where these differ."""
    from seqtransfer.report.tables import analysis_tables, main_table

    return {"main": main_table.wide, "analysis_summary": analysis_tables.wide}


def figure_functions() -> dict[str, Callable]:
    """By figure, the function from its tables by name and the claims to a matplotlib Figure."""
    return {
        **runs.figure_functions(), **data.figure_functions(), **summaries.figure_functions(),
        **similarity.figure_functions(), **gains.figure_functions(), **analyses.figure_functions(),
    }  # fmt: skip
