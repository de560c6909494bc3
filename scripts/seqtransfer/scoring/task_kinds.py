"""What a task asks of a model: one of several classes, or a number; how answers are scored.

Both kinds offer the same: `outputs` (numbers a model gives), `score(labels, answers)`, and
`predictions(...)`, the columns of a table. `answers` are (n, outputs) floats: class probabilities,
or the number in its own unit. A score record's `score` is the task's headline metric; the others
stand beside it. Where an answer is not finite, as of a model that diverged, all of them are NaN,
and so is the example's prediction (of a class: empty).
"""

from dataclasses import dataclass

import numpy as np

from seqtransfer.scoring.metrics import classification_scores, regression_scores


@dataclass(frozen=True)
class Classification:
    """Labels are indices of `classes`. Metric f1 is that of class 1 and needs two classes."""

    classes: tuple[str, ...]
    metric: str = "mcc"
    kind = "classification"

    @property
    def outputs(self) -> int:
        """Numbers a model gives for one example."""
        return len(self.classes)

    def score(self, labels: np.ndarray, answers: np.ndarray) -> dict:
        """n, score, loss (mean negative log-likelihood in nats) and every metric."""
        scores = classification_scores(labels, answers.argmax(axis=1), len(self.classes))
        likelihood = np.clip(answers[np.arange(len(labels)), labels], 1e-12, None)
        scores |= {"loss": float(-np.log(likelihood).mean()), "score": scores[self.metric]}
        if not np.isfinite(answers).all():
            scores = dict.fromkeys(scores, np.nan) | {"n": len(labels)}
        return scores

    def predictions(self, labels: np.ndarray, answers: np.ndarray) -> dict[str, np.ndarray]:
        """Columns label, prediction and p_<class>, each (n,)."""
        names = np.array(self.classes)
        chosen = np.where(np.isfinite(answers).all(axis=1), names[answers.argmax(axis=1)], "")
        table = {"label": names[labels], "prediction": chosen}
        table |= {f"p_{name}": answers[:, i] for i, name in enumerate(self.classes)}
        return table


@dataclass(frozen=True)
class Regression:
    """Labels are numbers; models learn them centred and scaled by the training part's moments."""

    mean: float
    deviation: float
    metric: str = "spearman"
    kind = "regression"
    classes = ()
    outputs = 1

    def score(self, labels: np.ndarray, answers: np.ndarray) -> dict:
        """n, score, loss (mean squared error in units of the training variance), every metric."""
        scores = regression_scores(labels, answers[:, 0])
        with np.errstate(over="ignore", invalid="ignore"):  # a diverged model answers anything
            loss = float(np.mean(np.square((answers[:, 0] - labels) / self.deviation)))
        return {**scores, "loss": loss, "score": scores[self.metric]}

    def predictions(self, labels: np.ndarray, answers: np.ndarray) -> dict[str, np.ndarray]:
        """Columns label and prediction, each (n,), both in the label's unit."""
        return {"label": labels, "prediction": answers[:, 0]}


Target = Classification | Regression


def of(facts: dict) -> Target:
    """The target of a task from its `task.json`."""
    if facts["kind"] == "regression":
        moments = facts["target"]
        return Regression(moments["mean"], moments["standard_deviation"], facts["metric"])
    return Classification(tuple(facts["classes"]), facts["metric"])
