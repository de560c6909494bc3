"""At which steps a run is scored on dev, and how much of the run that takes."""

LIMIT = 0.25  # of the time that the training steps take


def grid(steps: int, first: int) -> list[int]:
    """Steps at which the dev score is taken: 0, `first`, then doubling, and the last step."""
    taken, step = [0], first
    while step < steps:
        taken.append(step)
        step *= 2
    return [*taken, steps]


def check(steps: int, batch_size: int, first: int, dev: int) -> None:
    """Raise ValueError if scoring `dev` examples on the grid takes more than LIMIT of training.

    Counted in examples: one that only goes forward costs a third of one that also goes backward.
    """
    times = len(grid(steps, first))
    share = times * dev / 3 / (steps * batch_size)
    if share > LIMIT:
        most = int(3 * LIMIT * steps * batch_size / times)
        raise ValueError(
            f"finetune: dev would be scored {times} times on up to {dev} examples, which takes"
            f" {100 * share:.0f} % of the time of {steps} steps of {batch_size} examples; at most"
            f" {100 * LIMIT:.0f} % is allowed: lower examples.dev to {most}, or raise"
            " finetune.first_evaluation or finetune.steps"
        )
