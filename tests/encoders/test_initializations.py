"""What each initialization keeps of the pretrained weights, and what it destroys."""

import math
from functools import cache

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import tiny_encoders
from seqtransfer.encoders import arm_descriptions, initializations, weight_changes
from seqtransfer.encoders.initializations import INITIALIZATIONS, initialize
from seqtransfer.encoders.tensor_roles import part, table

FAMILIES = sorted(tiny_encoders.CONFIGS)
TABLE = table("bert")
PLAIN = [kind for kind, known in INITIALIZATIONS.items() if not known.parameter]
IN_PART = [f"{whole}-{part}" for whole in ("domain", "checkpoint-64", "from-zipf")
           for part in initializations.PARTS]  # fmt: skip
NAMES = [*PLAIN, "first-1", "first-2", "checkpoint-64", "from-zipf"]
AS_THEY_ARE = ("text", "domain", "checkpoint-64", "from-zipf")
ONLY = ("embedding", "layernorm", "attention", "feedforward")
ROWS = torch.tensor([0, 19, 3, 11, 4, 7])  # of the pretrained table, one of each of six ids
CHANGES = (weight_changes.shuffled, weight_changes.moments)


def only(role: str) -> str:
    return "embeddings-only" if role == "embedding" else f"{role}-only"


def config(family: str) -> dict:
    return tiny_encoders.CONFIGS[family].to_dict()


@cache
def _states(family: str) -> tuple[dict, dict]:
    pretrained = tiny_encoders.encoder(family, seed=1).state_dict()
    return pretrained, tiny_encoders.encoder(family, seed=2, rows=len(ROWS)).state_dict()


def states(family: str) -> tuple[dict, dict]:
    """Pretrained weights with a table of 20 rows, and a fresh draw with one of six."""
    pretrained, fresh = ({k: t.clone() for k, t in state.items()} for state in _states(family))
    return pretrained, fresh


def made(name: str, family: str, seed: int = 0) -> dict:
    pretrained, fresh = states(family)
    generator = torch.Generator().manual_seed(seed)
    return initialize(name, pretrained, fresh, config(family), generator, ROWS)


def origins(name: str, family: str) -> dict[str, str]:
    """Tensor -> `p`retrained or `f`resh values, `both` where these are equal, or `neither`."""
    pretrained, fresh = states(family)
    pretrained[table(family)] = pretrained[table(family)][ROWS]
    found = {}
    for key, tensor in made(name, family).items():
        same = [
            s for s, state in (("p", pretrained), ("f", fresh)) if torch.equal(tensor, state[key])
        ]
        found[key] = "both" if len(same) == 2 else same[0] if same else "neither"
    return found


def constant(key: str) -> bool:
    """Rotary frequencies: not drawn, so equal in every state."""
    return key.endswith("inv_freq")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", NAMES)
def test_an_arm_has_the_architectures_tensors_and_leaves_its_inputs_alone(name, family):
    pretrained, fresh = states(family)
    inputs = states(family)
    generator = torch.Generator().manual_seed(0)
    state = initialize(name, pretrained, fresh, config(family), generator, ROWS)
    assert list(state) == list(fresh)
    for key, tensor in fresh.items():
        assert (state[key].shape, state[key].dtype) == (tensor.shape, tensor.dtype)
    for before, after in zip(inputs, (pretrained, fresh), strict=True):
        assert list(before) == list(after)
        assert all(torch.equal(before[key], after[key]) for key in before)


@pytest.mark.parametrize("name", NAMES)
def test_an_arm_depends_on_its_generator_alone(name):
    first, other = made(name, "bert"), made(name, "bert", seed=1)
    torch.manual_seed(7)
    again = made(name, "bert")
    assert all(torch.equal(first[key], again[key]) for key in first)
    changed = (
        INITIALIZATIONS[initializations.parse(name).kind].change is not weight_changes.unchanged
    )
    assert any(not torch.equal(first[key], other[key]) for key in first) == changed
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    made(name, "bert")
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", AS_THEY_ARE)
def test_text_and_other_encoders_are_taken_as_they_are_with_the_rows_of_the_map(name, family):
    assert set(origins(name, family).values()) <= {"p", "both"}


@pytest.mark.parametrize("family", FAMILIES)
def test_random_is_the_architectures_draw_and_reads_nothing_pretrained(family):
    assert set(origins("random", family).values()) <= {"f", "both"}
    fresh = states(family)[1]
    alone = initialize("random", {}, fresh, config(family), torch.Generator(), ROWS)
    assert all(torch.equal(alone[key], fresh[key]) for key in fresh)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("role", ONLY)
def test_an_only_arm_takes_exactly_its_role(role, family):
    for key, origin in origins(only(role), family).items():
        if not constant(key):
            assert origin == ("p" if part(key, family).role == role else "f"), key


@pytest.mark.parametrize("family", FAMILIES)
def test_a_part_of_an_arm_takes_from_its_weights_what_the_only_arm_takes_from_text(family):
    for name in IN_PART:
        alike, state = made(initializations.parse(name).part, family), made(name, family)
        assert list(state) == list(alike)
        assert all(torch.equal(tensor, alike[key]) for key, tensor in state.items())


@pytest.mark.parametrize("family", FAMILIES)
def test_the_only_arms_part_the_encoder_between_them(family):
    taken = [
        {key for key, origin in origins(only(role), family).items() if origin == "p"}
        for role in ONLY
    ]
    rest = {key for key in made("text", family) if part(key, family).role in ("pooler", "other")}
    assert sum(map(len, taken)) + len(rest) == len(made("text", family))
    assert set().union(*taken, rest) == set(made("text", family))


@pytest.mark.parametrize("family", FAMILIES)
def test_re_embedded_has_a_fresh_table_of_tokens_and_all_else_pretrained(family):
    for key, origin in origins("re-embedded", family).items():
        if not constant(key):
            assert origin == ("f" if key == table(family) else "p"), key


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("k", [1, 2])
def test_first_k_takes_what_the_kth_layers_output_depends_on(k, family):
    """An oracle by derivatives: a tensor is taken if hidden state k moves with it."""
    model = tiny_encoders.encoder(family)
    ids = torch.tensor([[5, 6, 7, 8]])
    hidden = model(input_ids=ids, output_hidden_states=True).hidden_states
    # ALBERT: the first of its two groups is still in use at state 2, and the last state has both.
    hidden[{1: 2, 2: -1}[k] if family == "albert" else k].pow(3).sum().backward()
    reached = {name for name, p in model.named_parameters() if p.grad is not None}
    for key, origin in origins(f"first-{k}", family).items():
        if not constant(key):
            assert origin == ("p" if key in reached else "f"), key


@pytest.mark.parametrize("family", FAMILIES)
def test_first_k_of_all_layers_is_text_but_for_what_follows_the_layers(family):
    layers = tiny_encoders.LAYERS[family]
    fresh = {k for k, origin in origins(f"first-{layers}", family).items() if origin == "f"}
    assert {part(key, family).layer for key in fresh} <= {None}
    assert not any(key.startswith("embeddings") for key in fresh)
    with pytest.raises(ValueError, match=rf"'first-{layers + 1}'.*has {layers} layers"):
        made(f"first-{layers + 1}", family)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("name", ["shuffled", "moments"])
def test_a_changed_arm_has_every_learned_tensor_changed(name, family):
    for key, origin in origins(name, family).items():
        learned = part(key, family).role != "other"
        assert (origin == "neither") == learned, key


tensors = st.builds(
    lambda shape, scale, shift, seed: (
        torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * scale + shift * scale
    ),
    st.lists(st.integers(1, 9), min_size=1, max_size=3),
    st.floats(1e-4, 1e3),
    st.floats(-10, 10),
    st.integers(0, 1000),
)


@given(tensors, st.integers(0, 1000))
def test_shuffled_keeps_the_multiset_of_values(tensor, seed):
    (after,) = weight_changes.shuffled({"x": tensor}, torch.Generator().manual_seed(seed)).values()
    assert after.shape == tensor.shape and after.dtype == tensor.dtype
    assert torch.equal(after.flatten().sort().values, tensor.flatten().sort().values)


@given(tensors, st.integers(0, 1000))
def test_moments_keeps_mean_and_variance(tensor, seed):
    (after,) = weight_changes.moments({"x": tensor}, torch.Generator().manual_seed(seed)).values()
    assert after.shape == tensor.shape and after.dtype == tensor.dtype
    before, after = tensor.double(), after.double()
    scale = float(before.abs().max())
    assert abs(float(after.mean() - before.mean())) <= 1e-6 * scale
    variance = float(before.var(correction=0))
    assert abs(float(after.var(correction=0)) - variance) <= 1e-6 * scale**2


@pytest.mark.parametrize("change", CHANGES)
def test_structure_is_destroyed_within_a_tensor_and_between_tensors(change):
    """A matrix of rank one, and its own copy: neither rank nor copy survives."""
    generator = torch.Generator().manual_seed(3)
    sides = torch.randn(2, 128, generator=generator)
    matrix = torch.outer(*sides)
    left, right = change({"a": matrix, "b": matrix.clone()}, generator).values()

    def share(m):  # of the largest singular value in all variance
        values = torch.linalg.svdvals(m)
        return float(values[0] ** 2 / (values**2).sum())

    assert share(matrix) == pytest.approx(1)
    assert share(left) < 0.1  # of independent entries: about 4 / 128
    bound = 5 / math.sqrt(matrix.numel())
    for other in (matrix, right):
        assert (
            abs(float(torch.corrcoef(torch.stack([left.flatten(), other.flatten()]))[0, 1])) < bound
        )
    pairs = torch.corrcoef(torch.stack([left[:, :-1].flatten(), left[:, 1:].flatten()]))
    assert abs(float(pairs[0, 1])) < bound


def test_moments_loses_outliers_that_shuffled_keeps():
    heavy = torch.cat(
        [torch.randn(4000, generator=torch.Generator().manual_seed(0)), torch.ones(4) * 60]
    )

    def kurtosis(x):
        x = (x.double() - x.double().mean()) / x.double().std(correction=0)
        return float((x**4).mean())

    after = {f.__name__: f({"x": heavy}, torch.Generator())["x"] for f in CHANGES}
    assert kurtosis(heavy) > 100
    assert kurtosis(after["shuffled"]) == pytest.approx(kurtosis(heavy))
    assert kurtosis(after["moments"]) == pytest.approx(3, abs=0.3)


def test_a_tensor_of_equal_values_or_of_one_keeps_its_moments():
    for tensor in (torch.full((5, 3), 0.3), torch.tensor([2.5])):
        state = weight_changes.moments({"x": tensor}, torch.Generator())
        assert torch.equal(state["x"], tensor)


def test_the_statistics_of_the_table_are_those_of_all_rows_not_of_the_picked():
    pretrained, fresh = states("bert")
    pretrained[TABLE][ROWS] = 0.0
    state = initialize("moments", pretrained, fresh, config("bert"), torch.Generator(), ROWS)
    assert float(state[TABLE].std()) > 0.1
    whole = initialize(
        "moments",
        pretrained,
        tiny_encoders.encoder("bert").state_dict(),
        config("bert"),
        torch.Generator(),
    )
    assert torch.equal(whole[TABLE][ROWS], state[TABLE])
    assert float(whole[TABLE].std(correction=0)) == pytest.approx(
        float(pretrained[TABLE].std(correction=0)), rel=1e-6
    )


def test_the_stream_of_shuffled_is_one_permutation_a_tensor_in_the_models_order():
    """A second implementation: results of earlier studies hold as long as this does."""
    pretrained, fresh = states("bert")
    generator = torch.Generator().manual_seed(0)
    expected = {}
    for key, tensor in pretrained.items():
        flat = tensor.flatten()
        expected[key] = torch.empty_like(flat)
        for place, origin in enumerate(torch.randperm(len(flat), generator=generator).tolist()):
            expected[key][place] = flat[origin]
        expected[key] = expected[key].reshape(tensor.shape)
    backwards = dict(reversed(pretrained.items()))
    generator = torch.Generator().manual_seed(0)
    state = initialize("shuffled", backwards, fresh, config("bert"), generator, ROWS)
    for key, tensor in state.items():
        assert torch.equal(tensor, expected[key][ROWS] if key == TABLE else expected[key])


@pytest.mark.parametrize("name", ["domain", "checkpoint-64", "from-zipf", "text", "shuffled"])
def test_a_pooler_that_the_encoder_lacks_is_fresh_and_one_that_is_not_used_is_left_out(name):
    pretrained, fresh = states("bert")
    poolers = {key for key in fresh if key.startswith("pooler.")}
    without = {key: t for key, t in pretrained.items() if key not in poolers}
    state = initialize(name, without, fresh, config("bert"), torch.Generator(), ROWS)
    assert all(torch.equal(state[key], fresh[key]) for key in poolers)
    assert not any(torch.equal(state[key], fresh[key]) for key in set(fresh) - poolers)
    bare = {key: t for key, t in fresh.items() if key not in poolers}
    lean = initialize(name, pretrained, bare, config("bert"), torch.Generator(), ROWS)
    assert all(torch.equal(lean[key], state[key]) for key in bare) and list(lean) == list(bare)


def test_layers_above_a_cut_are_left_out_and_do_not_move_the_stream():
    pretrained, fresh = states("bert")
    cut = {key: t for key, t in fresh.items() if part(key, "bert").layer != 2}
    short = {key: t for key, t in pretrained.items() if part(key, "bert").layer != 2}
    for name in ("text", "shuffled"):
        args = (cut, config("bert"))
        a = initialize(name, pretrained, *args, torch.Generator(), ROWS)
        b = initialize(name, short, *args, torch.Generator(), ROWS)
        assert set(a) == set(cut) and all(torch.equal(a[key], b[key]) for key in a)


def test_without_rows_the_pretrained_table_is_the_ids_own():
    pretrained, fresh = states("bert")
    own = pretrained | {TABLE: pretrained[TABLE][: len(ROWS)].clone()}
    state = initialize("domain", own, fresh, config("bert"), torch.Generator())
    assert torch.equal(state[TABLE], own[TABLE])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({TABLE: torch.zeros(20, 9)}, r"'embeddings\.word_embeddings\.weight' is \[6, 9\] torch"),
        ({"encoder.layer.1.output.dense.bias": None}, r"lack 'encoder\.layer\.1\.output\.dense"),
        (
            {TABLE: torch.zeros(20, 8).half()},
            r"\[6, 8\] torch\.float16.* but \[6, 8\] torch\.float32",
        ),
    ],
)
def test_weights_that_do_not_fit_the_architecture_are_refused(change, message):
    pretrained, fresh = states("bert")
    pretrained = {k: t for k, t in (pretrained | change).items() if t is not None}
    with pytest.raises(ValueError, match=rf"initialization 'text'.*{message}"):
        initialize("text", pretrained, fresh, config("bert"), torch.Generator(), ROWS)


def test_every_name_that_can_be_parsed_has_an_initialization_and_others_are_refused():
    assert set(INITIALIZATIONS) == {initializations.parse(name).kind for name in NAMES}
    assert set(INITIALIZATIONS) == set(arm_descriptions.DESCRIPTIONS)
    said = r"^initialization 'texts' is unknown; known: random, moments.*; did you mean 'text'\?$"
    with pytest.raises(ValueError, match=said):
        made("texts", "bert")


def test_a_state_of_every_arm_loads_into_the_encoder():
    for family in FAMILIES:
        model: nn.Module = tiny_encoders.encoder(family, rows=len(ROWS))
        for name in NAMES:
            model.load_state_dict(made(name, family), strict=True)


def test_a_spectrum_keeps_singular_values_and_draws_their_directions():
    pretrained = {"matrix": torch.randn(9, 5), "vector": torch.arange(4.0)}
    drawn = [
        weight_changes.spectrum(pretrained, torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    ]
    first, again, other = (state["matrix"] for state in drawn)
    assert torch.equal(first, again) and not torch.allclose(first, other, atol=0.1)
    values = torch.linalg.svdvals(pretrained["matrix"])
    for matrix in (first, other):
        assert matrix.dtype == torch.float32 and not torch.allclose(matrix, pretrained["matrix"])
        assert torch.allclose(torch.linalg.svdvals(matrix), values, atol=1e-5)
    assert sorted(drawn[0]["vector"].tolist()) == [0.0, 1.0, 2.0, 3.0]


def test_the_directions_of_a_spectrum_have_no_sign_that_is_likelier():
    """Of uniform singular vectors the mean trace is 0, with a deviation of |values| / sqrt(n)."""
    identity = {"matrix": torch.eye(24)}
    generator = torch.Generator().manual_seed(0)
    traces = torch.stack(
        [weight_changes.spectrum(identity, generator)["matrix"].trace() for _ in range(300)]
    )
    assert traces.std().item() == pytest.approx(1.0, abs=0.15)  # of a uniform orthogonal matrix
    assert abs(traces.mean().item()) < 4 * 1.0 / 300**0.5
