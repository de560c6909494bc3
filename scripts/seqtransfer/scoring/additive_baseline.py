"""What the symbols of aligned sequences give away place by place: the additive model.

Ridge (for classes logistic) regression on which symbol stands at each place: every symbol has an
effect at its place whatever stands elsewhere, and effects add up. Such is the additive map from
genotype to phenotype that measured effects of mutations are first described by (Tareen et al.
2022), and of classes the weight matrix by place of sites on DNA. What it misses is epistasis.

It reads the same id sequences as the encoder, for tasks that `aligns` says it has a meaning for.
"""

from collections.abc import Iterable, Mapping
from functools import partial

import numpy as np
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring import baselines
from seqtransfer.scoring.baselines import Baseline
from seqtransfer.scoring.task_kinds import Target

STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)  # C: the inverse of the L2 penalty


def aligns(train: Ragged, facts: Mapping) -> bool:
    """Whether a place can mean the same in all sequences: a number or a class is asked of each, all
    training sequences have one length, none was cut to it, no order was shuffled, and units
    have less than two of them on average: windows of a longer piece share one.

    facts: of the task's `task.json`.
    """
    alone = 2 * facts["units"]["train"] > len(train)
    whole = alone and facts["cut"]["train"]["cut"] == 0 and "order" not in facts
    asked = facts["kind"] in ("classification", "regression")
    return asked and whole and len(np.unique(np.diff(train.offsets))) == 1


def fitted(train: Ragged, dev: Ragged, test: Ragged, target: Target) -> Baseline:
    """The model, `additive`, fitted on `train`; `dev` picks the penalty. Deterministic."""
    length = len(baselines.symbols(train)[0])
    model, detail = baselines.select(candidates(length, target.kind), train, dev, target)
    answers = {
        part: baselines.answer(model, own, target)
        for part, own in {"dev": dev, "test": test}.items()
    }
    return Baseline("additive", detail, answers)


def candidates(length: int, kind: str) -> Iterable[tuple[str, Pipeline]]:
    """A description and a model for each of STRENGTHS, the strongest penalty first, for lists of
    symbols, as `baselines.symbols` gives. A symbol that no training sequence has at its place has
    no effect."""
    for strength in STRENGTHS:
        yield (
            f"{length} places, C={strength:g}",
            make_pipeline(
                FunctionTransformer(partial(places, length=length)),
                OneHotEncoder(handle_unknown="ignore"),
                baselines.regression(strength, kind),
            ),
        )


def places(sequences: list[list[str]], length: int) -> np.ndarray:
    """(n, length) of str objects: the symbols of each sequence by place; those beyond `length` are
    left out, and a place beyond the end is empty."""
    table = np.full((len(sequences), length), "", dtype=object)
    for row, sequence in enumerate(sequences):
        table[row, : len(sequence)] = sequence[:length]
    return table
