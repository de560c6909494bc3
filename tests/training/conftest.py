"""What several files of this room train or compare with."""

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM

from seqtransfer.training.masked_language_model import MaskedLanguageModel


@pytest.fixture
def masked_model(sources_for):
    """A masked language model of 11 ids with distinctive weights."""
    generator = torch.Generator().manual_seed(0)
    encoder = sources_for().module(pooler=False)
    model = MaskedLanguageModel(encoder, 32, generator).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3, generator=generator)
    return model


@pytest.fixture
def stock(masked_model, sources_for):
    """transformers' own model with the same weights."""
    model = BertForMaskedLM(BertConfig.from_dict(sources_for().record())).eval()
    state = {f"bert.{name}": tensor for name, tensor in masked_model.encoder.state_dict().items()}
    head = {"transform.dense": masked_model.transform, "transform.LayerNorm": masked_model.norm}
    for name, module in head.items():
        for key, tensor in module.state_dict().items():
            state[f"cls.predictions.{name}.{key}"] = tensor
    state["cls.predictions.bias"] = masked_model.bias.detach()
    report = model.load_state_dict(state, strict=False)
    assert set(report.missing_keys) <= {
        "cls.predictions.decoder.weight",  # tied to the table
        "cls.predictions.decoder.bias",  # tied to the bias
    }
    model.tie_weights()
    return model
