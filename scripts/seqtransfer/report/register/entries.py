"""What an entry of the register is, which studies have it, and columns that many tables share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from seqtransfer.encoders import arm_descriptions, initializations

INTERVAL = "95 % t interval over seeds"


def always(config: Mapping) -> bool:
    """Every study has it."""
    return True


def matches_attention(config: Mapping) -> bool:
    """Studies that match attention heads."""
    return compares_arms(config) and "attention" in config["compare"]


def arm_kinds(config: Mapping) -> set[str]:
    """The kinds of the study's arms, but for those taken in part and soft starts."""
    names = (name for name in config["initializations"] if not arm_descriptions.soft_start(name))
    return {arm.kind for arm in map(initializations.parse, names) if arm.part is None}


def has_controls(config: Mapping) -> bool:
    """Studies that train controls beside the arms."""
    return bool(config.get("controls"))


def pretrains_in_steps(config: Mapping) -> bool:
    """Studies with an arm that starts at a step of pretraining."""
    return "checkpoint" in arm_kinds(config)


def transfers_corpora(config: Mapping) -> bool:
    """Studies of arms pretrained on other corpora, whose gains over `random` can be shown."""
    return {"from", "random"} <= arm_kinds(config)


def compares_arms(config: Mapping) -> bool:
    """Studies of two arms or more, whose similarities are compared."""
    return len(config["initializations"]) > 1


def calibrates(config: Mapping) -> bool:
    """Studies whose similarities have a floor and a ceiling: arms are compared, and the reference
    is not random weights, the floor itself."""
    return compares_arms(config) and config["compare"]["reference"] != "random"


def calibrates_arms(config: Mapping) -> bool:
    """Studies that calibrate the similarity of arms to the reference, not of random weights
    alone."""
    arms = set(config["initializations"]) - {"random"}
    return calibrates(config) and bool(arms - {config["compare"]["reference"]})


def has_random_and_others(config: Mapping) -> bool:
    """Studies of arms beside `random`, whose gains over it can be shown."""
    return "random" in arm_kinds(config) and len(config["initializations"]) > 1


def compares_text_with_random_over_seeds(config: Mapping) -> bool:
    """Studies of several seeds in which `text` meets `random`."""
    return {"text", "random"} <= arm_kinds(config) and len(config["seeds"]) > 1


def climbs_the_ladder(config: Mapping) -> bool:
    """Studies of parts of a pretrained encoder, beside `text` and `shuffled`, which claims ask
    for."""
    rungs = {kind for kind, known in arm_descriptions.DESCRIPTIONS.items() if known.rung}
    kinds, arms = arm_kinds(config), map(initializations.parse, config["initializations"])
    parts = bool(kinds & (rungs - {"text", "shuffled"})) or any(arm.part for arm in arms)
    return "random" in kinds and parts


@dataclass(frozen=True)
class Table:
    """title: as it is listed; caption: what it shows and how it is read; columns: the meaning and
    unit of each, `<metric>` standing for any; readable: whether it is short enough to be read, and
    written as Markdown, LaTeX and HTML, too; judged: whether it is made from the claims; any_size:
    columns whose numbers may be of any power of ten, so that decimals alone would hide some."""

    title: str
    caption: str
    columns: Mapping[str, str]
    readable: bool = False
    judged: bool = False
    any_size: tuple[str, ...] = ()
    has: Callable[[Mapping], bool] = always


@dataclass(frozen=True)
class Figure:
    """title: as it is listed; caption: as it can be read alone; tables: those that it is drawn
    from, besides `runs` and `budget`; parts: of train, dev and test, whose examples its numbers are
    of; one_measure: whether it shows similarity by the measure that claim (d) is judged by alone;
    sweep: whether it needs the sweep that chose the settings; on_request: whether it is drawn only
    where its file is asked for."""

    title: str
    caption: str
    tables: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    one_measure: bool = False
    has: Callable[[Mapping], bool] = always
    sweep: bool = False
    on_request: bool = False


# Columns that several tables have.
KNOWN = {
    "task": "Name of the task",
    "initialization": "Name of the arm",
    "seed": "Of token map, classifier head, batch order and the weights drawn anew",
    "left": "The arm on the left of a comparison; a difference is left minus right",
    "right": "The arm on its right",
    "stage": "before or after fine-tuning; or change: an arm before, left, against itself after",
    "layer": "Layer of the left encoder, 0 = embeddings; the right one's is at equal relative"
    " depth",
    "left_layer": "Layer of the left encoder, 0 = embeddings",
    "right_layer": "Layer of the right encoder, 0 = embeddings",
    "measure": "Name of the measure of similarity",
    "split": "test, or dev, which picked the step and is optimistic",
    "metric": "Name of the metric",
    "mean": "Mean over seeds; empty if one has no finite number",
    "low": f"Lower bound of the {INTERVAL}; empty for one seed, or where all are alike",
    "high": f"Upper bound of the {INTERVAL}; empty for one seed, or where all are alike",
    "seeds": "How many seeds have a finite number",
    "n": "How many examples",
    "sequences": "Sequences that they are of",
    "score": "Similarity, unitless",
    "null_mean": "Mean of the null: whole units re-paired at random",
    "null_low": "Least of the null's draws: chance is below that of 19 once in 20 times",
    "null_high": "Greatest of the null's draws: chance is above that of 19 once in 20 times",
    "p_value": "Permutation p-value: (1 + draws as similar) / (1 + draws)",
    "analytic_null": "Score expected of randomly paired rows; empty where no formula is known",
    "rows": "Rows of the representations that the measure saw",
    "width": "Neurons of the wider encoder",
    "left_rank": "Directions of the left encoder that the measure uses; 0 if its states do not vary"
    " or are not finite, and then there is no score",
    "right_rank": "The same of the right encoder",
    "few_rows": "Fewer than ten rows per neuron, where canonical correlations are high by chance",
    "ties": "Canonical correlations of 1, by few rows or a subspace that both sides share, among"
    " which the weights of PWCCA are arbitrary; 0 for measures without such",
    "learning_rate": "AdamW's highest learning rate",
    "warmup": "Share of the steps in which the learning rate rises",
    "pooling": "mean over tokens; first, the encoder's pooler on [CLS]; last, the token [SEP]; none"
    " where tokens are classified",
    "step": "Optimizer steps so far",
    "steps": "Optimizer steps at most",
    "examples_seen": "Examples seen so far",
    "diverged": "Loss exploded or was not finite; such a run counts with its best step, or has no"
    " score if it has no finite one",
    "scope": "between: a point a task, the mean over its arms; within: a point a task and arm, less"
    " the task's mean",
    "tasks": "How many tasks",
    "arms": "How many arms have a number in every run",
    "rho": "Spearman's correlation of means over seeds; empty for fewer than 4 points, or where a"
    " side does not vary, as within tasks with one arm",
    "permutations": "How many were taken of tasks (between) or, alike in all tasks, of arms"
    " (within): p is at least 1 over them",
    "code": "Digest of the code that made it",
}


def columns(names: str, **own: str) -> dict[str, str]:
    """The columns called `names`, in order: of KNOWN, or `own` meanings."""
    return {name: own.get(name) or KNOWN[name] for name in names.split()}
