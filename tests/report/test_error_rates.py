"""How often verdicts err, over generated studies whose truth is known.

The rates stand in docs/explanation/statistics.md; a bound here is what 400 studies of a rate of
5 % exceed once in a thousand times, or less.
"""

import numpy as np
import pytest
from test_estimates import study

from seqtransfer.report import estimates, verdicts

STUDIES = 400
BOUND = 36  # of 400: mean 20, standard deviation 4.4, once in a thousand times


def judged(rng, effects, *, margin=None, collapse=0.0, **options):
    """The verdict of a study of a task for each effect, and its tasks' verdicts."""
    found = {}
    for number, effect in enumerate(effects):
        differences, without = study(rng, effect=effect, **options)
        lost = rng.random((2, len(differences))) < collapse  # runs that end at chance, in both arms
        shift = -0.4 * lost[0] + 0.4 * lost[1]
        found[f"t{number}"] = estimates.crossed(differences + shift, without + shift[:, None])
    level, line = (0.95, 0.0) if margin is None else (0.9, -margin)
    records = verdicts.of_tasks(found, {}, level, line)
    verdict, _ = verdicts.overall(found, records, level, line, every=margin is not None)
    return verdict, [record["verdict"] for record in records]


OPTIONS = {"lean": 0.15, "seed_sd": 0.05}
SCENES = {
    "no effect": {},
    "four seeds": {"seeds": 4},
    "a tenth of the runs collapses": {"collapse": 0.1},
    "pieces": {"units": 40, "size": 5},
}


@pytest.mark.parametrize("scene", SCENES)
def test_without_an_effect_few_studies_decide_anything(scene):
    rng, decided, some_task = np.random.default_rng(5), 0, 0
    for _ in range(STUDIES):
        verdict, tasks = judged(rng, [0.0] * 4, **OPTIONS | SCENES[scene])
        decided += verdict != verdicts.UNDECIDED
        some_task += any(one != verdicts.UNDECIDED for one in tasks)
    assert decided <= BOUND, decided
    assert some_task <= BOUND, some_task  # Holm: of four tasks side by side


def test_at_the_margin_few_studies_call_text_nearly_as_good():
    rng, supported, of_one = np.random.default_rng(6), 0, 0
    for _ in range(STUDIES):
        supported += judged(rng, [-0.05] * 4, margin=0.05, **OPTIONS)[0] == verdicts.SUPPORTED
        # The hardest case: one task at the margin, the others far above it.
        mixed = [-0.05, 0.2, 0.2, 0.2]
        of_one += judged(rng, mixed, margin=0.05, **OPTIONS)[0] == verdicts.SUPPORTED
    assert supported <= 4  # each of four tasks would have to err
    assert of_one <= BOUND, of_one


def test_tasks_that_point_both_ways_are_seldom_called_an_agreement():
    rng, wrong = np.random.default_rng(7), 0
    for _ in range(STUDIES):
        verdict, _ = judged(rng, [0.15, 0.15, -0.15, -0.15], **OPTIONS)
        wrong += verdict in (verdicts.SUPPORTED, verdicts.CONTRADICTED)
    assert wrong <= BOUND, wrong


def test_a_large_effect_is_found_and_has_its_sign():
    rng, right, wrong = np.random.default_rng(8), 0, 0
    for _ in range(100):
        verdict, _ = judged(rng, [0.15] * 4, **OPTIONS)
        right += verdict == verdicts.SUPPORTED
        wrong += verdict in (verdicts.CONTRADICTED, verdicts.MIXED)
    assert right >= 90 and wrong == 0
