"""What the numbers of a series give away without an encoder: nearest neighbours and convolutions.

- `dtw`: the label of the training series that is nearest by dynamic time warping (Sakoe & Chiba
  1978), computed by dtaidistance. Channels warp together.
- `minirocket`: ridge regression on the features of `minirocket`, all series stretched to the length
  of the longest training series.

Both read the numbers of the corpus, whole, of the very examples that the encoder is trained and
scored on, on the scale that the task's tokens have: each series' own (`sax`, `shapes`), or the
training part's, channel by channel (`bins`, `lags`). Dev chooses the window and the penalty.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from seqtransfer.corpora.examples import Example
from seqtransfer.files.arrow import Ragged
from seqtransfer.scoring.baselines import Baseline
from seqtransfer.scoring.minirocket import TAPS, MiniRocket
from seqtransfer.scoring.task_kinds import Target
from seqtransfer.tokens import series_neighbours, tokenizations
from seqtransfer.tokens.series_neighbours import Series, stretched

# Of the longest training series: wider windows rarely help (Ratanamahatana & Keogh 2005).
WINDOWS = (0.0, 0.02, 0.05, 0.1, 0.2)
PENALTIES = (1e5, 1e4, 1e3, 1e2, 1e1, 1.0)


def fitted(
    parts: Mapping[str, Ragged], examples: Iterable[Example], tokens: Mapping, target: Target
) -> list[Baseline]:
    """Both baselines, fitted on train; neither answers with probabilities. Deterministic.

    parts: train, dev and test. examples: of the corpus; tokens: the task's.
    Raises ValueError as `series_neighbours.numbers` does.
    """
    names = {part: ragged.names for part, ragged in parts.items()}
    own_scale = tokenizations.has_own_scale(tokens)
    series = series_neighbours.numbers(names, examples, own_scale)
    labels = {part: ragged.labels for part, ragged in parts.items()}
    found = {
        "dtw": _chosen(_neighbours(series, labels["train"]), labels["dev"], target),
        "minirocket": _chosen(_ridges(series, labels["train"], target), labels["dev"], target),
    }
    return [
        Baseline(
            name,
            detail,
            {part: _as_outputs(answers_to(part), target) for part in ("dev", "test")},
            likelihood=False,
        )
        for name, (detail, answers_to) in found.items()
    ]


Answers = Callable[[str], np.ndarray]  # from a part to its (n,) class indices, or numbers


def _chosen(
    candidates: Iterable[tuple[str, Answers]], labels: np.ndarray, target: Target
) -> tuple[str, Answers]:
    """The first of the candidates with the highest score on dev, whose (n,) labels these are."""
    best, chosen = -np.inf, None
    for detail, answers_to in candidates:
        score = target.score(labels, _as_outputs(answers_to("dev"), target))["score"]
        print(f"{detail}: dev {target.metric} {score:.4f}")
        if score > best:
            best, chosen = score, (detail, answers_to)
    return chosen


def _as_outputs(answers: np.ndarray, target: Target) -> np.ndarray:
    """(n, outputs) of (n,) class indices or numbers."""
    return answers[:, None] if target.kind == "regression" else np.eye(target.outputs)[answers]


def _neighbours(series: Mapping[str, Series], labels: np.ndarray) -> Iterable[tuple[str, Answers]]:
    """A candidate for each window, the narrowest first."""
    longest = max(map(len, series["train"]))
    for points in dict.fromkeys(round(share * longest) for share in WINDOWS):

        def answers_to(part: str, points: int = points) -> np.ndarray:
            return labels[nearest(series["train"], series[part], points)[0]]

        yield f"window of {points} points", answers_to


def nearest(train: Series, others: Series, window: int) -> tuple[np.ndarray, np.ndarray]:
    """(m,) indices of the nearest training series of m others, the first of equals, and the (m,)
    distances by dynamic time warping: the root of the sum of squared differences.

    window: as `series_neighbours.warped` takes it.
    """
    distances = series_neighbours.warped(others, train, window)
    return distances.argmin(axis=1), distances.min(axis=1)


def _ridges(
    series: Mapping[str, Series], labels: np.ndarray, target: Target
) -> Iterable[tuple[str, Answers]]:
    """A candidate for each penalty, the strongest first."""
    length = max(TAPS, *map(len, series["train"]))
    equal = {part: np.stack([stretched(one, length).T for one in series[part]]) for part in series}
    kernels = MiniRocket.fit(equal["train"], np.random.default_rng(0))
    features = {part: kernels.transform(own) for part, own in equal.items()}
    ridge = Ridge if target.kind == "regression" else RidgeClassifier
    for penalty in PENALTIES:
        model = make_pipeline(StandardScaler(with_mean=False), ridge(alpha=penalty))
        model.fit(features["train"], labels)

        def answers_to(part: str, model=model) -> np.ndarray:
            return model.predict(features[part])

        yield f"penalty {penalty:g}", answers_to
