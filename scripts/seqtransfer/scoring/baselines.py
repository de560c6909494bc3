"""What a task's sequences give away without a network: a constant answer and n-gram counts.

Both read the same id sequences as the encoder; ids mean nothing here, so no token map is drawn.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline

from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring import task_kinds
from seqtransfer.scoring.task_kinds import Target
from seqtransfer.tokens.vocabulary import CLS, PAD, SEP

FRAME = (PAD, CLS, SEP)  # ids that stand around sequences; [MASK] and [UNK] may be symbols
ORDERS = (1, 2, 3)
SECOND = "'"  # marks a symbol of the second text of a pair
STRENGTHS = (1.0, 10.0, 100.0)  # C: the inverse of the L2 penalty


@dataclass(frozen=True)
class Baseline:
    """A fitted one: its name, its settings in words, and its answers.

    answers: "dev" and "test" -> answers as `Target.score` takes them. likelihood: whether those of
    a classification are probabilities; without them it has no loss.
    """

    name: str
    detail: str
    answers: Mapping[str, np.ndarray]
    likelihood: bool = True

    def record(
        self, task: str, dev: Ragged, test: Ragged, target: Target, provenance: dict
    ) -> dict:
        """task, baseline, detail, metric, provenance, dev and test (as `task_kinds.scores`)."""
        named = {"task": task, "baseline": self.name, "detail": self.detail}
        named |= {"metric": target.metric, "provenance": provenance}
        for part, own in {"dev": dev, "test": test}.items():
            named[part] = task_kinds.scores(target, own, self.answers[part])
            if target.kind == "classification" and not self.likelihood:
                named[part]["loss"] = np.nan
        return named

    def predictions(self, test: Ragged, target: Target) -> list[dict]:
        """One record per test example, in the order of `test`: baseline, id, unit, label and
        prediction, as in the table of a run."""
        told = target.predictions(test, self.answers["test"])
        columns = {"id": test.names, "unit": test.units}
        columns |= {name: told[name] for name in ("label", "prediction")}
        rows = zip(*columns.values(), strict=True)
        return [{"baseline": self.name, **dict(zip(columns, row, strict=True))} for row in rows]


def fitted(task: str, train: Ragged, dev: Ragged, test: Ragged, target: Target) -> list[Baseline]:
    """A constant answer ("majority", for regression "mean") and "ngram", fitted on `train`; `dev`
    picks the n-grams' settings. Deterministic.

    Raises ValueError if a split is empty or has an unlabelled example, or train has one class only.
    """
    for name, split in (("train", train), ("dev", dev), ("test", test)):
        unlabelled = target.kind == "classification" and len(split) and split.labels.min() < 0
        if len(split) == 0 or unlabelled:
            raise ValueError(f"{task}: {name} split is empty or has unlabelled examples")
    held_out = {"dev": dev, "test": test}
    constant, name, detail = constant_answer(train, target)
    repeated = {part: np.repeat(constant, len(own), axis=0) for part, own in held_out.items()}
    model, ngram_detail = select(ngram_models(target.kind), train, dev, target)
    found = {part: answer(model, own, target) for part, own in held_out.items()}
    return [Baseline(name, detail, repeated), Baseline("ngram", ngram_detail, found)]


def constant_answer(train: Ragged, target: Target) -> tuple[np.ndarray, str, str]:
    """(1, outputs) answer that ignores the sequence, its name and its description."""
    if target.kind == "regression":
        return np.array([[train.labels.mean()]]), "mean", f"always {train.labels.mean():.6g}"
    shares = np.bincount(train.labels, minlength=target.outputs)[None] / len(train)
    return shares, "majority", f"always {target.classes[majority(train.labels)]}"


def answer(model: Pipeline, split: Ragged, target: Target) -> np.ndarray:
    """(n, outputs) answers of a fitted model; a class that train lacks has probability 0."""
    if target.kind == "regression":
        return model.predict(symbols(split))[:, None]
    answers = np.zeros((len(split), target.outputs))
    answers[:, model.classes_] = model.predict_proba(symbols(split))
    return answers


def majority(train_labels: np.ndarray) -> int:
    """The most frequent of (n,) class indices; the smallest of those that tie."""
    return int(np.bincount(train_labels).argmax())


def select(
    candidates: Iterable[tuple[str, Pipeline]], train: Ragged, dev: Ragged, target: Target
) -> tuple[Pipeline, str]:
    """The model with the highest dev score, fitted on train, and its description.

    candidates: descriptions and models of lists of symbols, the simplest first: it wins among
    equals.
    """
    best, chosen = -np.inf, None
    for detail, model in candidates:
        model.fit(symbols(train), train.labels)
        score = target.score(dev.labels, answer(model, dev, target))["score"]
        print(f"{detail}: dev {target.metric} {score:.4f}")
        if score > best:
            best, chosen = score, (model, detail)
    return chosen


def ngram_models(kind: str) -> Iterable[tuple[str, Pipeline]]:
    """The candidates of n-gram regression: the shortest n-grams first, then the strongest
    penalty."""
    for order, strength in product(ORDERS, STRENGTHS):
        yield f"orders 1-{order}, C={strength:g}", ngram_model(order, strength, kind)


def ngram_model(order: int, strength: float, kind: str) -> Pipeline:
    """Logistic, for numbers ridge, regression on the tf-idf of n-grams of 1 .. `order` symbols.

    tf-idf with rows of unit length, logarithmic counts: long sequences and frequent symbols do not
    drown the rest, and the matrix stays sparse. Takes lists of symbols, as `symbols` gives.
    """
    return make_pipeline(
        TfidfVectorizer(analyzer=partial(ngrams, order=order), sublinear_tf=True),
        regression(strength, kind),
    )


def regression(strength: float, kind: str) -> LogisticRegression | Ridge:
    """Logistic, for numbers ridge, regression; strength: C, the inverse of the L2 penalty."""
    if kind == "classification":
        return LogisticRegression(C=strength, max_iter=2000)
    return Ridge(alpha=1 / strength)


def ngrams(sequence: Sequence[str], order: int) -> list[str]:
    """All runs of 1 .. `order` neighbouring symbols, each joined by spaces, repeats included."""
    return [
        " ".join(sequence[start : start + size])
        for size in range(1, order + 1)
        for start in range(len(sequence) - size + 1)
    ]


def symbols(split: Ragged) -> list[list[str]]:
    """Each sequence's ids as strings, without those of FRAME; those of a pair's second text are
    marked, so that it matters on which side a symbol stands."""
    return [_symbols(split[index]) for index in range(len(split))]


def _symbols(ids: np.ndarray) -> list[str]:
    breaks = np.flatnonzero(ids == SEP)
    middle = breaks[0] if len(breaks) > 1 else len(ids)
    return [f"{i}{SECOND * bool(place > middle)}" for place, i in enumerate(ids) if i not in FRAME]
