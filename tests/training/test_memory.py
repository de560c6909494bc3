"""The bytes that are predicted hold what autograd keeps, and free memory is that of every limit."""

import math
from dataclasses import replace

import pytest
import torch

from seqtransfer.encoders import bert
from seqtransfer.training import free_memory
from seqtransfer.training.memory import SCORED, Footprint

BERT_BASE = Footprint(86_000_000, 12, 768, heads=12, tokens=512, number=2)


def kept(layers: int, batch: int, dtype: torch.dtype) -> int:
    """Bytes that autograd keeps of a forward pass besides the parameters."""
    encoder = bert.Bert(bert.Config(11, 64, layers, 4, 256, 40), pooler=False).train()
    encoder.dtype = dtype
    known = {parameter.untyped_storage().data_ptr() for parameter in encoder.parameters()}
    storages = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            storages[storage.data_ptr()] = storage
        return tensor

    ids = torch.full((batch, 40), 7)
    mask = torch.ones_like(ids)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        encoder(ids, mask)
    return sum(storage.nbytes() for storage in storages.values())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_a_layer_keeps_of_an_example_what_is_predicted(dtype):
    measured = [kept(layers, batch, dtype) for layers in (1, 2) for batch in (2, 3)]
    one, two = measured[1] - measured[0], measured[3] - measured[2]
    sizes = [Footprint(0, n, 64, 4, 40, number=dtype.itemsize).example for n in (1, 2)]
    assert two - one == pytest.approx(sizes[1] - sizes[0], rel=0.03)
    assert two < sizes[1]


def test_one_hot_tokens_of_a_step_on_a_card_take_a_float32_each_symbol():
    ids = torch.full((3, 512), 7)
    one_hot = (ids[..., None] == torch.arange(100)).float()  # as `bert._rows` makes them there
    more = replace(BERT_BASE, symbols=100)
    assert 3 * (more.example - BERT_BASE.example) == one_hot.nbytes
    assert more.scored == BERT_BASE.scored  # without a gradient, rows are looked up


def test_weights_of_earlier_steps_take_their_place_and_twice_that_to_save_them():
    more = replace(BERT_BASE, kept=2).whole(1) - BERT_BASE.whole(1)
    assert more == 2 * 3 * 4 * BERT_BASE.parameters


@pytest.mark.parametrize("free", [3.5e9, 5e9, 8e9, 1e10, 1e12])
def test_what_is_chosen_fits_and_twice_as_much_would_not(free):
    found = BERT_BASE.sizes(16, free)
    for size, most, each in (
        (found.micro_batch, 16, BERT_BASE.example),
        (found.scored, SCORED, BERT_BASE.scored),
    ):
        assert size == 1 or BERT_BASE.fixed + size * each <= free
        assert size == most or BERT_BASE.fixed + 2 * size * each > 0.9 * free
    assert found.micro_batch <= found.scored


def test_a_card_holds_no_copies_of_a_checkpoint():
    """Weights, gradient and moments of 86 million take 1.5 GB of 4: most of a batch fits beside."""
    assert BERT_BASE.sizes(16, 4e9, "cuda").micro_batch > BERT_BASE.sizes(16, 4e9).micro_batch
    room = 0.9 * 4e9 - 18 * BERT_BASE.parameters
    assert BERT_BASE.sizes(10**6, 4e9, "cuda").micro_batch <= room / BERT_BASE.example


def test_one_example_is_tried_even_where_it_is_not_predicted_to_fit():
    assert BERT_BASE.sizes(16, 0.0).micro_batch == 1


def group(folder, files: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (folder / name).write_text(f"{value}\n")


def test_the_tightest_of_a_group_and_those_around_it_counts(tmp_path):
    inner = {"memory.max": "max", "memory.current": 10, "memory.stat": "anon 5\ninactive_file 5"}
    outer = {"memory.max": 900, "memory.current": 500, "memory.stat": "inactive_file 100"}
    group(tmp_path / "slurm/job", inner)
    group(tmp_path / "slurm", outer)
    assert free_memory.group_room("0::/slurm/job\n", tmp_path) == 900 - 500 + 100
    group(tmp_path / "slurm/job", inner | {"memory.max": 200})
    assert free_memory.group_room("0::/slurm/job\n", tmp_path) == 200 - 10 + 5


def test_the_first_version_of_groups_is_read_and_no_group_is_no_limit(tmp_path):
    limits = {"memory.limit_in_bytes": 300, "memory.usage_in_bytes": 120}
    group(tmp_path / "memory/job", limits | {"memory.stat": "total_inactive_file 20"})
    membership = "9:name=systemd:/\n4:memory:/job\n0::/\n"
    assert free_memory.group_room(membership, tmp_path) == 200
    assert math.isinf(free_memory.group_room("4:memory:/elsewhere\n0::/\n", tmp_path))


def test_a_job_keeps_to_what_it_was_given():
    everything = free_memory.free_memory("cpu", None)
    assert 0 < free_memory.free_memory("cpu", 2000) < min(2e9, everything + 2e9)
    assert free_memory.free_memory("cpu", 1) == 0.0
