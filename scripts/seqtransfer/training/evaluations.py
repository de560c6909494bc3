"""The steps at which a run is scored on dev, and the share of the run's time that this takes."""

LIMIT = 0.25  # share of the time of the training steps


def grid(steps: int, first: int) -> list[int]:
    """The steps at which dev is scored: 0, `first`, each doubling of it, and the last step."""
    taken, step = [0], first
    while step < steps:
        taken.append(step)
        step *= 2
    return [*taken, steps]


def check(steps: int, batch_size: int, first: int, dev: int) -> None:
    """Raise ValueError if scoring `dev` examples on the grid takes more than LIMIT of training.

    Time is counted in examples: a forward pass costs a third of a forward and backward pass.
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
