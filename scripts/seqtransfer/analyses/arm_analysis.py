"""The chosen analyses of one model, on sequences and batches that all arms of a task share."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from seqtransfer import seeds
from seqtransfer.analyses import gradient_confusion, isometry, lipschitz, mutation, perturbation
from seqtransfer.analyses.value import Batch, Loss, Value
from seqtransfer.files.arrow import Ragged
from seqtransfer.similarity import representations
from seqtransfer.tokens.vocabulary import SPECIALS
from seqtransfer.training import batches, finetuning
from seqtransfer.training.classifier import Classifier
from seqtransfer.training.runs import TaskFiles

TEST_BATCH = 16  # sequences


@dataclass(frozen=True)
class Material:
    """What a task's models are analysed on; it depends on the task alone.

    probed: test sequences, (1, length) ids without padding, and a position in each; test: the same
    in padded batches; train: batches as fine-tuning takes them, which share no example; symbols:
    sorted ids that the training part uses, less special tokens.
    """

    probed: list[tuple[torch.Tensor, int]]
    test: list[Batch]
    train: list[Batch]
    loss: Loss
    symbols: np.ndarray

    @classmethod
    def of(
        cls,
        files: TaskFiles,
        task: str,
        device: str,
        *,
        sequences: int,
        train: int,
        batch_size: int,
    ) -> "Material":
        """sequences: of the test part, at most, see `representations.probe`, and a position in
        each, drawn for it; train: batches of `batch_size`, at most as many as the training part
        fills; 0 for none.

        Raises ValueError if that is one, or none where some are asked for.
        """
        target, test, examples = files.target(), files.part("test"), files.part("train")
        count = min(train, len(examples) // batch_size)
        if train and count < 2:
            raise ValueError(
                f"analyse.batches: {len(examples)} training examples of {task} fill {count} batches"
                f" of {batch_size}, and two are needed; raise examples.train, or lower"
                " finetune.batch_size"
            )
        rows, positions = representations.probe(
            test, task, sequences=sequences, tokens=1, pooled=True
        )
        one = seeds.generator(0, task, "positions")
        probed = [
            (torch.from_numpy(test[row].astype("int64"))[None].to(device), int(one.choice(places)))
            for row, places in zip(rows, positions, strict=True)
        ]
        subset = test.take(rows)
        order = seeds.generator(0, task, "gradients")
        used = np.unique(examples.ids).astype("int64")

        def batch(part: Ragged, indices) -> Batch:
            return finetuning.batch(target, part, indices, device)

        return cls(
            probed,
            [batch(subset, some) for some in batches.in_length_order(subset.lengths, TEST_BATCH)],
            [batch(examples, some)
             for some in batches.order(examples.lengths, batch_size, count, order)],
            partial(finetuning.loss_of, target),
            used[used >= len(SPECIALS)],
        )  # fmt: skip

    def counted(self, kind: str) -> int:
        """How many training batches gradient confusion is over; of others, test sequences."""
        return len(self.train if kind == "gradient_confusion" else self.probed)


def analyse(
    model: Classifier, kinds: Sequence[str], material: Material, memory: float
) -> list[Value]:
    """The results of the analyses `kinds`, in evaluation mode; memory: bytes for gradients.

    Raises KeyError for an unknown kind.
    """
    sequences = [ids for ids, _ in material.probed]
    analyses = {
        "isometry": lambda: isometry.measure(model.encoder, material.probed),
        "gradient_confusion": lambda: gradient_confusion.measure(
            model, material.train, material.loss, memory
        ),
        "perturbation": lambda: perturbation.measure(model, material.test, material.loss),
        "lipschitz": lambda: lipschitz.measure(model.encoder, sequences),
        "mutation": lambda: mutation.measure(model, sequences, material.symbols),
    }
    model.eval()
    # Fused attention has no second derivative, which spectral norms take.
    with sdpa_kernel(SDPBackend.MATH):
        return [value for kind in kinds for value in analyses[kind]()]
