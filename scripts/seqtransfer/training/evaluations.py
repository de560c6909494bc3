"""When a run is scored on dev, when that ends the run, and the share of its time that it takes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

LIMIT = 0.25  # share of the time of the training steps


def grid(steps: int, first: int, every: int | None = None) -> list[int]:
    """The steps at which a run of `steps` is evaluated: 0, `first`, each doubling of it up to
    `every` (all if None), each multiple of `every`, and the last step."""
    every = every or steps
    doubled = [first]
    while 2 * doubled[-1] < every:
        doubled.append(2 * doubled[-1])
    between = sorted({*doubled, *range(every, steps, every)})
    return [0, *(step for step in between if first <= step < steps), steps]


@dataclass(frozen=True)
class DevWatch:
    """The steps at which dev is scored, and how long a run goes on without a better score.

    first, every: of the grid. patience: steps without a better score after which the learning rate
    falls to 0, which ends the run. They are counted from step `patience` on, since a run may take
    as many to begin to learn; one of fewer steps than two patiences takes them all.
    """

    first: int
    every: int
    patience: int

    @classmethod
    def of(cls, settings: dict) -> "DevWatch":
        """From a study's `finetune` settings."""
        return cls(settings["first_evaluation"], settings["evaluate_every"], settings["patience"])

    def grid(self, steps: int) -> list[int]:
        """The steps at which dev is scored in a run of `steps` at most."""
        return grid(steps, self.first, self.every)

    def end(self, step: int, best: int, steps: int, cooldown: float) -> int | None:
        """The last step of a run that is after `step` steps of at most `steps`, and whose best
        evaluation was after `best`; None while its patience lasts, and after the last step.

        It is the first step of the grid that leaves the share `cooldown` of the run to its end, or
        the last of all. With a rate that falls from the first step on, `cooldown` 1, it is None.
        """
        if step - max(best, self.patience) < self.patience or step >= steps or cooldown == 1:
            return None
        return next((end for end in self.grid(steps) if end * (1 - cooldown) >= step), steps)


def check_warmups(settings: Mapping, warmups: Collection[float], key: str = "finetune") -> None:
    """Raise ValueError if a run could end for want of a better score before its rate has risen.

    settings: a study's settings of training, of its `key`; warmups: those that its runs may have,
    shares of its steps.
    """
    steps, patience, longest = settings["steps"], settings["patience"], max(warmups)
    ends_early = patience < steps and settings.get("cooldown", 0) < 1
    if ends_early and longest * steps > patience:
        raise ValueError(
            f"{key}: a warm-up of {longest:g} takes {longest * steps:.0f} of {steps} steps, but"
            f" runs may end after {patience} steps without a better dev score, before their rate"
            f" has risen: set a warm-up of {patience / steps:g} at most, or raise {key}.patience"
        )


def check(steps: int, batch_size: int, watch: DevWatch, dev: int) -> None:
    """Raise ValueError if scoring `dev` examples on the grid takes more than LIMIT of training.

    Time is counted in examples: a forward pass costs a third of a forward and backward pass.
    """
    times = len(watch.grid(steps))
    share = times * dev / 3 / (steps * batch_size)
    if share > LIMIT:
        most = int(3 * LIMIT * steps * batch_size / times)
        raise ValueError(
            f"finetune: dev would be scored {times} times on up to {dev} examples, which takes"
            f" {100 * share:.0f} % of the time of {steps} steps of {batch_size} examples; at most"
            f" {100 * LIMIT:.0f} % is allowed: lower examples.dev to {most}, or raise"
            " finetune.first_evaluation, finetune.evaluate_every or finetune.steps"
        )
