"""Reports of finished studies -> effect and verdict of every claim in each, and their figure.

For studies of any tasks: what was found so far, in one look. A report is read as `claims.md`, which
is also how published studies keep it; a claim's tasks stand in `effect_by_study` and
`meta_analysis`.
"""

import math
import textwrap
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from seqtransfer.report import names
from seqtransfer.report.claims.verdicts import (
    DECIDED,
    MIXED,
    NOT_TESTABLE,
    UNDECIDED,
)
from seqtransfer.report.figures import panels, style

COLUMNS = "study claim effect low high level unit tasks verdict qualifier".split()
HEADER = "| claim | overall effect | interval | unit | tasks | verdict |"
PUBLISHED = "-claims.md"  # the end of the name of a published study's report
DARK, LIGHT = "0.2", "0.65"
LETTERS = 24  # of a line of a study's name beside its row
ROW = 0.17  # inches of a row, in a figure as wide as a page
LEAST_EMS = 12.5  # width of a panel with its share of the names
TITLE_LETTERS = 20  # of a line of a panel's title
TITLES = {
    "a": "text learns faster than random weights",
    "b": "text scores better than random weights",
    "c": "text is only slightly worse than domain",
    "d2": "text is nearer to domain than random weights are",
    "weights": "shuffled text scores better than random weights",
    "arrangement": "text scores better than shuffled text",
    "baseline": "text scores better than the best baseline",
}
WIDEST = 4  # times the median length of intervals: longer ones leave the panel


def table(reports: Sequence[Path]) -> pd.DataFrame:
    """One row per study and claim that has a number there, studies in their order.

    reports: folders `results/{study}`, or files `{study}-claims.md`. effect, low, high: of the
    claim over the study's tasks, in `unit`, with an interval of `level` (NaN without one); tasks:
    how many of them have which verdict; verdict, qualifier: of the claim.
    Raises FileNotFoundError for a study without a report, ValueError for a file that is none.
    """
    rows = [row for report in reports for row in _rows(report)]
    if not rows:
        raise ValueError("none of these studies tests a claim")
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(report: Path) -> list[dict]:
    path = report / "report/claims.md" if report.is_dir() else report
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is not there: give folders results/<study> of finished studies, or files"
            f" <study>{PUBLISHED}"
        )
    study = report.resolve().name.removesuffix(PUBLISHED)
    _, found, after = path.read_text(encoding="utf-8").partition(f"{HEADER}\n")
    if not found:
        raise ValueError(f"{path}: has no table of claims; give a study's claims.md")
    lines = takewhile(len, after.splitlines()[1:])  # below the rule of the header
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    try:
        return [_row(study, *one) for one in cells if one[1]]
    except (IndexError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: its table of claims has a row that cannot be read; make the report anew by"
            f" the study's `snakemake` command ({error})"
        ) from error


def _row(study: str, claim: str, effect: str, interval: str, unit: str, tasks: str, verdict: str):
    """Of the cells of one claim, such as `−0.042`, `−0.086 to +0.003 (90 %)`."""
    ends, _, level = interval.partition(" (")
    low, high = map(_number, ends.split(" to ")) if ends else (math.nan, math.nan)
    said, _, qualifier = verdict.removeprefix("**").partition("**")
    return {
        "study": study,
        "claim": claim.partition(")")[0].removeprefix("("),
        "effect": _number(effect),
        "low": low,
        "high": high,
        "level": _number(level.removesuffix(" %)")) / 100 if level else math.nan,
        "unit": unit,
        "tasks": tasks,
        "verdict": said,
        "qualifier": qualifier.strip(),
    }


def _number(cell: str) -> float:
    return float(cell.replace("−", "-"))


def select(found: pd.DataFrame, claims: Sequence[str] | None) -> pd.DataFrame:
    """The rows of `table` of these claims, or of all that have an interval in some study.

    Raises ValueError for a claim that no study tests.
    """
    known = found.loc[found["low"].notna(), "claim"].unique()
    for claim in claims or ():
        if claim not in known:
            raise ValueError(
                f"claim ({claim}) has an interval in none of these studies; those that have:"
                f" {', '.join(known)}"
            )
    return found[found["claim"].isin(claims or known)].reset_index(drop=True)


def caption(found: pd.DataFrame) -> str:
    """What the figure shows and what would mislead; found: of `table`."""
    levels = names.levels(sorted(found["level"].dropna()), "or")
    return (
        f"The overall effect of each claim in {found['study'].nunique()} studies, the first arm of"
        f" the claim minus the second, with the study's own {levels} interval, by the rules of the"
        " day on which it was judged. Filled: supported or contradicted; open: undecided or mixed;"
        " pale: not testable there; an arrow: the interval goes on. Studies may share tasks, runs"
        " and examples, so do not count rows as votes; units and numbers of tasks differ between"
        " rows. (c) is supported above minus its margin, not above 0."
    )


def figure(found: pd.DataFrame) -> Figure:
    """A panel per claim, a row per study. found: of `table`."""
    studies = found["study"].unique().tolist()
    claims = sorted(found["claim"].unique(), key=_place)
    labels = [textwrap.fill(name, LETTERS) for name in studies]
    titles = [_title(claim) for claim in claims]
    around = 3 + max(title.count("\n") for title in titles)  # lines of title, numbers and label
    lines = sum(1 + label.count("\n") for label in labels)
    height = style.LINE * style.PAGE_EM * (around + 1) + ROW * lines
    drawn, axes = panels.wrapped(len(claims), height, LEAST_EMS)
    for axis, claim, title in zip(axes, claims, titles, strict=True):
        _panel(axis, found[found["claim"] == claim], studies)
        axis.set_yticks(range(len(studies)), labels if panels.first_of_row(axis) else [])
        axis.tick_params(axis="y", length=0)
        axis.set_ylim(len(studies) - 0.5, -0.5)
        axis.set_title(title)
    shown = {
        "supported or contradicted": DECIDED,
        "undecided or mixed": (UNDECIDED, MIXED),
        "not testable there": (NOT_TESTABLE,),
    }
    panels.legend(
        drawn,
        [
            panels.line(said, colour, marker="o", ls="", mfc=face)
            for said, kinds in shown.items()
            for colour, face in [_look(kinds[0])]
            if found["verdict"].isin(kinds).any()
        ],
    )
    style.title(drawn, "Claims in several studies", lowest=style.LINE * lines)
    return drawn


def _title(claim: str) -> str:
    question, _, measure = claim.partition("-")
    of = f" ({names.measure(measure)})" if measure else ""
    return textwrap.fill(f"({question}) {TITLES.get(question, '')}{of}", TITLE_LETTERS)


def _place(claim: str) -> int:
    """Of a claim among those that have a title; others come last."""
    return [*TITLES, claim.partition("-")[0]].index(claim.partition("-")[0])


def _panel(axis: Axes, rows: pd.DataFrame, studies: Sequence[str]) -> None:
    """One claim: a mark and an interval in the row of each study that has them."""
    reach = WIDEST * (rows["high"] - rows["low"]).median() / 2
    low, high = panels.limits(
        rows["effect"], rows["low"].clip(lower=rows["effect"] - reach),
        rows["high"].clip(upper=rows["effect"] + reach), pd.Series([0.0]), least=0.02,
    )  # fmt: skip
    for row in rows.itertuples():
        place, (colour, face) = studies.index(row.study), _look(row.verdict)
        axis.hlines(place, max(row.low, low), min(row.high, high), color=colour, lw=1.0)
        for end, mark, leaves in ((low, "<", row.low < low), (high, ">", row.high > high)):
            if leaves:
                axis.plot(end, place, mark, color=colour, ms=3, clip_on=False)
        [dot] = axis.plot(row.effect, place, "o", ms=3.5, color=colour, mfc=face)
        known = SimpleNamespace(mean=row.effect, low=row.low, high=row.high)
        said = f"{panels.value(known, names.signed)} {row.unit}, {row.verdict} {row.qualifier}"
        style.tell(dot, f"{row.study}: {said.strip()}")
    for place in range(len(studies)):
        axis.axhline(place, color="0.93", lw=0.6, zorder=-1)
    axis.axvline(0, color="0.5", lw=0.8, zorder=0)
    axis.set_xlim(low, high)
    axis.locator_params(axis="x", nbins=4)
    axis.set_xlabel(textwrap.fill(", ".join(dict.fromkeys(rows["unit"])), TITLE_LETTERS))


def _look(verdict: str) -> tuple[str, str]:
    """Colour of a mark, and of its face."""
    colour = DARK if verdict in (*DECIDED, UNDECIDED, MIXED) else LIGHT
    return colour, colour if verdict in DECIDED else "white"
