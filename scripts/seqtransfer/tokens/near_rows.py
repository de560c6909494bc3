"""The leak audit's table of near sequences, read.

Apart from the audit itself, whose libraries take longer to import than scores to compute.
"""

from pathlib import Path

import pandas as pd

THRESHOLDS = (0.5, 0.8, 0.9)
NUMBERS = ("similarity", "overlap", "relative_distance")  # what rows are left out by


def read_strings(path: Path) -> pd.DataFrame:
    """A TSV table, such as a run's predictions, with every cell a string: the class "0" stays what
    it is."""
    return pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)


def read_nearest(path: Path) -> pd.DataFrame:
    """The table of `leak_audit.nearest` that a task's audit wrote: NUMBERS as floats, `duplicate`
    as bool, all else as strings."""
    near = read_strings(path)
    for name in near.columns.intersection(NUMBERS):
        near[name] = pd.to_numeric(near[name])
    near["duplicate"] = near["duplicate"] == "True"
    return near
