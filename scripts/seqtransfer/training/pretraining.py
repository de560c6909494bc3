"""Unlabelled sequences -> an encoder pretrained on them by masked-language modelling."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from seqtransfer import seeds
from seqtransfer.encoders import bert
from seqtransfer.encoders.loading import State
from seqtransfer.encoders.tensor_roles import ENCODER_DECODERS
from seqtransfer.encoders.transformers_encoder import TransformersEncoder
from seqtransfer.files import arrow, json_tsv
from seqtransfer.files.arrow import Ragged
from seqtransfer.tokens import units
from seqtransfer.tokens.vocabulary import SPECIALS, Vocabulary
from seqtransfer.training import batches, devices, fitting, masked_language_model, states
from seqtransfer.training.checkpoints import Checkpoint, TrainingState
from seqtransfer.training.classifier import WeightSources, without_pooler
from seqtransfer.training.evaluations import DevWatch
from seqtransfer.training.loop import Training
from seqtransfer.training.microbatches import Inputs, MicroBatch
from seqtransfer.training.optimizer import AdamW
from seqtransfer.training.steps import Schedule, Steps

COOLDOWN = 0.2  # share of the steps in which the rate falls, where patience decides how many


def schedule(settings: Mapping) -> Schedule:
    """From a study's `pretrain` settings: the rate falls from the end of the warm-up on, or, where
    patience decides when it ends, in the last steps."""
    names = ("steps", "batch_size", "learning_rate", "warmup", "weight_decay")
    cooldown = COOLDOWN if "patience" in settings else 1.0
    return Schedule(**{name: settings[name] for name in names}, cooldown=cooldown)


def watch(steps: int, patience: int | None) -> DevWatch:
    """When held-out sequences are scored: after an eighth of the steps and each doubling of it;
    where there is a patience, at each quarter of it."""
    if patience is None:
        return DevWatch(max(1, steps // 8), steps, steps)
    every = max(1, patience // 4)
    return DevWatch(every, every, patience)


class JobInputs(Protocol):
    """The named input files of a pretraining job."""

    task: str
    encoder: str


@dataclass(frozen=True)
class CorpusFiles:
    """The files that pretraining on a corpus reads.

    tokens: folder of the corpus: its id sequences and its record; encoder: folder of the encoder
    whose architecture is pretrained, of which the first `layers` are used.
    """

    tokens: Path
    encoder: Path
    layers: int

    @classmethod
    def of(cls, inputs: JobInputs, layers: int) -> "CorpusFiles":
        """From the input files of a job, of which the encoder's is its `encoder.json`."""
        return cls(Path(inputs.task).parent, Path(inputs.encoder).parent, layers)

    def sequences(self) -> Ragged:
        """The corpus's unlabelled id sequences."""
        return arrow.read_ragged(self.tokens / "pretrain.arrow")

    def vocabulary(self) -> Vocabulary:
        """The corpus's symbols."""
        return Vocabulary(tuple(json_tsv.read_json(self.tokens / "task.json")["symbols"]))

    def served(self) -> list[str]:
        """The tasks that a domain corpus is for; else the corpus itself, a task or artificial."""
        facts = json_tsv.read_json(self.tokens / "task.json")
        return facts.get("tasks", [facts["task"]])

    def inputs(self) -> list[Path]:
        """The files that pretraining depends on."""
        names = ("pretrain.arrow", "task.json")
        return [*(self.tokens / name for name in names), self.encoder / "encoder.json"]


@dataclass(frozen=True)
class Pretrained:
    """The encoder, its history, one record per evaluation, and its accuracy at filling in masks.

    best_step: of the weights; plateau: whether it ended because its held-out loss no longer fell,
    None without a patience.
    """

    encoder: bert.Bert | TransformersEncoder
    head: State  # that fills in masks, see `MaskedLanguageModel.head_state`
    kept: dict[int, State]  # step -> the encoder's weights after it
    history: list[dict]
    tokens_seen: int
    steps_taken: int  # fewer than planned where it diverged, or its patience was over
    best_step: int
    plateau: bool | None
    trained_on: int  # sequences
    held_out: int
    masked_accuracy: float
    unigram_accuracy: float
    seconds_training: float
    seconds_before: float  # of training in processes that were killed
    micro_batch: int  # how many examples of a batch went through the model at a time, at the end


class Pretraining(Training):
    """The pretraining of an encoder; keeps its weights after the steps in `keep`.

    Where there is a patience of fewer steps than all, it ends once the loss on held-out sequences
    no longer falls, with the weights of the least.
    """

    def __init__(
        self,
        sources: WeightSources,
        sequences: Ragged,
        schedule: Schedule,
        *,
        patience: int | None,
        mask_rate: float,
        device: str,
        precision: str,
        keep: Collection[int],
        memory: int | None,
    ):
        task, seed = sources.task, sources.seed
        self.encoder = sources.module(pooler=False)
        self.encoder.load_plain_state(without_pooler(sources.fresh("pretrain")))
        drawn = torch.Generator().manual_seed(seeds.derive(seed, task, "pretrain head"))
        width = sources.facts.width
        # Entries of a fresh T5 table have variance 1: T5 divides, too (Raffel et al. 2020).
        scale = width**-0.5 if sources.facts.family in ENCODER_DECODERS else 1.0
        model = masked_language_model.MaskedLanguageModel(self.encoder, width, drawn, scale)
        model.to(device)
        self.encoder.dtype = devices.DTYPES[precision]
        self.encoder.dropout.seed(seeds.derive(seed, task, "dropout"))
        rows = seeds.generator(0, task, "held out").permutation(len(sequences))
        self.held_out, self.trained_on = units.held_out(
            rows, np.asarray(sequences.units), max(1, len(rows) // 20)
        )
        if not len(self.trained_on):
            raise ValueError(f"{task}: one sequence is too few to pretrain on: it is held out")
        self.masks = seeds.generator(seed, task, "masks")
        taken = fitting.footprint(
            model, sources, int(sequences.lengths.max()), device,
            outputs=len(model.bias), kept=len(keep),
        )  # fmt: skip
        sizes = fitting.sizes(taken, schedule.batch_size, device, memory)
        optimizer = AdamW(model, schedule.weight_decay)
        update = Steps(
            optimizer,
            lambda *inputs: masked_language_model.mean_loss(model(*inputs[:3]), *inputs[3:]),
            schedule,
            masked_language_model.parts,
            recordable=self.encoder.recordable,
        )
        order = batches.order(
            sequences.lengths[self.trained_on],
            schedule.batch_size,
            schedule.steps,
            seeds.generator(seed, task, "pretrain order"),
        )
        self.schedule, self.watch = schedule, watch(schedule.steps, patience)
        grid = self.watch.grid(schedule.steps)
        state = TrainingState(model, optimizer, {"masks": self.masks})
        super().__init__(state, update, order, grid, sizes.micro_batch)
        self.scored = MicroBatch(sizes.scored)
        self.model, self.sequences, self.task = model, sequences, task
        self.mask_rate, self.device, self.keep = mask_rate, device, keep
        self.history: list[dict] = []
        self.kept: dict[int, State] = {}
        self.best: State = {}  # the weights of the least loss, where there is a patience
        self.patient = self.watch.patience < schedule.steps
        self.best_step, self.tokens_seen = 0, 0

    def batch(self, indices: np.ndarray) -> Inputs:
        """Corrupted ids, mask, positions to predict, true ids there, and their number."""
        examples = self.trained_on[indices]
        return masked_language_model.masked(
            self.model, self.sequences, examples, self.mask_rate, self.masks, self.device
        )

    def after_step(self, step: int, indices: np.ndarray) -> None:
        """Count the tokens of the batch; copy the weights after the steps in `keep`."""
        self.tokens_seen += int(self.sequences.lengths[self.trained_on[indices]].sum())
        if step in self.keep:
            self._keep(step)

    def diverge(self, step: int) -> None:
        """End pretraining; its weights, of no finite loss, stand for the steps not taken, too.

        Runs that start from them have no score, which the report says: nothing else is put in
        their place.
        """
        super().diverge(step)
        print(
            f"step {step}: pretraining diverged, after a training loss of {self.losses[-1]}; lower"
            " its learning rate"
        )
        for missed in set(self.keep) - set(self.kept):
            self._keep(missed)
        self._record_evaluation(step, math.nan, math.nan)
        self.best, self.best_step, self.update.end = {}, step, None

    def _keep(self, step: int) -> None:
        self.kept[step] = states.copied(self.encoder.plain_state())

    def evaluate(self, step: int) -> None:
        """Measure how well masks of held-out sequences, of units held out, are filled in."""
        scores = masked_language_model.held_out_scores(
            self.model, self.sequences, self.held_out, self.mask_rate, self.task, self.device,
            self.scored,
        )  # fmt: skip
        accuracy, loss = scores
        if not math.isnan(accuracy) and not math.isfinite(loss):  # after the last step's update
            self.diverge(step)
            return
        self._record_evaluation(step, accuracy, loss)
        if not self.patient:
            self.best_step = step
            return
        if math.isnan(accuracy):
            raise ValueError(
                f"pretrain.patience: of {self.task} no token of {len(self.held_out)} held-out"
                " sequences is masked, so that nothing says how well it learns; bring more or"
                " longer sequences, raise pretrain.mask_rate, or drop it"
            )
        least = min((row["held_out_loss"] for row in self.history[:-1]), default=math.inf)
        if not self.best or self.history[-1]["held_out_loss"] < least:
            self.best_step, self.best = step, states.copied(self.model.state_dict())
        if step == self.update.end:
            self.ended = True
        elif not self.update.end:
            self.update.end = self.watch.end(
                step, self.best_step, self.schedule.steps, self.schedule.cooldown
            )

    @property
    def plateau(self) -> bool | None:
        """Whether patience has decided when it ends; None without one."""
        return self.update.end is not None if self.patient else None

    def finish(self) -> None:
        """Take the weights of the least held-out loss, where there is a patience."""
        if self.best:
            self.model.load_state_dict(self.best)

    def _record_evaluation(self, step: int, accuracy: float, loss: float) -> None:
        self.history.append(
            {
                "step": step,
                "tokens": self.tokens_seen,
                "train_loss": float(np.mean(self.losses)),
                "held_out_accuracy": accuracy,
                "held_out_loss": loss,
            }
        )
        self.losses.clear()
        print(self.history[-1], flush=True)

    def record(self) -> dict:
        """Losses, history, the number of tokens seen, and what patience has decided so far."""
        decided = {"best_step": self.best_step, "end": self.update.end}
        seen = {"history": self.history, "tokens_seen": self.tokens_seen}
        return super().record() | seen | decided

    def tensors(self) -> dict[str, torch.Tensor]:
        """The kept weights, by names of the form `step.tensor`, and the best by `best.tensor`."""
        kept = {str(step): state for step, state in self.kept.items()}
        return states.joined(kept | {"best": self.best})

    def restore(self, record: dict, tensors: dict[str, torch.Tensor]) -> None:
        """The inverse of `record` and `tensors`."""
        super().restore(record, tensors)
        self.history, self.tokens_seen = record["history"], record["tokens_seen"]
        self.best_step, self.update.end = record["best_step"], record["end"]
        kept = states.parted(tensors)
        self.best = kept.pop("best", {})
        self.kept = {int(step): state for step, state in kept.items()}

    def unigram_accuracy(self) -> float:
        """The share of held-out tokens that are the most frequent symbol of the trained-on ones."""
        seen = np.concatenate([self.sequences[i] for i in self.trained_on])
        counts = np.bincount(seen, minlength=len(self.model.bias))
        counts[: len(SPECIALS)] = 0
        ordinary = np.concatenate([self.sequences[i] for i in self.held_out])
        ordinary = ordinary[ordinary >= len(SPECIALS)]
        return float(np.mean(ordinary == counts.argmax()))


def pretrain(
    sources: WeightSources,
    sequences: Ragged,
    schedule: Schedule,
    *,
    patience: int | None = None,
    mask_rate: float,
    device: str,
    precision: str,
    keep: Collection[int] = (),
    checkpoint: Checkpoint | None = None,
    memory: int | None = None,
) -> Pretrained:
    """Pretrain an encoder of the sources' architecture from random weights.

    The seed of `sources` draws weights, masks, batches and dropout. The 5 to 10 % of sequences that
    are held out, whole units if it can be, are the same for every seed. keep: steps after which the
    weights are kept. patience: steps without a lower loss on them after which it ends, with the
    weights of the least loss, the first of equals; None: it takes all steps. A loss that is not
    finite ends it, with an accuracy of NaN and the weights as they are. memory: MB that the job was
    given; None: all that is free.
    """
    training = Pretraining(
        sources, sequences, schedule, patience=patience,
        mask_rate=mask_rate, device=device, precision=precision, keep=keep, memory=memory,
    )  # fmt: skip
    training.train(checkpoint)
    training.finish()
    (best,) = (row for row in training.history if row["step"] == training.best_step)
    return Pretrained(
        encoder=training.encoder,
        head=training.model.head_state(),
        kept=training.kept,
        history=training.history,
        tokens_seen=training.tokens_seen,
        steps_taken=training.history[-1]["step"],
        best_step=training.best_step,
        plateau=training.plateau,
        trained_on=len(training.trained_on),
        held_out=len(training.held_out),
        masked_accuracy=best["held_out_accuracy"],
        unigram_accuracy=training.unigram_accuracy(),
        seconds_training=training.seconds,
        seconds_before=training.before,
        micro_batch=training.micro_batch.size,
    )
