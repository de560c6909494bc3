"""A batch through the model in parts that memory holds: micro-batches, halved when it runs out.

The gradient of a batch's mean is the sum of those of its micro-batches, each weighted by its share
of the mean. So an update is that of the whole batch up to rounding. On a CPU that includes the
dropout of fine-tuning by our own layers: each part draws what the whole batch draws, and takes its
rows. On a GPU, in other families' layers and in pretraining it is drawn part by part.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

from seqtransfer.encoders.dropout import WHOLE, Dropout
from seqtransfer.scoring.left_out import UNLABELLED
from seqtransfer.training import devices, memory

Result = TypeVar("Result")
Inputs = tuple[torch.Tensor | None, ...]
# What errors without a class of their own say.
OUT_OF_MEMORY = (
    "DefaultCPUAllocator: can't allocate",
    "std::bad_alloc",
    "CUDA error: out of memory",
    "STATUS_ALLOC_FAILED",  # of cuBLAS, cuDNN
)


class MicroBatch:
    """size: how many examples go through the model at a time."""

    def __init__(self, size: int):
        self.size = size

    def attempt(
        self, work: Callable[[int], Result], undo: Callable[[], None] = lambda: None
    ) -> Result:
        """`work(size)`; whenever memory runs out, once more with half the size, after `undo()`.

        Raises MemoryError if it runs out with one example.
        """
        while True:
            try:
                return work(self.size)
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error):
                    raise
                if self.size == 1:
                    raise MemoryError(
                        f"memory is too small for one sequence at a time ({error}); give the job"
                        " more (`mem_mb`, or a larger GPU), or lower encoder.layers or max_length"
                        " of the task"
                    ) from error
            # Outside of `except`, where the tensors of the failed attempt are gone.
            undo()
            devices.give_back_memory()
            before, self.size = self.size, memory.half(self.size)
            print(
                f"memory ran out with {before} examples at a time; on with {self.size}", flush=True
            )


def is_out_of_memory(error: BaseException | None) -> bool:
    """Whether an allocation failed, in the error or in one that it came of: on a GPU by torch's
    allocator, CUDA itself or a library of it, or on the CPU, where it has no class."""
    while error is not None:
        if isinstance(error, torch.OutOfMemoryError | MemoryError):
            return True
        if any(said in str(error) for said in OUT_OF_MEMORY):
            return True
        error = error.__cause__ or error.__context__
    return False


def rows(
    size: int, *inputs: torch.Tensor | None, dropout: Dropout | None = None
) -> Iterator[tuple[float, Inputs]]:
    """Yield `size` rows of the inputs at a time, and their share of the batch.

    inputs: tensors of the batch's examples, row by row, or None; dropout: of the model that they go
    through.
    """
    examples = len(inputs[0])
    begun = dropout.state() if dropout and size < examples else None
    try:
        for start in range(0, examples, size):
            part = tuple(None if one is None else one[start : start + size] for one in inputs)
            if begun:
                dropout.restore(begun)
                dropout.part = (start, len(part[0]), examples)
            yield len(part[0]) / examples, part
    finally:
        if begun:
            dropout.part = WHOLE


def labelled(
    size: int, *inputs: torch.Tensor | None, dropout: Dropout | None = None
) -> Iterator[tuple[torch.Tensor, Inputs]]:
    """As `rows`, with the share of the batch's labelled tokens. The last of the inputs: (batch,
    width) int64 classes, UNLABELLED where there is none."""
    count = (inputs[-1] != UNLABELLED).sum().clamp(min=1)
    for _, part in rows(size, *inputs, dropout=dropout):
        yield (part[-1] != UNLABELLED).sum() / count, part
