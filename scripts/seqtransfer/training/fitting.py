"""A model and a job's memory -> how many examples go through the model at a time."""

import torch
from torch import nn

from seqtransfer.encoders import bert, control_networks
from seqtransfer.encoders.loading import HEADS
from seqtransfer.training.classifier import WeightSources
from seqtransfer.training.free_memory import free_memory
from seqtransfer.training.memory import Footprint, Sizes


def footprint(
    model: nn.Module,
    sources: WeightSources,
    tokens: int,
    device: str,
    *,
    outputs: int = 0,
    kept: int = 0,
) -> Footprint:
    """What the training of `model` takes: of a classifier or a masked language model, or another
    with its encoder as `encoder`.

    tokens: of the longest sequence; outputs: of a head over the vocabulary, numbers a token; kept:
    copies of the weights, of earlier steps.
    """
    encoder = model.encoder
    layers, heads = 1, control_networks.HEADS
    if not isinstance(encoder, control_networks.BagOfEmbeddings):
        record = sources.record()
        layers = sources.depth
        heads = next(record[name] for name in HEADS if name in record)
    # transformers keeps some numbers in bfloat16, some in float32 and some in both.
    own = isinstance(encoder, bert.Bert)
    narrow = own and encoder.dtype == torch.bfloat16
    return Footprint(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        layers=layers,
        width=sources.facts.width,
        heads=heads,
        tokens=tokens,
        number=2 if narrow else 4,
        outputs=outputs,
        kept=kept,
        symbols=len(encoder.table) if own and device == "cuda" else 0,
    )


def sizes(taken: Footprint, batch: int, device: str, granted: int | None) -> Sizes:
    """As many examples at a time as the job's memory holds. granted: as in `free_memory`."""
    found = taken.sizes(batch, free_memory(device, granted), device)
    print(
        f"{found.micro_batch} of {batch} examples at a time: a whole batch takes"
        f" {taken.whole(batch) / 1e9:.1f} GB",
        flush=True,
    )
    return found
