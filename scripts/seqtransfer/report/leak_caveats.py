"""The leak audit -> what test sequences near to train take from scores, in sentences."""

import pandas as pd
from scipy import stats

from seqtransfer.tokens.series_neighbours import SHARE

CHANCE = 0.99  # more near series than that are seen by chance in one task of a hundred


def of_leaks(leaks: pd.DataFrame) -> list[str]:
    """How many test sequences have a near twin in train, from the table `leaks`: a sentence, and
    one more for series that lie nearer than chance explains or repeat runs of train's numbers."""
    test = leaks[(leaks["splitting"] == "after") & (leaks["split"] == "test")]
    half, overlap, near = (
        test[test["measure"] == name]
        for name in ("similarity_share_0.5", "overlap_share_0.5", "distance_near")
    )
    overlap = overlap[overlap["value"] > 0]
    near = near[near["value"] * near["n"] > stats.binom.ppf(CHANCE, near["n"], SHARE)]
    lines = [
        "Test sequences that share at least half of their k-mers (Jaccard index) with a training"
        f" sequence: {_shares(half)}. How much they matter: the table of scores without near test"
        " rows."
    ]
    if len(overlap):
        lines.append(
            "Test series that repeat most numbers of a training series, as windows of one recording"
            f" do: {_shares(overlap)}. Name their recording as `group`."
        )
    if len(near):
        lines.append(
            f"Test series nearer to train than {1 - SHARE:.0%} of training series are to one"
            f" another, more than chance explains: {_shares(near)}. Look for what train and test"
            " have in common, such as a recording or a person."
        )
    return lines


def _shares(rows: pd.DataFrame) -> str:
    return ", ".join(f"{row.task} {100 * row.value:.1f} %" for row in rows.itertuples())
