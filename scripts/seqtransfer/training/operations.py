"""Layers, width and tokens -> floating-point operations.

By Kaplan et al. (2020, arXiv:2001.08361, table 1) for the layers, with both products of attention,
the scores and the weighted sum; three times that for a step in which all weights train.
"""

from seqtransfer.encoders.controls import CONTROLS

STEP = 3  # forward passes that the two passes of a training step amount to


def passes(adaptation: str, layers: int) -> float:
    """Forward passes that a step amounts to which trains what the adaptation does: two of the three
    are for gradients, one of them for those of weights."""
    if adaptation == "full":
        return STEP
    if adaptation == "probe":
        return 1
    last = adaptation.removeprefix("last-")
    return 1 + 2 * int(last) / layers if last != adaptation else 2


def forward(layers: int, width: int, tokens: int, initialization: str = "") -> float:
    """Operations of one sequence's forward pass, through the layers or a control's network."""
    control = CONTROLS.get(initialization)
    depth = control.cost if control else layers
    return tokens * depth * (24 * width**2 + 4 * tokens * width)
