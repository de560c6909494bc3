"""What people see of an arm, its name in words and its colour; and which arms are soft starts.

A soft start is the text encoder, made ready for one task by a job of its own. To training it is one
more `from-<name>`, whose weights come from that job; SOFT_STARTS says which names these are.
"""

from dataclasses import dataclass

from seqtransfer.encoders.initializations import Arm, parse


@dataclass(frozen=True)
class Description:
    """What people see of an arm. title: its name in words, with the parameter in braces.
    pretrained, fresh: which weights are. colour: of seaborn's palette `colorblind`, by number; None
    for shades of the arm `shade_of`, by place and number, or of their own. rung: whether it is a
    part of the text encoder, a rung of the ladder."""

    title: str
    pretrained: str
    fresh: str
    colour: int | None = None
    shade_of: str | None = None
    rung: bool = True


DESCRIPTIONS = {
    "random": Description("random weights", "nothing", "everything", colour=1, rung=False),
    "moments": Description(
        "random weights with the text encoder's moments",
        "mean and variance of each tensor, exactly",
        "normal numbers of these moments",
        colour=7,
    ),
    "shuffled": Description(
        "text weights shuffled", "the values of each tensor", "their order within it", colour=4
    ),
    "spectrum": Description(
        "text weights' singular values",
        "the singular values of each matrix, the values of each vector",
        "singular vectors, the order within vectors",
        shade_of="text",
    ),
    "embeddings-only": Description(
        "text embeddings only", "embeddings of tokens, positions and types", "the rest", 3
    ),
    "layernorm-only": Description("text LayerNorms only", "every LayerNorm", "the rest", 5),
    "attention-only": Description(
        "text attention only",
        "projections to queries, keys and values, and the output projections",
        "the rest",
        6,
    ),
    "feedforward-only": Description(
        "text feed-forward blocks only", "the feed-forward blocks", "the rest", 8
    ),
    "first": Description(
        "first {} layers of text",
        "the embeddings with their LayerNorm, and so many layers from the bottom",
        "the layers above and the pooler",
        shade_of="text",
    ),
    "re-embedded": Description(
        "text pretraining, new token embeddings",
        "all but the table of tokens (the paper's ablation)",
        "the table of tokens",
        9,
    ),
    "text": Description(
        "text pretraining",
        "everything; each symbol has the embedding of a random word piece",
        "nothing",
        0,
    ),
    "from": Description(
        "pretraining on {}",
        "everything, by masked-language modelling on another corpus; each symbol has the embedding"
        " of a random symbol of it, or its own where both have exactly the same symbols",
        "the pooler",
        rung=False,
    ),
    "checkpoint": Description(
        "domain pretraining, {} steps",
        "as `domain`, after so many steps of its pretraining",
        "the pooler",
        shade_of="domain",
        rung=False,
    ),
    "domain": Description(
        "domain pretraining",
        "everything, by masked-language modelling on the task's own training sequences, or on a"
        " corpus of its domain; symbols keep their meaning, so no token map applies",
        "the pooler",
        colour=2,
        rung=False,
    ),
}


SOFT_STARTS = {  # what follows `from-` -> the arm
    "aligned": Description(
        "text pretraining, symbols aligned with text",
        "everything; the embeddings of the symbols start as those of `text` and are moved, before"
        " fine-tuning and with the encoder as it is, so that training sequences lie where texts lie"
        " (ORCA's first stage)",
        "nothing",
        rung=False,
    ),
}


def soft_start(name: str) -> str | None:
    """The key of SOFT_STARTS that the arm, or the whole that it is a part of, starts from."""
    corpus = parse(name).corpus
    return corpus if corpus in SOFT_STARTS else None


def _description(name: str, arm: Arm) -> Description:
    """Of the arm's whole."""
    soft = soft_start(name)
    return SOFT_STARTS[soft] if soft else DESCRIPTIONS[arm.kind]


def describe(name: str) -> tuple[str, str]:
    """What of the arm `name` is pretrained, and what is fresh, in words."""
    arm = parse(name)
    if arm.part is None:
        known = _description(name, arm)
        return known.pretrained, known.fresh
    whole = name.removesuffix(f"-{arm.part}")
    return f"of `{whole}`: {DESCRIPTIONS[arm.part].pretrained}", DESCRIPTIONS[arm.part].fresh


def title(name: str) -> str:
    """The arm's name in words, such as `first 2 layers of text`."""
    arm = parse(name)
    parameter = arm.number if arm.corpus is None else arm.corpus
    whole = _description(name, arm).title.format(parameter)
    if arm.part is None:
        return whole
    return f"{whole}, {DESCRIPTIONS[arm.part].title.removeprefix('text ')}"
