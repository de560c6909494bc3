"""What a task's sequences give away without a network: the majority class and n-gram counts.

Both read the same id sequences as the encoder; ids mean nothing here, so no token map is drawn.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

from seqtransfer.formats import Ragged
from seqtransfer.scores import classification_scores

SPECIALS = 5  # ids below are [PAD], [UNK], [CLS], [SEP], [MASK]: the same for every sequence
ORDERS = (1, 2, 3)
STRENGTHS = (1.0, 10.0, 100.0)  # C: the inverse of the L2 penalty


def evaluate(
    task: str, train: Ragged, dev: Ragged, test: Ragged, classes: Sequence[str], provenance: dict
) -> list[dict]:
    """Fit both baselines on `train`; `dev` picks the n-grams' settings; `test` is scored once.

    Labels are indices of `classes`. Returns a record per baseline: task, baseline ("majority" or
    "ngram"), detail, dev and test (as `classification_scores` gives), provenance. Deterministic.
    Raises ValueError if a split is empty or has an unlabelled example, or train has one class only.
    """
    for name, split in (("train", train), ("dev", dev), ("test", test)):
        if len(split) == 0 or split.labels.min() < 0:
            raise ValueError(f"{task}: {name} split is empty or has unlabelled examples")
    answer = majority(train.labels)
    model, detail = select_ngrams(train, dev, len(classes))
    answers = {
        "majority": [np.full(len(split), answer) for split in (dev, test)],
        "ngram": [model.predict(symbols(split)) for split in (dev, test)],
    }
    details = {"majority": f"always {classes[answer]}", "ngram": detail}
    return [
        {
            "task": task,
            "baseline": baseline,
            "detail": details[baseline],
            "dev": classification_scores(dev.labels, on_dev, len(classes)),
            "test": classification_scores(test.labels, on_test, len(classes)),
            "provenance": provenance,
        }
        for baseline, (on_dev, on_test) in answers.items()
    ]


def majority(train_labels: np.ndarray) -> int:
    """The most frequent of (n,) class indices; the smallest of those that tie."""
    return int(np.bincount(train_labels).argmax())


def select_ngrams(train: Ragged, dev: Ragged, classes: int) -> tuple[Pipeline, str]:
    """The n-gram model with the highest dev MCC over ORDERS and STRENGTHS, and its description.

    Among equals the shortest n-grams, then the strongest penalty win: the simplest model.
    """
    best, chosen, detail = -np.inf, None, ""
    for order in ORDERS:
        for strength in STRENGTHS:
            model = ngram_model(order, strength).fit(symbols(train), train.labels)
            score = classification_scores(dev.labels, model.predict(symbols(dev)), classes)["mcc"]
            print(f"orders 1-{order}, C={strength:g}: dev MCC {score:.4f}")
            if score > best:
                best, chosen, detail = score, model, f"orders 1-{order}, C={strength:g}"
    return chosen, detail


def ngram_model(order: int, strength: float) -> Pipeline:
    """Logistic regression on the tf-idf of all n-grams of 1 .. `order` symbols.

    tf-idf with rows of unit length, logarithmic counts: long sequences and frequent symbols do not
    drown the rest, and the matrix stays sparse. Takes lists of symbols, as `symbols` gives.
    """
    return make_pipeline(
        TfidfVectorizer(analyzer=partial(ngrams, order=order), sublinear_tf=True),
        LogisticRegression(C=strength, max_iter=2000),
    )


def ngrams(sequence: Sequence[str], order: int) -> list[str]:
    """All runs of 1 .. `order` neighbouring symbols, each joined by spaces, repeats included."""
    return [
        " ".join(sequence[start : start + size])
        for size in range(1, order + 1)
        for start in range(len(sequence) - size + 1)
    ]


def symbols(split: Ragged) -> list[list[str]]:
    """Each sequence's ids as strings, special tokens left out."""
    return [[str(i) for i in split[index] if i >= SPECIALS] for index in range(len(split))]
