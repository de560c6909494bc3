"""Model, length and batch -> bytes that training takes, and so how many examples at a time.

The counts of numbers are those that autograd keeps of `bert.Bert`; tests compare them with what it
keeps. Other families are counted as if they kept every number in float32.
"""

from dataclasses import dataclass

SCORED = 64  # examples that are scored at a time, at most
KEPT = 18  # numbers that a layer keeps of each neuron and token, besides attention's weights
# Bytes a parameter: gradient 4, moments 8, best weights 4, weights in bfloat16 2.
TRAINED = 18
# Bytes a parameter that saving a checkpoint takes: 16 are written, and held twice, as bytes of each
# tensor and of the file. They come on top of a step's, which stay with the process when freed.
SAVED = 32
COPY = 12  # bytes a parameter of weights of an earlier step: 4, and twice as many to save them
# Bytes a parameter on a card: weights 4, gradient 4, moments 8, weights in bfloat16 2. The best
# weights and the copies of a checkpoint lie in the machine's memory.
ON_CARD = 18
LIBRARIES = 300_000_000  # bytes of a process before it has a model of our own layers
MARGIN = 0.9  # share of free memory that is used


@dataclass(frozen=True)
class Sizes:
    """Examples that go through the model at a time: of a training batch, and in scoring."""

    micro_batch: int
    scored: int = SCORED


@dataclass(frozen=True)
class Footprint:
    """What the training of a model takes.

    parameters: their number; width: neurons of a layer; tokens: of the longest sequence; number:
    bytes of each that a layer keeps; outputs: numbers a token of a head over the vocabulary; kept:
    copies of the weights, of earlier steps; symbols: rows of the table that a card multiplies by
    one-hot tokens in training.
    """

    parameters: int
    layers: int
    width: int
    heads: int
    tokens: int
    number: int = 4
    outputs: int = 0
    kept: int = 0
    symbols: int = 0

    @property
    def fixed(self) -> int:
        """Bytes beside the weights, whatever the batch."""
        return (TRAINED + SAVED + COPY * self.kept) * self.parameters

    @property
    def example(self) -> int:
        """Bytes that a step keeps of each example, whose gradients take those of two layers."""
        return self._of_layers(self.layers + 2) + 4 * self.symbols * self.tokens

    @property
    def scored(self) -> int:
        """Bytes that scoring takes of each example, of which it keeps no layer."""
        return self._of_layers(2)

    def _of_layers(self, layers: int) -> int:
        layer = self.number * (KEPT * self.width + self.heads * self.tokens)
        head = 4 * (6 * self.width + 3 * self.outputs)  # pooled or transformed states, in float32
        return self.tokens * (layers * layer + head)

    def whole(self, batch: int) -> int:
        """Bytes of a process that trains on `batch` examples at a time."""
        return LIBRARIES + 4 * self.parameters + self.fixed + batch * self.example

    def sizes(self, batch: int, free: float, device: str = "cpu") -> Sizes:
        """As many examples at a time as `free` bytes hold: `batch`, half of it, a quarter, ...; at
        least 1. On the CPU the weights are there already."""
        room = MARGIN * free - (ON_CARD * self.parameters if device == "cuda" else self.fixed)
        return Sizes(_fitting(batch, self.example, room), _fitting(SCORED, self.scored, room))


def half(examples: int) -> int:
    """The next smaller number of examples at a time, rounded up."""
    return (examples + 1) // 2


def _fitting(examples: int, each: int, room: float) -> int:
    while examples > 1 and examples * each > room:
        examples = half(examples)
    return examples
