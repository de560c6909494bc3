"""Each adaptation trains exactly what it names; LoRA's additions can be merged into the weights."""

import copy

import pytest
import torch
from torch import nn

import tiny_encoders
from project import ROOT
from seqtransfer.encoders import adaptations
from seqtransfer.encoders.tensor_roles import WITHOUT_BIASES, table
from tiny_encoders import INNER, ROWS, WIDTH

FAMILIES = sorted(tiny_encoders.CONFIGS)
MODES = ["full", "probe", "layernorm", "bias", "lora", "last-1", "last-2", "last-3"]
IDS = torch.tensor([[5, 6, 7, 8, 9], [9, 8, 5, 5, 2]])
LAYER = {  # parameters of one layer of BERT and RoBERTa, by closed form
    "attention": 4 * (WIDTH**2 + WIDTH),
    "feedforward": 2 * WIDTH * INNER + WIDTH + INNER,
    "layernorm": 2 * 2 * WIDTH,
}
POOLER = WIDTH**2 + WIDTH
TABLES = (ROWS + 16 + 2) * WIDTH  # tokens, positions, types
COUNTS = {
    "full": TABLES + 2 * WIDTH + 3 * sum(LAYER.values()) + POOLER,
    "probe": 0,
    "layernorm": 2 * WIDTH + 3 * LAYER["layernorm"],
    "bias": WIDTH + 3 * (4 * WIDTH + WIDTH + INNER + 2 * WIDTH) + WIDTH,
    "lora": 3 * 2 * (4 * WIDTH + WIDTH * 4),  # rank 4, on 2 projections of each of 3 layers
    "last-1": sum(LAYER.values()) + POOLER,
    "last-2": 2 * sum(LAYER.values()) + POOLER,
    "last-3": 3 * sum(LAYER.values()) + POOLER,
}


def adapted(family: str, mode: str) -> nn.Module:
    return adaptations.adapt(tiny_encoders.encoder(family), mode, seed=3, rank=4, alpha=8)


def hidden(encoder: nn.Module) -> torch.Tensor:
    return encoder(input_ids=IDS).last_hidden_state


def step(encoder: nn.Module, head: nn.Module, steps: int = 1) -> None:
    """AdamW on everything, as training does it: what is frozen must stay by itself."""
    optimizer = torch.optim.AdamW(
        [*encoder.parameters(), *head.parameters()], lr=0.01, weight_decay=0.1, fused=True
    )
    for _ in range(steps):
        output = encoder(input_ids=IDS)
        pooled = output.last_hidden_state.pow(2).mean(dim=1) + output.pooler_output
        optimizer.zero_grad()
        nn.functional.cross_entropy(head(pooled), torch.tensor([0, 1])).backward()
        optimizer.step()


def changed(family: str, mode: str, steps: int = 1) -> tuple[set[str], bool]:
    """The encoder's tensors that are other than before, and whether the head is."""
    encoder, head = adapted(family, mode), nn.Linear(WIDTH, 2)
    before, head_before = copy.deepcopy(encoder.state_dict()), head.weight.detach().clone()
    step(encoder, head, steps)
    after = encoder.state_dict()
    return (
        {key for key in before if not torch.equal(before[key], after[key])},
        not torch.equal(head_before, head.weight),
    )


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "lora"])
def test_one_step_changes_the_named_tensors_and_no_other(mode, family):
    names, head = changed(family, mode)
    assert head
    assert names == adaptations.trained(mode, tiny_encoders.encoder(family).state_dict(), family)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_what_a_mode_names_is_this(family):
    """By hand, of BERT and RoBERTa, whose names are equal."""
    every = set(tiny_encoders.encoder(family).state_dict())
    top = {name for name in every if name.startswith("encoder.layer.2.")}
    pooler = {"pooler.dense.weight", "pooler.dense.bias"}
    expected = {
        "full": every,
        "probe": set(),
        "lora": set(),
        "layernorm": {name for name in every if ".LayerNorm." in name},
        "bias": {name for name in every if name.endswith("bias")},
        "last-1": top | pooler,
    }
    assert len(top) == 16 and len(expected["layernorm"]) == 2 * (1 + 2 * 3)
    for mode, names in expected.items():
        assert adaptations.trained(mode, every, family) == names, mode


@pytest.mark.parametrize("family", ["bert", "roberta"])
@pytest.mark.parametrize("mode", MODES)
def test_the_number_of_parameters_that_train_is_the_closed_form(mode, family):
    encoder = adapted(family, mode)
    assert sum(p.numel() for p in encoder.parameters() if p.requires_grad) == COUNTS[mode]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_can_be_adapted_in_every_mode(family):
    layers = tiny_encoders.LAYERS[family]
    for mode in ["full", "probe", "layernorm", "bias", "lora", f"last-{layers}"]:
        if mode == "bias" and family in WITHOUT_BIASES:
            with pytest.raises(ValueError, match=f"'bias': {family} encoders have no biases"):
                adapted(family, mode)
            continue
        encoder = adapted(family, mode)
        training = {name for name, p in encoder.named_parameters() if p.requires_grad}
        assert bool(training) == (mode != "probe")
        assert any(name.endswith(table(family)) for name in training) == (mode == "full")
        output = hidden(encoder)
        assert output.requires_grad == (mode != "probe")
    with pytest.raises(ValueError, match=rf"'last-{layers + 1}'.*has {layers} layers"):
        adapted(family, f"last-{layers + 1}")


def test_a_final_layernorm_belongs_to_the_last_layers():
    names = adaptations.trained("last-1", tiny_encoders.encoder("esm").state_dict(), "esm")
    assert "encoder.emb_layer_norm_after.weight" in names
    assert "embeddings.layer_norm.weight" not in names
    assert not any("contact_head" in name or "inv_freq" in name for name in names)


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_lora_trains_its_additions_to_queries_and_values_alone(family):
    names, head = changed(family, "lora", steps=2)  # B is 0 at first: A moves at the second step
    assert head
    assert len(names) == 3 * 2 * 2  # layers, projections, A and B
    for name in names:
        assert ".lora_A." in name or ".lora_B." in name
        assert ".self.query." in name or ".self.value." in name


@pytest.mark.parametrize("family", FAMILIES)
def test_lora_starts_from_the_encoder_and_merges_into_a_plain_one(family):
    plain = tiny_encoders.encoder(family)
    with torch.no_grad():
        start = hidden(plain)
    encoder, head = adapted(family, "lora"), nn.Linear(WIDTH, 2)
    with torch.no_grad():
        assert torch.equal(hidden(encoder), start)
    optimizer = torch.optim.AdamW([*encoder.parameters(), *head.parameters()], lr=0.05)
    for _ in range(5):
        optimizer.zero_grad()
        nn.functional.cross_entropy(
            head(hidden(encoder).pow(2).mean(dim=1)), torch.tensor([0, 1])
        ).backward()
        optimizer.step()
    with torch.no_grad():
        trained = hidden(encoder)
        assert (trained - start).abs().max() > 0.01
        state = adaptations.merge(encoder)
        assert list(state) == list(plain.state_dict())
        plain.load_state_dict(state)
        torch.testing.assert_close(hidden(plain), trained, rtol=0, atol=1e-5)
        assert torch.equal(hidden(encoder), trained)  # merging leaves it as it is


def test_merged_weights_are_the_formula():
    """W + alpha / rank * B A, by numpy's own product; all other tensors stay bit for bit."""
    encoder = adapted("bert", "lora")
    step(encoder, nn.Linear(WIDTH, 2), steps=3)
    wrapped = {name: t.detach().numpy() for name, t in encoder.named_parameters()}
    before = tiny_encoders.encoder("bert").state_dict()
    for name, tensor in adaptations.merge(encoder).items():
        module = "base_model.model." + name.removesuffix(".weight")
        if f"{module}.lora_A.default.weight" in wrapped:
            a, b = (wrapped[f"{module}.lora_{side}.default.weight"] for side in "AB")
            assert (a.shape, b.shape) == ((4, WIDTH), (WIDTH, 4))
            expected = before[name].numpy() + 8 / 4 * (b @ a)
            torch.testing.assert_close(tensor, torch.from_numpy(expected), rtol=0, atol=1e-6)
        else:
            assert torch.equal(tensor, before[name])


def test_loras_draw_depends_on_its_seed_alone():
    def draw(seed: int, state: int) -> dict:
        encoder = tiny_encoders.encoder("bert")
        torch.manual_seed(state)
        state_dict = adaptations.lora(encoder, seed=seed).state_dict()
        left = torch.rand(3)
        torch.manual_seed(state)
        assert torch.equal(left, torch.rand(3))  # and takes nothing from the global generator
        return {name: t for name, t in state_dict.items() if "lora_A" in name}

    first, again, other = draw(0, 1), draw(0, 2), draw(1, 1)
    assert first and all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("mode", ["head", "last", "last-0", "last-<layers>", "lora-8", "Full", ""])
def test_another_mode_is_refused_with_what_is_known(mode):
    with pytest.raises(ValueError) as error:
        adapted("bert", mode)
    assert f"adaptation {mode!r} is unknown; known: full, probe, layernorm, bias" in str(
        error.value
    )
    assert "last-<layers>" in str(error.value)


def test_the_docs_say_what_every_mode_trains():
    rows = (ROOT / "docs/reference/arms.md").read_text().splitlines()
    for mode in adaptations.MODES:
        assert sum(row.startswith(f"| `{mode}` |") for row in rows) == 1, mode
