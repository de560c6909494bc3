"""Models to compare: those that a fine-tuning run began and ended with, and untrained ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqtransfer.encoders import initializations
from seqtransfer.files import json_tsv
from seqtransfer.training import classifier, runs
from seqtransfer.training.classifier import Classifier
from seqtransfer.training.runs import TaskFiles


def untrained(
    files: TaskFiles, task: str, arm: str, seed: int, pretrained: Path | None
) -> Classifier:
    """A model as `arm` initializes it, without a run.

    pretrained: the weights that the arm starts from, or None for those of the text encoder.
    """
    # Hidden states of an untrained model depend on no setting of fine-tuning.
    run = runs.Run(task, arm, seed, learning_rate=0.0, pooling="mean", warmup=0.0)
    return classifier.build(arm, run.sources(files, pretrained), run.pooling, 1)


@dataclass(frozen=True)
class Runs:
    """The runs of all arms of one task and seed: the files that they read and wrote, by arm."""

    files: TaskFiles
    metrics: dict[str, Path]
    weights: dict[str, Path]
    pretrained: dict[str, Path]  # of the arms that do not start from the text encoder

    @classmethod
    def of(
        cls,
        files: TaskFiles,
        names: Sequence[str],
        *,
        metrics: Iterable[str],
        weights: Iterable[str],
        pretrained: Iterable[str],
    ) -> "Runs":
        """From lists of paths, each in the order of the arms' `names`."""
        return cls(
            files,
            dict(zip(names, map(Path, metrics), strict=True)),
            dict(zip(names, map(Path, weights), strict=True)),
            dict(
                zip(
                    filter(initializations.is_pretrained, names), map(Path, pretrained), strict=True
                )
            ),
        )

    def run(self, arm: str) -> runs.Run:
        """The arm's run, with its settings."""
        return runs.Run.of(json_tsv.read_json(self.metrics[arm]))

    def before(self, arm: str) -> Classifier:
        """The model that the arm's run began with."""
        record = json_tsv.read_json(self.metrics[arm])
        return runs.initial_model(record, self.files, self.pretrained)

    def fine_tune(self, arm: str, model: Classifier) -> None:
        """Give a model of `before` the weights that the arm's run ended with."""
        classifier.restore(model, self.weights[arm])
