"""The register names every table and figure once, and says what the files really hold."""

import re

import pandas as pd
import pytest

import synthetic
from seqtransfer.report import register
from seqtransfer.report.register import analyses
from seqtransfer.report.tables import table_files


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


def test_tables_that_are_read_have_words_for_the_identifiers_of_their_rows(written, tmp_path):
    identifier = re.compile(r"[a-z0-9]+_[a-z0-9_.]+")  # pwcca_mean, similarity_share_0.5
    readable = [n for n in register.tables_of(synthetic.CONFIG) if register.TABLES[n].readable]
    assert {"power", "sensitivity", "leaks"} < set(readable)
    for name in readable:
        table = table_files.read(written[name])
        layout = register.layouts().get(name, lambda frame: frame)
        table_files.write(tmp_path / "read.md", layout(table))
        rows = (tmp_path / "read.md").read_text().splitlines()[2:]
        cells = {cell.strip() for row in rows for cell in row.split("|")}
        assert not {cell for cell in cells if identifier.fullmatch(cell)}, name


def test_what_a_run_costs_and_how_it_generalizes_is_drawn_unasked_and_what_is_confused_is_not():
    drawn = register.drawn_of(synthetic.CONFIG, swept=True)
    asked = register.on_request_of(synthetic.CONFIG)
    assert {"cost", "generalization"} <= set(drawn) and {"confusion", "maps"} <= set(asked)
    assert not set(drawn) & set(asked)


def test_names_fit_into_paths_and_texts_are_sentences():
    for name, entry in [*register.TABLES.items(), *register.FIGURES.items()]:
        assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name)
        assert entry.caption.endswith(".") and len(entry.caption) > 20, name
