"""Layers, width and tokens -> floating-point operations.

By Kaplan et al. (2020, arXiv:2001.08361, table 1) for the layers, with both products of attention,
the scores and the weighted sum; three times that for a step.
"""

from seqtransfer.encoders.controls import CONTROLS

STEP = 3  # forward passes that the two passes of a training step amount to


def forward(layers: int, width: int, tokens: int, initialization: str = "") -> float:
    """Operations of one sequence's forward pass, through the layers or a control's network."""
    control = CONTROLS.get(initialization)
    depth = control.cost if control else layers
    return tokens * depth * (24 * width**2 + 4 * tokens * width)
