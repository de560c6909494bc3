"""The report's tables -> what its verdicts rest on and what its intervals leave out."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from seqtransfer.report import names
from seqtransfer.report.claims.verdicts import NOT_TESTABLE, NOT_TESTED

# What an adaptation trains of the encoder; besides these there is last-<layers>.
TRAINED = {
    "full": "every weight",
    "probe": "nothing",
    "layernorm": "every LayerNorm",
    "bias": "every bias",
    "lora": "low-rank additions to its query and value projections"
    " (in GPT-2 and ModernBERT to keys, too)",
}

# Columns that a choice of settings is valid for -> what they say.
CHOSEN_FOR = {
    ("adaptation",): "adaptation {adaptation}",
    ("encoder", "layers"): "{layers} layers of {encoder}",
    ("train_n", "max_tokens"): "{train_n} training sequences of at most {max_tokens} tokens",
    ("steps", "batch_size", "patience", "cooldown"): "at most {steps} steps of {batch_size}"
    " examples, a patience of {patience} and a cooldown of {cooldown}",
}

# Column of the table `runs` -> what an arm's settings of it are called.
SETTINGS = {"learning_rate": "Learning rates", "warmup": "Warm-ups", "pooling": "Poolings"}

MOST_NAMED = 6  # tasks or arms that a sentence names one by one


def of_study(
    run: pd.DataFrame, comparisons: pd.DataFrame, budget: pd.DataFrame, records: Sequence[dict]
) -> list[str]:
    """What every verdict of this study rests on and what its intervals leave out, in sentences.

    run, comparisons, budget: the tables of these names (`runs`); records: of `ledger.judge`.
    """
    return [
        *_what_trains(run),
        *_what_intervals_cover(run, budget, records),
        *_size_of_encoder(comparisons),
        *_domain_pretraining(budget),
        *_settings_of_arms(run),
        *_metrics(run),
        *_diverged_runs(run),
        *_runs_that_did_not_learn(run),
        *_runs_cut_short(run),
        *_similarities(comparisons),
    ]


def _what_trains(run: pd.DataFrame) -> Iterator[str]:
    parts = " and ".join(_trained(adaptation) for adaptation in run["adaptation"].unique())
    yield f"Trained in every arm: the classifier's head and, of the encoder, {parts}."


def _what_intervals_cover(
    run: pd.DataFrame, budget: pd.DataFrame, records: Sequence[dict]
) -> Iterator[str]:
    seeds = run.groupby("task")["seed"].nunique()
    judged = [one for one in records if one["verdict"] not in (NOT_TESTED, NOT_TESTABLE)]
    asked = {one["id"].partition("-")[0] for one in judged}
    covered = " Intervals of test scores cover seeds and test examples" + "".join(
        f", those of ({name}) {what}"
        for name, what in (("a", "seeds and dev examples"), ("d2", "what its estimand says"))
        if name in asked
    )
    covered += "."
    most = f" to {seeds.max()}" if seeds.nunique() > 1 else ""
    yield (
        f"Seeds per task: {seeds.min()}{most}. A seed draws the token map (where it is not the same"
        " at every seed), the classifier head, the batch order and every weight that an arm has"
        f" drawn anew.{covered}"
        + " Two seeds show little of how seeds differ."
        * bool(seeds.min() == 2)
    )
    smallest = run.loc[run["test_n"].idxmin()]
    domain = "domain" in set(run["initialization"])
    reference = (
        ", and those of test scores not that of the one domain pretraining run a task" * domain
    )
    units = budget.set_index("task")["test_units"][smallest["task"]]
    n = f"{smallest['test_n']}" + f" in {units} units" * bool(units != smallest["test_n"])
    yield (
        f"The smallest test set, {smallest['task']}, has n = {n}. The intervals do not cover the"
        f" choice of tasks or of the one text-pretrained encoder{reference}."
    )
    tested = [record["headline"] for record in judged]
    if not any(tested):
        return
    beside = f" ({tested.count(False)} more stand beside)" * (False in tested)
    many = sum(tested) > 1
    claims = f"{sum(tested)} claims{beside} are read side by side, without adjustment." * many
    held = [f"({name})" for name in ("c", "d1") if name in asked]
    apart = ""
    if held:
        apart = f", except for what supports {names.listed(held)}, which every task must"
    adjusted = f" Within a claim, tasks are adjusted (Holm){apart}." * (len(seeds) > 1)
    yield f"{claims or f'1 claim{beside} is judged.'}{adjusted}"


def _size_of_encoder(comparisons: pd.DataFrame) -> Iterator[str]:
    # A reference from elsewhere may have more layers; it is on the right of every pair of two arms.
    if len(comparisons):
        own = comparisons[comparisons["left"] != "domain"]
        rows = own if len(own) else comparisons
        layers = int(rows["layer"].max())
        yield (
            f"The encoder has {layers} layer{'s' * (layers > 1)} of width {rows['width'].min()}:"
            " nothing here speaks for larger ones."
        )


def _domain_pretraining(budget: pd.DataFrame) -> Iterator[str]:
    spent = budget.dropna(subset=["pretraining_steps"])
    # A task without a pretraining of its own made whole numbers decimal.
    counts = spent.columns.intersection(["pretraining_steps", "pretraining_tokens_seen"])
    spent = spent.astype(dict.fromkeys(counts, int))
    failed = spent.loc[spent["pretraining_masked_accuracy"].isna(), "task"]
    if len(failed):
        yield (f"Domain pretraining diverged on {', '.join(failed)}: lower pretrain.learning_rate.")
    if len(spent):
        each = "; ".join(
            f"{row.task} {row.pretraining_steps} steps, {row.pretraining_tokens_seen:,} tokens of"
            f" {_corpus(row)}"
            for row in spent.itertuples()
        )
        if len(spent) > MOST_NAMED:
            steps, tokens = spent["pretraining_steps"], spent["pretraining_tokens_seen"]
            each = f"{len(spent)} tasks, {names.span(steps)} steps, {tokens.min():,} to"
            each += f" {tokens.max():,} tokens, task by task under Budget and cost"
        ended = spent["pretraining_plateau"].eq(True).fillna(False).astype(bool)
        if ended.all():
            yield (
                f"Domain pretraining ended when its loss on held-out sequences no longer fell"
                f" ({each}): the domain arm is a stand-in for an expert model of the field, of more"
                " data and parameters."
            )
        else:
            yield (
                f"Domain pretraining had a small budget ({each}): the domain arm is a stand-in for"
                " an expert model of the field. After few steps it may still resemble random"
                " weights, and so raise their similarity to it, from which (d2) is counted."
            )
        late = spent.loc[spent["pretraining_plateau"].notna() & ~ended, "task"]
        late = late[~late.isin(failed)]
        if len(late):
            yield (
                f"Domain pretraining on {', '.join(late)} took all of its steps before its patience"
                " was over: it might still have improved."
            )


def _corpus(row) -> str:
    own = row.pretraining_corpus == row.task
    return "its own training sequences" if own else f"the corpus {row.pretraining_corpus}"


def _settings_of_arms(run: pd.DataFrame) -> Iterator[str]:
    """Where the arms of a task have other settings, and which have the same in all."""
    if run["initialization"].nunique() < 2:
        return
    arms = run.groupby(["task", "initialization"], sort=False)
    same = []
    for name, plural in SETTINGS.items():
        if (run[name] == "none").all():  # no pooling, which suits all arms alike
            continue
        chosen = arms[name].first().unstack(sort=False)
        differing = chosen[chosen.nunique(axis=1) > 1]
        if len(differing):
            each = "; ".join(f"{task} ({_by_value(row)})" for task, row in differing.iterrows())
            yield f"{plural} differ between the arms of a task: {each}."
        else:
            same.append(plural if not same else plural.lower())
    if same:
        yield (
            f"{names.listed(same)} are the same in all arms of a task, which may suit one arm more"
            " than another."
        )


def _by_value(row: pd.Series) -> str:
    """A setting's values and the arms that have them: `0.001 for random weights, 0.0001 for the
    others`; a value that many arms have comes last."""
    arms = [(value, list(part.index)) for value, part in row.dropna().groupby(row, sort=False)]
    *few, (most, rest) = sorted(arms, key=lambda one: len(one[1]))
    others = "the others" if len(rest) > 2 else names.listed(map(names.arm, rest))
    said = [f"{value} for {names.listed(map(names.arm, named))}" for value, named in few]
    return ", ".join([*said, f"{most} for {others}"])


def _metrics(run: pd.DataFrame) -> Iterator[str]:
    if run["metric"].nunique() > 1:
        tasks = run.drop_duplicates("task").itertuples()
        each = ", ".join(f"{row.task} {names.unit(row.metric)}" for row in tasks)
        yield (
            f"Tasks are scored by different metrics ({each}); an overall effect is their plain"
            " mean."
        )


def _diverged_runs(run: pd.DataFrame) -> Iterator[str]:
    failed = run["test_score"].isna()
    diverged = run[run["diverged"].astype(bool) & ~failed]
    if len(diverged):
        they = "it is" if len(diverged) == 1 else "they are"
        yield (
            f"{len(diverged)} of {len(run)} runs diverged ({_named(diverged)}); {they} counted"
            " with the score of the best step, not dropped."
        )
    if failed.any():
        yield (
            f"{failed.sum()} of {len(run)} runs have no finite score ({_named(run[failed])}): every"
            " mean over their seeds is left empty, and claims about their arms are undecided."
        )


def _runs_that_did_not_learn(run: pd.DataFrame) -> Iterator[str]:
    untrained = run[(run["best_step"] == 0) & run["test_score"].notna()]
    if len(untrained):
        were = "was best before its" if len(untrained) == 1 else "were best before their"
        yield (
            f"{len(untrained)} of {len(run)} runs {were} first step ({_named(untrained)}), as one"
            " that fails to train, and counted with the score of an untrained model."
        )


def _runs_cut_short(run: pd.DataFrame) -> Iterator[str]:
    ended = run["plateau"].astype(bool) | run["diverged"].astype(bool) | run["test_score"].isna()
    fixed = (run["cooldown"] == 1) | (2 * run["patience"] >= run["steps"])
    if fixed.all():
        yield (
            f"By the study's settings every run takes all {names.span(run['steps'])} steps: more"
            " might raise scores."
        )
    elif not ended.all():
        count = int((~ended).sum())
        was, their = ("was", "its") if count == 1 else ("were", "their")
        yield (
            f"{count} of {len(run)} runs {was} stopped by the budget of"
            f" {run['steps'].max():.0f} steps before {their} patience was over"
            f" ({_named(run[~ended])}): more steps might raise {their} score{'s' * (count > 1)}."
        )


def _named(rows: pd.DataFrame) -> str:
    """The runs, task by task and arm by arm; where that is long, how many of each arm."""
    arms = rows.groupby(["task", "initialization"], sort=False)["seed"]
    if arms.ngroups > MOST_NAMED:
        counts = rows.groupby("initialization", sort=False)["task"].agg(["size", "nunique"])
        each = "; ".join(
            f"{names.arm(one.Index)} {one.size} in {one.nunique} task{'s' * (one.nunique != 1)}"
            for one in counts.itertuples()
        )
        return f"{each}; the table of all runs names them"
    return "; ".join(names.runs(task, arm, *seeds) for (task, arm), seeds in arms)


def _similarities(comparisons: pd.DataFrame) -> Iterator[str]:
    """The pairs of layers without a score."""
    lacking = comparisons[comparisons["score"].isna()]
    pairs = lacking[["task", "left", "right"]].drop_duplicates()
    if len(pairs):
        each = "; ".join(
            f"{names.contrast(f'{row.left}-vs-{row.right}')} in {row.task}"
            for row in pairs.itertuples()
        )
        yield (
            f"{len(lacking)} of {len(comparisons)} similarities are not defined ({each}), since all"
            " states of a layer are equal or some are not finite: every mean over them is left"
            " empty."
        )


def of_settings(
    run: pd.DataFrame, settings: pd.DataFrame, codes: Mapping[str, str] | None = None
) -> list[str]:
    """What the table of chosen settings says against itself, in sentences; none where it is silent.

    settings: as `settings_choice.choose` writes it; a table written by hand may lack columns, and
    then too little is known of its making. codes: arm -> digest of the code that its sweep would
    have now; None if it is not known.
    """
    keys = ["task", "initialization"]
    columns = [name for group in CHOSEN_FOR for name in group]
    arms = run.drop_duplicates(keys)[[*keys, *columns]]
    if not {*columns, "runs", "edge", "code"} <= set(settings):
        return ["The table of learning rates and poolings does not say how they were chosen."]
    chosen = arms.merge(settings, on=keys, suffixes=("", "_swept"))
    pooled = not (run["pooling"] == "none").all()
    setting, lines = "Learning rate and pooling" if pooled else "Learning rate", []
    for group, said in CHOSEN_FOR.items():
        other = pd.concat([chosen[name] != chosen[f"{name}_swept"] for name in group], axis=1)
        if other.any(axis=None):
            row = chosen[other.any(axis=1)].iloc[0]
            swept, own = (
                said.format(**{name: row[f"{name}{suffix}"] for name in group})
                for suffix in ("_swept", "")
            )
            lines.append(
                f"{setting} of {other.any(axis=1).sum()} of {len(chosen)} pairs of task and arm"
                f" were chosen for other runs than these: with {swept}, not with {own}"
                f" ({row.task}); they may not suit them."
            )
    if codes and (chosen["code"] != chosen["initialization"].map(codes)).any():
        lines.append(
            "The table of learning rates and poolings was made by another state of the training"
            " code; `snakemake settings` would choose anew."
        )
    if (chosen["runs"] < 2).any():
        lines.append(
            f"{setting} of {(chosen['runs'] < 2).sum()} of {len(chosen)} pairs of task and arm rest"
            " on one sweep run a candidate: a lucky one may have won."
        )
    if "diverged" in chosen and (chosen["diverged"] > 0).any():
        failed = _arms_by_task(chosen[chosen["diverged"] > 0])
        lines.append(
            f"Every candidate of the sweep diverged in a run for {failed}: the chosen one did least"
            " often. Add lower learning rates."
        )
    edge = chosen[chosen["edge"]]
    if len(edge):
        lines.append(
            "The chosen learning rate is the lowest or highest candidate for"
            f" {_arms_by_task(edge)}: a better one may lie outside the sweep."
        )
    return lines


def _arms_by_task(rows: pd.DataFrame) -> str:
    """`splice (text pretraining and random weights); composer (random weights)`."""
    arms = rows.groupby("task", sort=False)["initialization"]
    return "; ".join(f"{task} ({names.listed(map(names.arm, part))})" for task, part in arms)


def _trained(adaptation: str) -> str:
    if adaptation.startswith("last-"):
        number = adaptation.removeprefix("last-")
        layers = "layer" if number == "1" else f"{number} layers"
        return f"its last {layers} and the pooler ({adaptation})"
    return f"{TRAINED[adaptation]} ({adaptation})"
