"""A table of LaTeX says all that the table does, and fits a page whatever its size."""

import re
import shutil
import subprocess

import pandas as pd
import pytest

from seqtransfer.report.tables import latex_tables
from seqtransfer.report.tables.table_cells import Bold

WIDE = {"a_long_name_of_a_column": "share of the run's best dev score", "contrast": "text - random"}


def lines(table: pd.DataFrame, caption: str = "") -> list[str]:
    return latex_tables.latex(table, caption, "main").splitlines()


def test_a_head_stands_on_as_many_lines_as_its_column_is_narrow():
    table = pd.DataFrame({"arm": ["text"], "splice (MCC; n = 5)": ["0.5"]})
    found = lines(table)
    assert found[found.index(r"\toprule") + 1 :][:4] == [
        r" & splice \\", r" & (MCC; \\", r"arm & n~=~5) \\", r"\midrule"
    ]  # fmt: skip


def test_a_value_and_its_interval_are_one_column():
    table = pd.DataFrame(
        {
            "task": ["x", "y"],
            "floor": [0.5, 0.1],
            "floor_low": [0.4, None],
            "floor_high": [1.0, None],
        }
    )
    found = lines(table)
    assert r"x & 0.500 [0.400, 1.000] \\" in found and r"task & floor \\" in found
    table = table.assign(floor=[0.5, None])
    assert r"y &  \\" in lines(table)


def test_each_of_several_intervals_stays_with_its_own_value():
    names = ["mean", "low", "high", "null", "null_low", "null_high", "rows"]
    table = pd.DataFrame([[place / 100 for place in range(7)], [0.5] * 7], columns=names)
    assert r"0.000 [0.010, 0.020] & 0.030 [0.040, 0.050] & 0.060 \\" in lines(table)


def test_columns_of_one_value_go_into_the_caption_of_a_wide_table_alone():
    narrow = pd.DataFrame({"task": ["x", "y"], "contrast": ["text - random"] * 2})
    assert r"x & text pretraining minus random weights \\" in lines(narrow)
    wide = pd.DataFrame(
        {"task": ["x", "y"]}
        | {f"{name}_{k}": text for k in range(5) for name, text in WIDE.items()}
    )
    found = lines(wide, "C.")
    caption = next(line for line in found if line.startswith(r"\caption"))
    assert caption.startswith(
        r"\caption{C. In all rows: a long name of a column 0 share of the run's"
    )
    assert found[-6:-2] == [r"\midrule", r"x \\", r"y \\", r"\bottomrule"]


def test_a_long_table_goes_on_over_pages():
    rows = pd.DataFrame({"row": range(60)})
    found = lines(rows, "All rows")
    assert r"\caption{All rows}\label{tab:main} \\" in found
    assert found.count(r"\toprule") == 2 and r"\endhead" in found
    assert not any("longtable}{" in line for line in lines(rows.iloc[:20]))


def test_what_has_a_meaning_in_latex_is_escaped():
    table = pd.DataFrame({"mcc": [0.5], "arm": [Bold("50 % & #1")]})
    found = lines(table, "95 % of a_b, less `c_d`")
    assert found.count(r"\label{tab:main}") == 1 and r"\begin{tabular}{rl}" in found
    assert r"\caption{95 \% of a\_b, less \texttt{c\_d}}" in found
    assert r"mcc & arm \\" in found and r"0.500 & \textbf{50 \% \& \#1} \\" in found


def cells(rows: int, columns: int) -> pd.DataFrame:
    """A main table: arms by tasks, intervals, the best of a task bold."""
    texts = [f"0.{k:03d} [0.{k:03d}, 0.999]" for k in range(rows * columns)]
    values = [Bold(text) if not k % 7 else text for k, text in enumerate(texts)]
    table = pd.DataFrame({"arm, control or baseline": ["the additive model of symbols"] * rows})
    table["arm, control or baseline"] += pd.Series(map(str, range(rows)))
    for k in range(columns):
        head = f"localization {k} (MCC; seeds: 25, n = 1000)"
        table[head] = values[k * rows : (k + 1) * rows]
    return table


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex")
@pytest.mark.parametrize(("rows", "columns"), [(5, 4), (16, 9), (9, 16), (70, 4), (70, 8)])
def test_latex_finds_no_table_wider_or_higher_than_its_page(tmp_path, rows, columns):
    table = latex_tables.latex(cells(rows, columns), "A caption.", "main")
    packages = re.match("% (.*)", table).group(1)
    document = rf"\documentclass{{article}}{packages}\begin{{document}}{table}\end{{document}}"
    (tmp_path / "t.tex").write_text(document.replace("{%", "{%\n"))
    command = ["pdflatex", "-interaction=nonstopmode", "t.tex"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-2000:]
    assert not re.findall("Overfull .*|Float too large.*", ran.stdout)
