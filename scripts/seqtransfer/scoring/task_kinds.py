"""What a task asks of a model: a class, a number, or a class for every token; how it is scored.

All kinds offer the same: `outputs` (numbers a model gives), `labels(part)`, which answers are
true, `score(labels, answers)`, `predictions(part, answers)`, the columns of a table, and
`score_written(...)` of such columns; `scores` is of a whole part. `answers` are (n, outputs)
floats, of an example or of each of its tokens: class probabilities, or the number in its own unit.
A score record's `score` is the task's headline metric; the others stand beside it. `rising` names
the one that learning curves are read by, in which a constant answer has 0. Where an answer
is not finite, as of a model that diverged, all of them are NaN, and so is the example's prediction
(of classes: empty).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise, zip_longest
from typing import TYPE_CHECKING

import numpy as np

from seqtransfer.scoring.metrics import classification_scores, regression_scores

if TYPE_CHECKING:  # planning needs the kinds alone
    from seqtransfer.files.arrow import Ragged

UNLABELLED = "?"  # in tables of predictions, for a token whose label is unknown


@dataclass(frozen=True)
class Classification:
    """Labels are indices of `classes`. Metric f1 is that of class 1 and needs two classes."""

    classes: tuple[str, ...]
    metric: str = "mcc"
    kind = "classification"
    rising = "mcc"

    @property
    def outputs(self) -> int:
        """Numbers a model gives for one example."""
        return len(self.classes)

    def labels(self, part: "Ragged") -> np.ndarray:
        """(n,) int64, the class of each example."""
        return part.labels

    def score(self, labels: np.ndarray, answers: np.ndarray) -> dict:
        """n, score, loss (mean negative log-likelihood in nats) and every metric."""
        scores = classification_scores(labels, answers.argmax(axis=1), len(self.classes))
        likelihood = np.clip(answers[np.arange(len(labels)), labels], 1e-12, None)
        scores |= {"loss": float(-np.log(likelihood).mean()), "score": scores[self.metric]}
        if not np.isfinite(answers).all():
            scores = dict.fromkeys(scores, np.nan) | {"n": len(labels)}
        return scores

    def predictions(self, part: "Ragged", answers: np.ndarray) -> dict[str, np.ndarray]:
        """Columns label, prediction and p_<class>, each (n,)."""
        names = np.array(self.classes)
        chosen = np.where(np.isfinite(answers).all(axis=1), names[answers.argmax(axis=1)], "")
        table = {"label": names[part.labels], "prediction": chosen}
        table |= {f"p_{name}": answers[:, i] for i, name in enumerate(self.classes)}
        return table

    def score_written(self, labels: np.ndarray, predictions: np.ndarray) -> float:
        """The headline score of columns of `predictions`, (n,) str each."""
        if (predictions == "").any():  # of a run that has no score
            return np.nan
        places = {name: place for place, name in enumerate(self.classes)}
        true, chosen = ([places[name] for name in column] for column in (labels, predictions))
        return self.score(np.array(true), np.eye(self.outputs)[chosen])["score"]


@dataclass(frozen=True)
class TokenClassification(Classification):
    """A class for every token: labels are indices of `classes`, or -1 where nothing is scored, as
    at special tokens. A score's n counts the tokens that are."""

    kind = "token_classification"

    def labels(self, part: "Ragged") -> np.ndarray:
        """(total,) int64, the class of each id of `part` or -1."""
        return part.token_labels

    def score(self, labels: np.ndarray, answers: np.ndarray) -> dict:
        """As of a classification, over all labelled tokens together."""
        return super().score(labels[labels >= 0], answers[labels >= 0])

    def predictions(self, part: "Ragged", answers: np.ndarray) -> dict[str, np.ndarray]:
        """Columns label and prediction, (n,) each: the classes of an example's tokens, between
        spaces, UNLABELLED where a token has none."""
        names = np.array([*self.classes, UNLABELLED])
        columns = {"label": [], "prediction": []}
        for start, end in pairwise(part.offsets):
            own = slice(start + 1, end - 1)  # without [CLS] and [SEP]
            finite = np.isfinite(answers[own]).all()
            chosen = names[answers[own].argmax(axis=1)] if finite else []
            columns["label"].append(" ".join(names[part.token_labels[own]]))
            columns["prediction"].append(" ".join(chosen))
        return {name: np.array(column) for name, column in columns.items()}

    def score_written(self, labels: np.ndarray, predictions: np.ndarray) -> float:
        """As of a classification; an example's weight is its number of labelled tokens."""
        if (predictions == "").any():
            return np.nan
        return super().score_written(*by_token(labels, predictions))


def by_token(labels: Iterable[str], predictions: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
    """Label and prediction of every labelled token, (m,) str each, from columns of
    `TokenClassification.predictions`; those of an empty prediction are empty."""
    pairs = [
        (label, answer)
        for true, found in zip(labels, predictions, strict=True)
        for label, answer in zip_longest(true.split(), found.split(), fillvalue="")
        if label != UNLABELLED
    ]
    true, found = zip(*pairs, strict=True)
    return np.array(true), np.array(found)


@dataclass(frozen=True)
class Regression:
    """Labels are numbers; models learn them centred and scaled by the training part's moments."""

    mean: float
    deviation: float
    metric: str = "spearman"
    kind = "regression"
    classes = ()
    outputs = 1

    @property
    def rising(self) -> str:
        """The headline metric, a correlation."""
        return self.metric

    def labels(self, part: "Ragged") -> np.ndarray:
        """(n,) float64, the number of each example."""
        return part.labels

    def score(self, labels: np.ndarray, answers: np.ndarray) -> dict:
        """n, score, loss (mean squared error in units of the training variance), every metric."""
        scores = regression_scores(labels, answers[:, 0])
        with np.errstate(over="ignore", invalid="ignore"):  # a diverged model answers anything
            loss = float(np.mean(np.square((answers[:, 0] - labels) / self.deviation)))
        return {**scores, "loss": loss, "score": scores[self.metric]}

    def predictions(self, part: "Ragged", answers: np.ndarray) -> dict[str, np.ndarray]:
        """Columns label and prediction, each (n,) str of 12 digits, both in the label's unit."""
        columns = {"label": part.labels, "prediction": answers[:, 0]}
        return {
            name: np.array([f"{value:.12g}" if np.isfinite(value) else "" for value in column])
            for name, column in columns.items()
        }

    def score_written(self, labels: np.ndarray, predictions: np.ndarray) -> float:
        """The headline score of columns of `predictions`, (n,) str each."""
        if (predictions == "").any():
            return np.nan
        return self.score(labels.astype(float), predictions.astype(float)[:, None])["score"]


Target = Classification | Regression


def rows(target: Target, part: "Ragged", of_examples: np.ndarray) -> np.ndarray:
    """A value of each example, for each of the task's answers to `part`: of tokens, once an id."""
    tokens = target.kind == TokenClassification.kind
    return np.repeat(of_examples, part.lengths) if tokens else of_examples


def scores(target: Target, part: "Ragged", answers: np.ndarray) -> dict:
    """As `score`, of the answers to a part; n counts its examples, also where tokens are scored."""
    return target.score(target.labels(part), answers) | {"n": len(part)}


def of(facts: dict) -> Target:
    """The target of a task from its `task.json`."""
    if facts["kind"] == "regression":
        moments = facts["target"]
        return Regression(moments["mean"], moments["standard_deviation"], facts["metric"])
    tokens = facts["kind"] == "token_classification"
    return (TokenClassification if tokens else Classification)(
        tuple(facts["classes"]), facts["metric"]
    )
