"""What a user should hear of a study that is right as it stands: its arms test no claim, or a task
came out smaller than it asks for."""

from collections.abc import Collection, Mapping

from seqtransfer.corpora.examples import SPLITS

# The pairs of arms that claims compare; the similarities of (d) need the second, too.
CLAIMED = (("text", "random"), ("text", "domain"), ("shuffled", "random"), ("text", "shuffled"))


def untested(arms: Collection[str]) -> str | None:
    """What is said of a study whose arms test no claim; None of any other."""
    if any({*pair} <= {*arms} for pair in CLAIMED):
        return None
    others = {"random", "domain", "shuffled"} & {*arms}
    lacking = "`random`" if "text" in arms else "`text`" if others else "`text` and `random`"
    return (
        f"claims: none can be tested, as each compares two arms; add {lacking} to initializations"
    )


def of_parts(task: Mapping, asked: Mapping[str, float]) -> list[str]:
    """Lines on a task's `task.json`, none where it is as the study asked. asked: its `examples`."""
    counts, told = task["counts"], []
    wanted = {part: asked[part] for part in SPLITS}
    wanted["train"] = int(asked["train"] * asked.get("train_fraction", 1))
    fewer = [
        f"{counts[part]} of {wanted[part]} examples in {part}"
        for part in SPLITS
        if counts[part] < wanted[part]
    ]
    if fewer:
        told.append(f"{task['task']}: smaller than asked for: {', '.join(fewer)}")
    if task["units"]["dev"] == 1 < counts["dev"]:
        told.append(
            f"{task['task']}: dev is one group, which alone chooses learning rates and steps; bring"
            " more groups, make them smaller, or raise examples.dev"
        )
    return told
