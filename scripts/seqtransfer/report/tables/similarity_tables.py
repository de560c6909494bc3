"""Similarities, floor, ceiling -> the report's tables on them: frames in, frames out.

Rows of two arms, `left` and `right`, and a `stage`: before or after fine-tuning, or `change`, an
arm before against itself after. A score is read beside its null (whole units re-paired at random),
its floor (random initializations against the reference) and its ceiling (the reference against
itself from another pretraining, or its halves); calibrated, it is 0 at the floor and 1 at the
ceiling.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from seqtransfer.report.claims import reference_estimates
from seqtransfer.report.statistics import LEVEL, jackknife_error
from seqtransfer.report.tables.intervals import interval_rows
from seqtransfer.similarity.layer_comparison import MINIMUM_ROWS_PER_WIDTH

SCORED = (
    "task left right seed stage layer left_layer right_layer measure score null_mean null_low"
    " null_high p_value analytic_null draws rows sequences units left_width right_width width"
    " left_rank right_rank few_rows ties code"
).split()
REFERENCE = "kind left reference layer measure group score task code".split()
PAPER = "left rows width score expected released task code".split()
BOUND = ("", "_low", "_high")
ATTENTION = (
    "task left right seed stage layer right_layer head partner matched by_example repaired"
    " unmatched left_entropy right_entropy left_distance right_distance examples code"
).split()


def gather(files: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    """All rows, unaveraged; an empty table for a study that compares no representations."""
    return pd.concat(files, ignore_index=True) if files else pd.DataFrame(columns=columns)


def references(scored: pd.DataFrame, reference: str) -> pd.DataFrame:
    """Every score with the reference arm, which is named in `right`."""
    names = "task left right reference kind layer measure group score code".split()
    return scored.assign(right=reference)[names]


def similarity(scored: pd.DataFrame, references: pd.DataFrame, reference: str) -> pd.DataFrame:
    """One row per task, pair, stage, depth and measure: mean over seeds, null, floor, ceiling.

    scored: cells of maps, whose layer is empty, are left out. low, high: t interval over seeds;
    null_mean, null_low, null_high: means over seeds of the null and of its least and greatest draw;
    p_value: the largest over seeds; analytic_null: expected score of randomly paired rows, empty
    where no formula is known; few_rows: rows / width < 10, where chance similarity is far from 0.
    floor (mean, and the range floor_low to floor_high over its seeds), ceiling, above_floor =
    mean - floor, calibrated = above_floor / (ceiling - floor), and the intervals `_low` to `_high`
    of these two by the jackknife over groups of units (they cover the choice of units, not that of
    seeds): of pairs with `reference` on the right before fine-tuning, else empty. calibrated is
    empty, too, where the ceiling does not lie above the floor by its interval over floor seeds and
    units (`reference_estimates.span`): then the measure cannot tell one training of the reference
    from random weights, and no bounded interval of the ratio exists (Fieller 1954).
    """
    matched = scored.dropna(subset="layer")
    keys = ["task", "left", "right", "stage", "layer", "measure"]
    summary = interval_rows(matched, keys, "score")
    undefined = summary["mean"].isna()
    means = ["null_mean", "null_low", "null_high", "analytic_null"]
    kept = {name: (name, "mean") for name in means} | {"p_value": ("p_value", "max")}
    firsts = ["rows", "width", "left_rank", "right_rank"]
    kept |= {name: (name, "first") for name in firsts}
    extra = matched.groupby(keys, sort=False).agg(**kept).reset_index()
    summary = summary.merge(extra, on=keys, validate="one_to_one")
    summary.loc[undefined, [*means, "p_value"]] = np.nan
    summary["rows_per_width"] = summary["rows"] / summary["width"]
    summary["few_rows"] = summary["rows_per_width"] < MINIMUM_ROWS_PER_WIDTH
    read = (summary["right"] == reference) & (summary["stage"] == "before")
    found = [
        _calibrated(row, references) if chosen else {}
        for chosen, row in zip(read, summary.itertuples(), strict=True)
    ]
    names = ["floor", "floor_low", "floor_high", "ceiling"]
    names += [f"{name}{end}" for name in ("above_floor", "calibrated") for end in BOUND]
    for name in names:
        summary[name] = [record.get(name, np.nan) for record in found]
    whole = dict.fromkeys(("layer", "rows", "width", "left_rank", "right_rank"), int)
    return summary.astype(whole)


def _calibrated(row, references: pd.DataFrame) -> dict:
    """Floor and ceiling at the row's depth, and the calibrated score with its interval."""
    at = references[
        (references["task"] == row.task)
        & (references["layer"] == row.layer)
        & (references["measure"] == row.measure)
        & (references["reference"] == "first")
    ]
    scored = reference_estimates.scores(at)
    found = reference_estimates.span(scored)
    if found is None:
        return {}
    floor, ceiling, above = found
    scored = scored.loc["first"]
    whole = scored.loc["floor", -1]
    bounds = (np.nan, np.nan) if np.isnan(floor) else (whole.min(), whole.max())
    record = {"floor": floor} | dict(zip(("floor_low", "floor_high"), bounds, strict=True))
    record |= {"ceiling": ceiling, "above_floor": row.mean - floor}
    valid = reference_estimates.is_valid(references, row.task, row.measure, above, LEVEL)
    if valid:
        record["calibrated"] = record["above_floor"] / (ceiling - floor)
    # Random arms are the floor themselves; other arms are in the table under their names.
    if ("arm", row.left) not in scored.index:
        return record
    without = scored.drop(columns=-1)
    low, high = without.loc["floor"].mean(skipna=False), without.loc["ceiling"].iloc[0]
    moved = {"above_floor": without.loc["arm", row.left] - low}
    if valid:
        moved["calibrated"] = moved["above_floor"] / (high - low)
    for name, values in moved.items():
        half = float(stats.t.ppf((1 + LEVEL) / 2, len(values) - 1)) * jackknife_error(values)
        record |= {f"{name}_low": record[name] - half, f"{name}_high": record[name] + half}
    return record


def maps(scored: pd.DataFrame) -> pd.DataFrame:
    """Every cell of the layer-by-layer maps, with p-values adjusted over each map.

    A map is a task, pair, stage, seed and measure of which some cells are not at equal depth. q:
    Benjamini and Hochberg's adjusted p-value, for the cells of one map that have a score.
    """
    keys = ["task", "left", "right", "stage", "seed", "measure"]
    cells = ["left_layer", "right_layer", "score", "null_mean", "null_high", "p_value", "rows"]
    whole = scored.groupby(keys, sort=False)["layer"].transform(lambda layer: layer.isna().any())
    table = scored.loc[whole.astype(bool), [*keys, *cells]].reset_index(drop=True)
    if table.empty:
        return table.assign(q=[])
    adjusted = (
        table.dropna(subset="p_value")
        .groupby(keys, sort=False)["p_value"]
        .transform(lambda values: stats.false_discovery_control(values.to_numpy(dtype=float)))
    )
    return table.assign(q=adjusted)


def attention(heads: pd.DataFrame) -> pd.DataFrame:
    """One row per task, pair, stage and layer: matched heads' distance, means over heads and seeds.

    heads: rows of `attention_maps.compare`. mean, low, high: of `matched`, t interval over seeds;
    by_example, repaired, unmatched, entropies (nats) and distances (tokens) of both sides: means.
    """
    keys = ["task", "left", "right", "stage", "layer"]
    means = ["matched", *ATTENTION[ATTENTION.index("by_example") : ATTENTION.index("examples")]]
    groups = heads.groupby([*keys, "seed"], sort=False)[[*means, "examples"]]
    each = groups.mean(skipna=False).reset_index()
    summary = interval_rows(each, keys, "matched")
    groups = each.groupby(keys, sort=False)[[*means[1:], "examples"]]
    extra = groups.mean(skipna=False).reset_index()
    table = summary.merge(extra, on=keys, validate="one_to_one").astype({"examples": int})
    return table.rename(columns={"examples": "sequences"})


def paper_setting(paper: pd.DataFrame, scored: pd.DataFrame, reference: str) -> pd.DataFrame:
    """One row per task and left side: the paper's setting beside ours on the study's first seed.

    scored: in the study's order of seeds, of which `paper` is on the first, the smallest or not.
    paper_score: last layer, paper_rows tokens, PWCCA weighted by the left side; paper_expected: of
    independent sides of these shapes; paper_released: by the released code's own PWCCA. score,
    null_mean, rows: ours at the same layer, empty for `noise` and for a study without the measure.
    """
    renamed = {name: f"paper_{name}" for name in ("score", "rows", "expected", "released")}
    table = paper.rename(columns=renamed).assign(right=reference)
    table = table[["task", "left", "right", "width", *renamed.values()]]
    ours = scored[
        (scored["right"] == reference)
        & (scored["stage"] == "before")
        & (scored["measure"] == "pwcca")
        & scored["layer"].notna()
    ]
    ours = ours[ours["seed"].isin(ours["seed"].head(1))]
    ours = ours.sort_values("layer").groupby(["task", "left"], sort=False).tail(1)
    columns = ["task", "left", "score", "null_mean", "rows"]
    table = table.merge(ours[columns], on=["task", "left"], how="left")
    return table.astype({"rows": "Int64"})
