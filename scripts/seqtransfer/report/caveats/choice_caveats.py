"""What a study chose, much of it as the released code did -> what that takes from its verdicts."""

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from seqtransfer.report import names

MOST_NAMED = 6  # symbols that a sentence names one by one


def of_choices(
    leaks: pd.DataFrame,
    token_maps: Mapping[str, Mapping],
    dropout: Sequence[str],
    references: Mapping[str, str],
) -> list[str]:
    """What kept duplicates, token maps, dropout and a reference from elsewhere leave in doubt, in
    sentences; none where a study makes none of these choices.

    leaks: the table of this name; token_maps: the catalogue's `token_map` of each task; dropout:
    arms whose dropout stays on in their hidden states; references: the title of the encoder that
    the arm `domain` of a task starts from, where it was not pretrained here.
    """
    return [
        *of_copies(leaks), *of_maps(token_maps), *of_dropout(dropout), *of_references(references)
    ]  # fmt: skip


def of_copies(leaks: pd.DataFrame) -> list[str]:
    """How many test sequences stand in train, too: none unless a study keeps duplicates."""
    rows = leaks[(leaks["splitting"] == "after") & (leaks["measure"] == "duplicates")]
    rows = rows[(rows["split"] == "test") & (rows["value"] > 0)]
    if rows.empty:
        return []
    each = ", ".join(f"{row.task} {row.value:.0f} of {row.n}" for row in rows.itertuples())
    return [
        f"Test sequences that stand in train, too, since duplicates were kept: {each}. An arm may"
        " know their labels by heart, and intervals take copies for independent. The table of"
        " scores without near test rows has the scores without them. Domain pretraining, if there"
        " is any, may have seen copies of dev and test sequences, too."
    ]


def of_maps(token_maps: Mapping[str, Mapping]) -> list[str]:
    """Which tasks have one map for all seeds, and in which special tokens lose their meaning."""
    fixed = [task for task, record in token_maps.items() if record["kind"] != "permutation"]
    moved = [task for task, record in token_maps.items() if record.get("specials") == "moved"]
    lines = []
    if fixed:
        lines.append(
            f"The token map is the same at every seed in {', '.join(fixed)}: intervals there do not"
            " cover the choice of a map."
        )
    if moved:
        lines.append(
            f"Special tokens start from rows of other tokens in {', '.join(moved)}: where pooling"
            " is `first`, the text encoder finds no [CLS] at position 0."
        )
    return lines


def of_references(references: Mapping[str, str]) -> list[str]:
    """That a domain encoder from elsewhere differs from the others in more than its weights."""
    each = "; ".join(f"{title} in {task}" for task, title in references.items())
    return [
        f"Domain pretraining is by others ({each}): an encoder with all of its layers, a classifier"
        " head of its own width and no token map; random weights have the size of the text encoder."
        " A gain over them may come from its size as well as from its pretraining. What it was"
        " pretrained on, the test sequences or their labels perhaps, is not known here."
    ] * bool(references)


def of_altered(tasks: Mapping[str, Sequence[str]]) -> list[str]:
    """Which tasks were changed while their learning rates were not. tasks: as
    `planning.altered`."""
    each = "; ".join(f"{task} ({', '.join(keys)})" for task, keys in tasks.items())
    return [
        f"This study changes tasks of the catalogue, and takes the learning rates that were chosen"
        f" for them as they stand there: {each}. They may suit one arm less than another;"
        " `finetune: {settings: sweep}` chooses anew."
    ] * bool(tasks)


def of_unknown(
    symbols: Mapping[str, Sequence[str]], known: Mapping[str, Collection[str]]
) -> list[str]:
    """Which symbols a domain encoder from elsewhere lacks, and whether [CLS] or [SEP].

    symbols: of each task with such an encoder; known: the names that its encoder has a row for.
    """
    lines = []
    for task, own in symbols.items():
        lacking = [name for name in own if name not in known[task]]
        ends = [name for name in ("[CLS]", "[SEP]") if name not in known[task]]
        if lacking:
            some = ", ".join(lacking[:MOST_NAMED]) + ", ..." * (len(lacking) > MOST_NAMED)
            ends = [f"{len(lacking)} of its {len(own)} symbols ({some})", *ends]
        if ends:
            lines.append(
                f"In {task} the encoder of the field lacks {names.listed(ends)}. What it lacks"
                " starts fresh, so that domain pretraining is weaker than it could be, and (c)"
                " easier to support. Tokens in its symbols (DNA for RNA: `{kind: classes, classes:"
                " [TU]}`) may mend it."
            )
    return lines


def of_dropout(arms: Sequence[str]) -> list[str]:
    """Which arms are compared with noise in their states."""
    if not arms:
        return []
    return [
        f"Dropout stays on in the hidden states of {names.listed(map(names.arm, arms))} alone:"
        " similarities to these arms are lowered by its noise, and (d) compares arms with it to"
        " arms without."
    ]
