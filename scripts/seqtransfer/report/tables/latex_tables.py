r"""A table -> LaTeX that fits a page; packages: booktabs, longtable, rotating, pdflscape.

The page is that of LaTeX's class article. What is too wide for it is tried with smaller type, then
with intervals below their means and long texts on several lines, then without the columns whose
values are one in all rows, which the caption says instead, and at last sideways. Widths are those
of Computer Modern's digits.
"""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import zip_longest

import pandas as pd

from seqtransfer.report import names
from seqtransfer.report.tables import table_cells
from seqtransfer.report.tables.table_cells import Bold

TIED = "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}"  # of no line's end
ESCAPED = {
    "\N{NO-BREAK SPACE}": "~",
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
} | {character: "\\" + character for character in "&%$#_{}"}
PACKAGES = "% \\usepackage{booktabs,longtable,rotating,pdflscape}\n"
SHORT, LONG = 335, 540  # sides of what is printed on a page, in points, a little less
# Of type: points that a digit is wide and a line is high.
SIZES = {
    "normalsize": (5.0, 12.0),
    "small": (4.6, 11.0),
    "footnotesize": (4.25, 9.5),
    "scriptsize": (4.0, 8.0),
    "tiny": (3.6, 6.0),
}
GAP = 3  # points on either side of a column: half of what LaTeX leaves
CAPTION = 100  # points kept for it
CHARACTERS = 20  # of a line of a long text
NARROW = " .,:;()[]'ijlt"
INTERVAL = re.compile(r"(\S+) (\[.+\])")


@dataclass(frozen=True)
class Layout:
    """A way to print a table: the lines of its head and rows, and the side of the page.

    rows: row -> line -> column; bold: row -> column; sizes: of type to try.
    """

    caption: str
    head: list[list[str]]
    rows: list[list[list[str]]]
    bold: list[list[bool]]
    numbers: list[bool]
    sideways: bool
    sizes: list[str]

    @cached_property
    def digits(self) -> float:
        """How many digits side by side are about as wide as the text of all columns."""
        widths = [[_digits(cell) for cell in line] for line in self.head]
        for row, bold in zip(self.rows, self.bold, strict=True):
            widths += [[_digits(*cell) for cell in zip(line, bold, strict=True)] for line in row]
        return sum(map(max, zip(*widths, strict=True)))

    def fits(self, size: str) -> bool:
        """Whether the table is no wider than the page."""
        width = self.digits * SIZES[size][0] + 2 * GAP * len(self.numbers)
        return width <= (LONG if self.sideways else SHORT)

    def too_high(self, size: str) -> bool:
        """Whether the table needs more than a page."""
        height = (len(self.head) + sum(map(len, self.rows))) * SIZES[size][1]
        return height > (SHORT if self.sideways else LONG) - CAPTION


def latex(table: pd.DataFrame, caption: str, label: str) -> str:
    r"""The table with its caption, for `\ref{tab:<label>}`; numbers stand on the right, missing
    values are empty. A column before the columns `low` and `high` is one with them, such as
    `0.5 [0.4, 0.6]`. A table that is too high for a page goes on over pages;
    with very many columns it may still be too wide."""
    for layout in _layouts(_with_intervals(table), caption):
        if fitting := list(filter(layout.fits, layout.sizes)):
            break
    size = [*fitting, *layout.sizes[-1:]][0]
    columns = "".join("r" if number else "l" for number in layout.numbers)
    top = "\\toprule\n" + "".join(_line(line) for line in layout.head) + "\\midrule\n"
    body = _body(layout) + "\\bottomrule\n"
    said = names.coded(_escaped(layout.caption), r"\texttt{{{}}}")
    named = f"\\caption{{{said}}}"
    kind = f"\\{size}\\setlength{{\\tabcolsep}}{{{GAP}pt}}"
    if layout.too_high(size):
        text = (
            f"{{{kind}\n\\begin{{longtable}}{{{columns}}}\n{named}\\label{{tab:{label}}} \\\\\n"
            f"{top}\\endfirsthead\n{top}\\endhead\n{body}\\end{{longtable}}}}\n"
        )
        if layout.sideways:
            text = f"\\begin{{landscape}}\n{text}\\end{{landscape}}\n"
        return PACKAGES + text
    tabular = f"\\begin{{tabular}}{{{columns}}}\n{top}{body}\\end{{tabular}}\n"
    if not fitting:
        tabular = f"\\resizebox{{\\linewidth}}{{!}}{{%\n{tabular}}}\n"
    place = "sidewaystable" if layout.sideways else "table"
    before = f"\\begin{{{place}}}\n{named}\n\\label{{tab:{label}}}\n\\centering{kind}\n"
    return f"{PACKAGES}{before}{tabular}\\end{{{place}}}\n"


def _layouts(table: pd.DataFrame, caption: str) -> Iterator[Layout]:
    """All ways to print it, the one that is best to read first."""
    short, longer = table_cells.without_constants(table, caption, table)
    upright = list(SIZES)[:3]
    ways = [(table, caption, False, upright), (short, longer, False, upright)]
    for shown, text, sideways, sizes in [*ways, (short, longer, True, list(SIZES))]:
        for broken in (False, True):
            cells = [_cells(name, shown[name], broken) for name in shown]
            heads = [_head(name, lines) for name, lines in zip(shown, cells, strict=True)]
            deepest = max(map(len, heads))
            yield Layout(
                caption=text,
                head=_across([[""] * (deepest - len(head)) + head for head in heads]),
                rows=[_across(row) for row in zip(*cells, strict=True)],
                bold=[[isinstance(value, Bold) for value in row] for row in shown.to_numpy()],
                numbers=[table_cells.is_number(shown[name]) for name in shown],
                sideways=sideways,
                sizes=sizes,
            )


def _with_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """The table with each value, low and high, such as `floor`, `floor_low` and `floor_high`, as
    one text."""
    every, kept, joined = list(table), list(table), {}
    for value, low, high in zip(every, every[1:], every[2:], strict=False):
        if low.endswith("low") and high == low.removesuffix("low") + "high":
            rows = zip(*(_texts(name, table[name]) for name in (value, low, high)), strict=True)
            joined[value] = [f"{row[0]} [{row[1]}, {row[2]}]" if row[1] else row[0] for row in rows]
            kept.remove(low), kept.remove(high)
    return table[kept].assign(**joined)


@lru_cache(100_000)
def _digits(text: str, bold: bool = False) -> float:
    """How many digits side by side are about as wide."""
    capitals = sum(character.isupper() for character in text)
    narrow = sum(character in NARROW for character in text)
    return (len(text) + 0.4 * capitals - 0.4 * narrow) * (1.15 if bold else 1)


def _texts(name: str, values: pd.Series) -> list[str]:
    return [table_cells.text(name, value) for value in values]


def _cells(name: str, values: pd.Series, broken: bool) -> list[list[str]]:
    """The lines of each cell of a column."""
    texts = _texts(name, values)
    return [_broken(text) if broken else [text] for text in texts]


def _broken(text: str) -> list[str]:
    if found := INTERVAL.fullmatch(text):
        return list(found.groups())
    return textwrap.wrap(text, CHARACTERS) or [""]


def _head(name: str, cells: list[list[str]]) -> list[str]:
    """The lines of a head, of words no wider than the column if it can be."""
    width = max((len(line) for lines in cells for line in lines), default=0)
    longest = max(map(len, words := table_cells.label(name).replace(" = ", TIED).split(" ")))
    return textwrap.wrap(" ".join(words), max(width, longest))


def _across(columns: list[list[str]]) -> list[list[str]]:
    """Lines of columns -> columns of lines."""
    return [list(line) for line in zip_longest(*columns, fillvalue="")]


def _body(layout: Layout) -> str:
    """The rows; those of several lines stand apart, and no page ends within one."""
    several = any(len(row) > 1 for row in layout.rows)
    rows = []
    for row, bold in zip(layout.rows, layout.bold, strict=True):
        lines = [_line(line, bold, "*") for line in row[:-1]] + [_line(row[-1], bold)]
        rows.append("".join(lines))
    return ("\\addlinespace\n" if several else "").join(rows)


def _line(cells: list[str], bold: list[bool] | None = None, end: str = "") -> str:
    marked = [
        f"\\textbf{{{_escaped(cell)}}}" if cell and strong else _escaped(cell)
        for cell, strong in zip(cells, bold or [False] * len(cells), strict=True)
    ]
    return " & ".join(marked) + f" \\\\{end}\n"


def _escaped(text: str) -> str:
    return "".join(ESCAPED.get(character, character) for character in text)
