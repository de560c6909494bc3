"""How often the interval of (a) errs, over generated studies of two arms that learn equally fast.

Each example has a difficulty, in part an arm's own, and a run answers those that its ability at a
step exceeds, by a coin the others. So arms differ on the dev examples that were drawn, and runs by
when they begin to learn and how far they get.
"""

import numpy as np
import pytest

from seqtransfer.report.claims import estimates
from seqtransfer.scoring.learning_curves import relative_area

STUDIES, BOUND = 400, 36  # as in test_error_rates
STEPS = np.array([0, *(2**i for i in range(2, 6)), *range(64, 257, 64)])
EXAMPLES, GROUPS, SEEDS = 200, 20, 4
LABELS = np.arange(EXAMPLES) % 2


def correlations(answers, group):
    """(steps, 1 + groups) MCC of two classes, of all examples and without each group."""
    member, counts = np.eye(GROUPS)[group], []
    for label, answer in np.ndindex(2, 2):
        hit = (LABELS == label) & (answers == answer)
        whole = hit.sum(axis=1, keepdims=True)
        counts.append(np.hstack([whole, whole - hit @ member]))
    tn, fp, fn, tp = counts
    scale = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    return (tp * tn - fp * fn) / np.maximum(scale, 1)


def generated(rng, *, lean, seed_sd, own):
    """Differences of two arms in `relative`: (seeds,), and (seeds, groups) without each group.

    lean, own: spread of the difficulty that is an arm's own and that is a run's own, where what all
    runs share is 1; seed_sd: spread of what runs reach, and a third of that of when they begin.
    """
    group, shared = rng.permutation(EXAMPLES) % GROUPS, rng.normal(0, 1, EXAMPLES)
    found = []
    for _ in range(2):
        difficulty = shared + rng.normal(0, lean, EXAMPLES)
        for _ in range(SEEDS):
            begin, top = rng.normal(4.5, 3 * seed_sd), rng.normal(1.2, seed_sd)
            ability = -1 + (top + 1) / (1 + np.exp(-1.3 * (np.log2(STEPS + 1) - begin)))
            noise = rng.normal(0, own, EXAMPLES) + rng.normal(0, own / 2, (len(STEPS), EXAMPLES))
            known = ability[:, None] > difficulty + noise
            right = known | (rng.random(known.shape) < 0.5)
            scores = correlations(np.where(right, LABELS, 1 - LABELS), group)
            found.append(relative_area(STEPS, np.maximum.accumulate(scores, axis=0)))
    left, right = np.array(found).reshape(2, SEEDS, 1 + GROUPS)
    return (left - right)[:, 0], (left - right)[:, 1:]


def misses(estimate):
    low, high = estimate.interval(0.95)
    return not low <= 0 <= high


@pytest.mark.parametrize(
    "scene",
    [
        {"lean": 0.5, "seed_sd": 0.15, "own": 1.0},
        {"lean": 2.0, "seed_sd": 0.01, "own": 0.0},  # dev examples dominate
    ],
)
def test_without_a_difference_in_speed_few_intervals_miss_it(scene):
    rng, missed, by_seeds = np.random.default_rng(3), 0, 0
    for _ in range(STUDIES):
        differences, without = generated(rng, **scene)
        missed += misses(estimates.crossed(differences, without))
        by_seeds += misses(estimates.crossed(differences))
    assert missed <= BOUND, missed
    if scene["lean"] > 1:
        assert by_seeds > BOUND, by_seeds  # what seeds alone would miss
