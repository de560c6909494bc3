"""What is said of a task's parts once it is split."""

import json

import pytest
from test_estimate import study
from test_terminal import Job, _Named, event, listening

from seqtransfer.study import notes

ASKED = {"train": 100, "dev": 20, "test": 50}
AS_ASKED = {"task": "x", "counts": ASKED, "units": {"dev": 20}}
FEW = "x: smaller than asked for: 60 of 100 examples in train, 12 of 20 examples in dev"


@pytest.mark.parametrize(
    ("task", "asked", "lines"),
    [
        (AS_ASKED, ASKED, []),
        (AS_ASKED | {"counts": ASKED | {"train": 60, "dev": 12}}, ASKED, [FEW]),
        (AS_ASKED | {"counts": ASKED | {"train": 25}}, ASKED | {"train_fraction": 0.25}, []),
        (AS_ASKED | {"units": {"dev": 1}}, ASKED, ["x: dev is one group, which alone chooses"]),
    ],
)
def test_parts_that_are_smaller_than_asked_or_of_one_group_are_told(task, asked, lines):
    said = notes.of_parts(task, asked)
    assert len(said) == len(lines)
    assert all(one.startswith(line) for one, line in zip(said, lines, strict=True))


def test_a_run_tells_it_when_the_task_was_split(tmp_path, capsys):
    (tmp_path / "task.json").write_text(json.dumps(AS_ASKED))
    job = Job(0, "encode", output=_Named(task=str(tmp_path / "task.json")), task="x")
    told = listening(study(), tmp_path, job)
    (tmp_path / "logs").mkdir()
    told.emit(event("run_info"))
    told.emit(event("job_finished", job_id=0))
    assert (
        "default: x: smaller than asked for: 100 of 1600 examples in train"
        in capsys.readouterr().err
    )
