"""What tells the class of a token without a network: nothing, its symbol, or a window of symbols.

- `majority`: always the most frequent class.
- `symbol`: the classes that its symbol has in training; of a new symbol, those of all.
- `window`: logistic regression on which symbol stands at each place up to so many symbols away.

All read the same id sequences as the encoder, [CLS] and [SEP] included, which mark the ends.
"""

from itertools import product

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring.baselines import Baseline
from seqtransfer.scoring.task_kinds import TokenClassification

WINDOWS = (1, 4, 8)  # symbols to either side
STRENGTHS = (0.1, 1.0, 10.0)  # C: the inverse of the L2 penalty
OUTSIDE = -1  # stands for what is beyond the ends of a sequence


def fitted(train: Ragged, dev: Ragged, test: Ragged, target: TokenClassification) -> list[Baseline]:
    """The three baselines, fitted on `train`; `dev` picks the window's settings. Deterministic."""
    share = shares(train, target)
    model, window, detail = select_window(train, dev, target)
    most = f"always {target.classes[int(share[-1].argmax())]}"
    answers = {
        ("majority", most): lambda part: np.repeat(share[-1:], len(part.ids), axis=0),
        ("symbol", ""): lambda part: by_symbol(part, share),
        ("window", detail): lambda part: by_window(part, window, model, target),
    }
    return [
        Baseline(*named, {"dev": answers_to(dev), "test": answers_to(test)})
        for named, answers_to in answers.items()
    ]


def shares(train: Ragged, target: TokenClassification) -> np.ndarray:
    """(ids + 1, classes): how often a token of each id has each class, in shares; in the last row,
    and for an id without labelled tokens, those of all tokens."""
    known = train.token_labels >= 0
    counts = np.zeros((train.ids.max() + 2, target.outputs))
    np.add.at(counts, (train.ids[known], train.token_labels[known]), 1)
    counts[counts.sum(axis=1) == 0] = counts.sum(axis=0)
    return counts / counts.sum(axis=1, keepdims=True)


def by_symbol(part: Ragged, shares: np.ndarray) -> np.ndarray:
    """(total, classes) answers: the row of `shares` of each id, the last for ids beyond."""
    return shares[np.minimum(part.ids, len(shares) - 1)]


def windows(part: Ragged, window: int) -> np.ndarray:
    """(m, 2 window + 1) ids around each labelled token, its own in the middle, OUTSIDE beyond the
    ends of its sequence."""
    places = np.flatnonzero(part.token_labels >= 0)
    around = places[:, None] + np.arange(-window, window + 1)
    row = np.searchsorted(part.offsets, places, side="right")[:, None]
    inside = (around >= part.offsets[row - 1]) & (around < part.offsets[row])
    return np.where(inside, part.ids[np.where(inside, around, 0)], OUTSIDE)


def by_window(
    part: Ragged, window: int, model: Pipeline, target: TokenClassification
) -> np.ndarray:
    """(total, classes) answers of a fitted model; zeros at tokens that are not scored."""
    answers = np.zeros((len(part.ids), target.outputs))
    places = np.flatnonzero(part.token_labels >= 0)
    answers[places[:, None], model.classes_] = model.predict_proba(windows(part, window))
    return answers


def select_window(
    train: Ragged, dev: Ragged, target: TokenClassification
) -> tuple[Pipeline, int, str]:
    """The model with the highest dev score over WINDOWS and STRENGTHS, its window, and its
    description. Among equals the narrowest window, then the strongest penalty win."""
    best, chosen = -np.inf, None
    wanted = train.token_labels[train.token_labels >= 0]
    for window, strength in product(WINDOWS, STRENGTHS):
        model = make_pipeline(
            OneHotEncoder(handle_unknown="ignore"), LogisticRegression(C=strength, max_iter=2000)
        ).fit(windows(train, window), wanted)
        answers = by_window(dev, window, model, target)
        score = target.score(dev.token_labels, answers)["score"]
        detail = f"{window} symbols to either side, C={strength:g}"
        print(f"{detail}: dev {target.metric} {score:.4f}")
        if score > best:
            best, chosen = score, (model, window, detail)
    return chosen
