"""What verdicts leave out of a study's data: classes, labels, cuts, and few test units."""

import pandas as pd

from seqtransfer.report import names

LEAST_CUT = 0.01  # share of a task's sequences
FEW_UNITS = 10  # of test: with fewer, intervals miss in up to 15 %, see docs/explanation/statistics


def of_classes(classes: pd.DataFrame) -> list[str]:
    """The classes that runs never predict though test has them, from the table `classes`."""
    lines = []
    scored = classes.dropna(subset="predicted_share")
    for task, rows in scored.groupby("task", sort=False):
        runs = rows.groupby("initialization", sort=False)["seed"].nunique()
        first = rows.drop_duplicates("class").set_index("class")["n"]
        never = rows[(rows["predicted_share"] == 0) & (rows["n"] > 0)]
        said = []
        for name, cells in never.groupby("class", sort=False):
            counts = cells["initialization"].value_counts(sort=False)
            each = names.listed(
                f"{names.arm(arm)} {n} of {runs[arm]} seeds" for arm, n in counts.items()
            )
            who = f"all {len(cells)} runs" if len(cells) == runs.sum() else each
            said.append(f"{name}, {first[name]} of {first.sum()} test labels ({who})")
        if said:
            lines.append(f"In {task}: {'; '.join(said)}.")
    lead = (
        "Some runs never predict a class, so that its recall is 0 in them, which one score over all"
    )
    return [" ".join([f"{lead} classes does not show.", *lines])] if lines else []


def of_cuts(budget: pd.DataFrame) -> list[str]:
    """How many sequences were cut to max_length, task by task, from the table `budget`."""
    cut = budget[budget["cut_share"] >= LEAST_CUT].itertuples()
    each = ", ".join(
        f"{row.task} {100 * row.cut_share:.1f} % to {row.max_length} tokens" for row in cut
    )
    line = f"Sequences cut to max_length, share of the training part: {each}. Neither arms nor"
    return [f"{line} baselines on tokens see what was cut off."] if each else []


def of_cut_conflicts(budget: pd.DataFrame) -> list[str]:
    """Tasks of which examples were dropped since the cut made them equal to others with another
    label, from the table `budget`."""
    lost = budget[budget["cut_conflicts"] > 0]
    each = ", ".join(
        f"{row.task} {row.cut_conflicts} at {row.max_length} tokens" for row in lost.itertuples()
    )
    line = "Examples dropped since, cut to max_length, they equal one with another label:"
    return [f"{line} {each}. The task is not that of whole sequences."] if each else []


def of_other_labels(budget: pd.DataFrame) -> list[str]:
    """Tasks with examples whose label is no class, from the table `budget`: classes that the task
    leaves out, or misspelt ones."""
    left = budget[budget["other_labels"] > 0]
    each = ", ".join(f"{row.task} {row.other_labels}" for row in left.itertuples())
    line = f"Examples whose label is none of the task's classes, misspelt ones among them: {each}."
    return [f"{line} No score counts them; only domain pretraining reads them."] if each else []


def of_few_units(budget: pd.DataFrame) -> list[str]:
    """Tasks whose test part is of so few units that its intervals miss more often than they say,
    from the table `budget`; one of one unit has no such interval."""
    few = budget[(budget["test_units"] > 1) & (budget["test_units"] < FEW_UNITS)]
    each = ", ".join(f"{row.task} {row.test_units}" for row in few.itertuples())
    line = f"Few test units, such as groups that stay together: {each}. How far scores vary by"
    return [f"{line} chance is hardly known then: 95 % intervals may miss in 15 %."] if each else []
