"""The register names every table and figure once, and says what the files really hold."""

import re

import pandas as pd
import pytest

import synthetic
from seqtransfer.report import register
from seqtransfer.report.register import analyses


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("register")
    return synthetic.report(folder / "report", synthetic.write_study(folder, seeds=(0, 1)))


def test_every_entry_has_a_function_and_every_function_an_entry():
    assert set(register.table_functions()) == set(register.TABLES)
    assert set(register.figure_functions()) == set(register.FIGURES)


def test_every_column_of_every_table_is_described_and_no_other(written):
    for name in register.tables_of(synthetic.CONFIG):
        found = list(pd.read_csv(written[name], nrows=0))
        known = {
            column: re.compile(re.escape(column).replace("<metric>", "[a-z0-9_]+"))
            for column in register.TABLES[name].columns
        }
        undescribed = [c for c in found if not any(p.fullmatch(c) for p in known.values())]
        missing = [c for c, p in known.items() if not any(map(p.fullmatch, found))]
        assert (undescribed, missing) == ([], []), name


def test_figures_are_drawn_from_tables_that_studies_with_them_have():
    for name, figure in register.FIGURES.items():
        assert set(figure.tables) <= set(register.TABLES), name
        for table in figure.tables:
            has = register.TABLES[table].has
            # Steps along fine-tuning are refused without the analysis that has this table.
            narrower = (figure.has, has) == (analyses.along, analyses.HAS["gradient_confusion"])
            assert narrower or has in (figure.has, register.TABLES["runs"].has), name


def test_names_fit_into_paths_and_texts_are_sentences():
    for name, entry in [*register.TABLES.items(), *register.FIGURES.items()]:
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name)
        assert entry.caption.endswith(".") and len(entry.caption) > 20, name
