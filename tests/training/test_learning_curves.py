"""TensorBoard's files hold the numbers of the histories, each at its step."""

import struct

import pytest
from tensorboardX.proto.event_pb2 import Event

import learning_curves


def scalars(path):
    """(name, step) -> value of an event file: records of a length, its check, data, their check."""
    content, found = path.read_bytes(), {}
    while content:
        (length,) = struct.unpack("<Q", content[:8])
        event = Event.FromString(content[12 : 12 + length])
        found |= {(one.tag, event.step): one.simple_value for one in event.summary.value}
        content = content[16 + length :]
    return found


def test_every_number_stands_at_its_step(tmp_path):
    history = tmp_path / "runs/splice/text/seed-0/history.tsv"
    history.parent.mkdir(parents=True)
    history.write_text("step\texamples\ttrain_loss\tdev_mcc\n0\t0\t\t0.25\n4\t64\t1.5\t0.5\n")
    learning_curves.main(histories=[history], folder=tmp_path / "tensorboard")
    (events,) = (tmp_path / "tensorboard/splice/text/seed-0").iterdir()
    assert scalars(events) == pytest.approx(
        {("dev_mcc", 0): 0.25, ("train_loss", 4): 1.5, ("dev_mcc", 4): 0.5}
    )
