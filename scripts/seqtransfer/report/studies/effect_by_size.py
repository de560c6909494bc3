"""Finished studies of different encoders -> the effect text - random against the encoder's size.

The size is the number of weights in the layers in use: 12 x layers x width^2, of attention and of a
feed-forward block four times as wide (Kaplan et al. 2020, arXiv:2001.08361, table 1). Biases, norms
and embeddings are left out; of the latter a task reads a row a symbol. Encoders of other blocks
have another number, and ALBERT, whose layers share their weights, far fewer.
"""

from collections.abc import Mapping, Sequence

import pandas as pd

from seqtransfer.report.claims import estimates
from seqtransfer.report.claims.estimates import Estimate
from seqtransfer.report.studies import finished_studies, meta_analysis
from seqtransfer.report.studies.finished_studies import Study

CLAIM = "b"
SIZE = ["encoder", "layers", "width", "parameters"]
COLUMNS = ["study", *SIZE, *"task unit effect low high seeds".split()]
MEAN = "mean of shared tasks"
SECTIONS = (*finished_studies.SECTIONS, "split.")


def table(studies: Sequence[Study], catalogue: Mapping[str, Mapping]) -> pd.DataFrame:
    """One row per encoder and task, from the smallest encoder on; after an encoder's tasks a row
    MEAN of those that every encoder has, if these are several.

    catalogue: name -> entry of the project's encoders, for the shape of one whose study records
    none. effect, low, high: of claim (b), in `unit`, with its interval over seeds and test
    examples; a missing number is NaN, and so is a mean over it. MEAN takes its tasks as fixed, as
    a study's own mean does, and those of the same examples share their chance; its `study` names
    all studies that these are of.
    Raises ValueError if all studies have one encoder, two studies have the same task with the same
    encoder, no task is in all encoders, a study does not test the claim, or a width is not known.
    """
    parts, examples = [], finished_studies.examples(studies)
    for study in studies:
        effects = meta_analysis.effects([study], CLAIM)
        judged = {effect["task"]: effect for effect in study.claims[CLAIM]["effects"]}
        effects["of_ledger"] = [judged[task] for task in effects["task"]]
        effects["examples"] = [examples[study.name, task] for task in effects["task"]]
        parts.append(effects.assign(**encoder(study, catalogue)))
    found = pd.concat(parts, ignore_index=True)
    found = found.astype(dict.fromkeys(["mean", "error", "low", "high"], float))
    found = found.sort_values(["parameters", "encoder"], kind="stable")
    shared = _shared(found)
    rows = []
    for _, mine in found.groupby(SIZE, sort=False):
        rows.append(mine.rename(columns={"mean": "effect"}))
        if len(shared) > 1:
            rows.append(_mean(mine[mine["task"].isin(shared)]))
    return pd.concat(rows, ignore_index=True)[COLUMNS]


def encoder(study: Study, catalogue: Mapping[str, Mapping]) -> dict:
    """SIZE of a study's encoder: its name, layers in use, neurons of a layer, and weights.

    catalogue: as of `table`. Raises ValueError if the width is not known.
    """
    known = study.record["configuration"]
    name, layers = known["encoder"]["name"], known["encoder"]["layers"]
    entry = {**catalogue.get(name, {}), **known["catalogue"]["encoders"][name]}
    if "shape" not in entry:
        raise ValueError(
            f"{study.name}: the width of its encoder {name} is not recorded; add `shape: {{layers:"
            f" ..., width: ..., parameters: ...}}` to catalogue.encoders.{name} of its study file"
            " and run its `snakemake` command again, which records it"
        )
    width = entry["shape"]["width"]
    return dict(zip(SIZE, (name, layers, width, 12 * layers * width**2), strict=True))


def differing(studies: Sequence[Study]) -> dict[str, dict[str, list]]:
    """`finished_studies.settings`, of what runs are trained on, how, and for how long."""
    return finished_studies.settings(studies, SECTIONS)


def caption(found: pd.DataFrame, settings: Mapping) -> str:
    """What the figure shows and what would mislead; found, settings: of `table` and `differing`."""
    several = MEAN in set(found["task"])
    mean = "; the thick one is the mean of the tasks that every encoder has" if several else ""
    alone = found.drop_duplicates([*SIZE, "task"])["task"].value_counts().eq(1).any()
    hollow = ". A hollow mark is a task of one encoder alone" if alone else ""
    said = (
        "What text pretraining adds to the test score (text - random, paired by seed) against"
        " the size of the encoder: weights of the layers in use, 12 x layers x width^2, without"
        f" embeddings, on a logarithmic axis. A line joins one task{mean}{hollow}. Bars are 95 %"
        " intervals over seeds and test examples, each of one encoder, and none is of a"
        " difference between encoders; they are moved apart where they would hide each other. An"
        " effect may grow since text scores higher, or since random weights score lower."
        " Encoders differ in more than size: in what they were pretrained on and how, and the"
        " first layers of a larger one were never trained to stand alone."
    )
    if not settings:
        return f"{said} The studies have the same settings."
    listed = finished_studies.listed(settings)
    return f"{said} What these settings do cannot be told from what size does: {listed}."


def _shared(found: pd.DataFrame) -> set[str]:
    """The tasks that every encoder has."""
    encoders = found.drop_duplicates(SIZE)
    said = [f"{row.encoder} ({row.layers} x {row.width})" for row in encoders.itertuples()]
    if len(said) < 2:
        raise ValueError(f"all studies have the encoder {said[0]}; give one of another encoder")
    for (*_, task), rows in found.groupby([*SIZE, "task"], sort=False):
        if len(rows) > 1:
            both = " and ".join(rows["study"])
            raise ValueError(f"{both} have {task} with the same encoder; leave one of them out")
    counts = found["task"].value_counts()
    shared = set(counts.index[counts == len(said)])
    if not shared:
        tasks = found.groupby(SIZE, sort=False)["task"].agg(", ".join)
        each = "; ".join(f"{name}: {has}" for name, has in zip(said, tasks, strict=True))
        raise ValueError(f"no task has an effect with every encoder ({each}); leave out a study")
    return shared


def _mean(rows: pd.DataFrame) -> pd.DataFrame:
    """The row MEAN of an encoder's shared tasks."""
    ones = [_estimate(row) for _, row in rows.iterrows()]
    mean, level = estimates.mean_over_tasks(ones), rows["level"].iloc[0]
    units = rows["unit"].unique()
    low, high = mean.interval(level)
    made = {"study": ", ".join(rows["study"].unique()), "task": MEAN, "seeds": mean.seeds}
    made |= {"unit": units[0] if len(units) == 1 else "score"}
    return rows[SIZE].head(1).assign(**made, effect=mean.mean, low=low, high=high)


def _estimate(row: pd.Series) -> Estimate:
    """The estimate that the ledger holds."""
    known = row["of_ledger"]
    lacking = next((name for name in ("parts", "alone") if name not in known), None)
    if lacking:
        raise ValueError(
            f"{row['study']}: its ledger was written by older code, without {lacking!r}; run the"
            " study's `snakemake` command again, which judges it anew"
        )
    parts = row["mean"], known["parts"], row["seeds"], row["examples"]
    return Estimate(*parts, alone=known["alone"])
