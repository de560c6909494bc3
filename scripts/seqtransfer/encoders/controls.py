"""Controls: the one table of small networks without an encoder.

A control is trained from scratch as the arms are, on the same batches, at its own learning rate: it
says what a task's examples teach a simple network over embeddings. It is no arm: no claim is about
it, and its states are compared with no encoder's. A study is planned with this file; the networks
are in `control_networks`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Control:
    """pooling: how its states become one vector, of `classifier.POOLINGS`; cost: time of a training
    step in layers of an encoder as wide, as measured on a CPU core; description: for readers."""

    pooling: str
    cost: float
    description: str


CONTROLS = {
    "bag-of-embeddings": Control(
        "mean", 0.1, "the mean of the tokens' embeddings: which tokens, whatever their order"
    ),
    "cnn": Control(
        "max",
        0.4,
        "convolutions over 3, 5 and 7 tokens' embeddings, the maximum over places (Kim 2014)",
    ),
    "self-attention": Control(
        "mean",
        0.5,
        "embeddings of tokens and places, one layer of self-attention, the mean over tokens",
    ),
}
# What people read. Apart from the table, which training is made by: another word retrains nothing.
TITLES = {
    "bag-of-embeddings": "bag of embeddings",
    "cnn": "convolutional network",
    "self-attention": "self-attention layer",
}
