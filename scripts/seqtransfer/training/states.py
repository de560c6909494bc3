"""Weights of a model by name: copies of them, and several in one file."""

from collections.abc import Mapping

import torch

from seqtransfer.encoders.loading import State


def copied(state: Mapping[str, torch.Tensor]) -> State:
    """The same weights in the machine's memory, which further training does not change."""
    return {name: tensor.detach().cpu().clone() for name, tensor in state.items()}


def joined(states: Mapping[str, State]) -> State:
    """All tensors of several states, by names of the form `state.tensor`.

    The name of a state has no dot.
    """
    return {
        f"{of}.{name}": weight for of, state in states.items() for name, weight in state.items()
    }


def parted(tensors: Mapping[str, torch.Tensor]) -> dict[str, State]:
    """The inverse of `joined`, but for states without a tensor."""
    states: dict[str, State] = {}
    for key, tensor in tensors.items():
        of, _, name = key.partition(".")
        states.setdefault(of, {})[name] = tensor
    return states
