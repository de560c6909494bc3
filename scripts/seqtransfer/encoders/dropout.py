"""Dropout with cheap random numbers.

torch draws a 32-bit number for each element and converts it to a float; on a CPU that takes longer
than the matrix product before it. Here 64 random bits decide about four elements, and a bitwise
`and` sets the dropped ones to 0, so that no random number is converted. On other devices torch's
own kernels draw, drop and scale in one pass.
"""

import math

import numpy as np
import torch

WHOLE = (0, 1, 1)  # of a batch that is not taken in parts
INTEGER = {2: torch.int16, 4: torch.int32, 8: torch.int64}  # by bytes of an element


class Dropout:
    """Sets a `share` of elements to 0 and scales the kept ones up.

    On a CPU `share` is rounded to a multiple of 2^-15, and the random stream belongs to the object:
    `seed` seeds it, `state` and `restore` save and restore it, and nothing else draws from it. On
    other devices it is the device's default stream, which `seed` seeds and checkpoints save.
    `part`: of a batch that is taken in parts, the first example of the present one, how many it
    has, and how many the batch; on a CPU they get what they would get in the whole batch.
    """

    def __init__(self, share: float):
        if not 0 <= share < 1:
            raise ValueError(f"a dropout share of {share} is not in [0, 1)")
        self.share = share
        self.dropped = round(share * 2**15)  # of 2^15 values
        self.scale = 2**15 / (2**15 - self.dropped)
        self.part = WHOLE
        self._bits = np.random.SFC64(0)

    def seed(self, seed: int) -> None:
        """Start the stream of `seed` (at least 0)."""
        self._bits = np.random.SFC64(seed)
        torch.cuda.manual_seed(seed)

    def state(self) -> dict:
        """The state of the CPU's stream, as integers that JSON can hold."""
        return {name: [int(v) for v in x] for name, x in self._bits.state["state"].items()}

    def restore(self, words: dict) -> None:
        """Continue the stream from a result of `state`."""
        inner = {name: np.array(x, dtype=np.uint64) for name, x in words.items()}
        self._bits.state = {**self._bits.state, "state": inner}

    def add(self, x: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """x + drop(z), differentiable; z may be overwritten."""
        if z.is_cpu:
            return _Add.apply(x, z, self.mask(z), self.scale)
        return x + torch.nn.functional.dropout(z, self.share)

    def mask(self, like: torch.Tensor) -> torch.Tensor:
        """Integers of the shape and element size of `like`: all bits set to keep, none to drop.

        `like`: on the CPU, the same number of elements for each example, one after the other.
        """
        first, taken, examples = self.part
        each = like.numel() // taken
        words = self._bits.random_raw(math.ceil(each * examples / 4))
        numbers = torch.from_numpy(words.view(np.int16)[each * first :][: like.numel()])
        numbers.bitwise_right_shift_(1)
        # Uniform on [-2^14, 2^14): the lowest `dropped` of 2^15 values become non-negative.
        numbers.neg_().sub_(2**14 - self.dropped + 1).bitwise_right_shift_(15)
        return numbers.view(like.shape).to(INTEGER[like.element_size()])

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """x with a share of its elements 0 and the others scaled up; differentiable."""
        if x.is_cpu:
            return x * cleared(torch.full_like(x, self.scale), self.mask(x))
        return torch.nn.functional.dropout(x, self.share)


class _Add(torch.autograd.Function):
    """x + scale * z, with z 0 where the mask is 0."""

    @staticmethod
    def forward(ctx, x, z, mask, scale):
        ctx.save_for_backward(mask)
        ctx.scale = scale
        return torch.add(x, cleared(z, mask), alpha=scale)

    @staticmethod
    def backward(ctx, grad):
        (mask,) = ctx.saved_tensors
        return grad, cleared(grad * ctx.scale, mask), None, None


def cleared(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """x, changed in place: 0 where `mask`, of `Dropout.mask`, is 0."""
    x.view(mask.dtype).bitwise_and_(mask)
    return x
