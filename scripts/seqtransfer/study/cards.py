"""Which of a machine's GPUs a job computes on: the one that the fewest jobs have.

On each card a job locks the first free place, a file, until its process ends, however it ends. With
as many jobs at a time as cards, each has one of its own; with more, they share evenly. Places are
of the user, so that several studies keep out of each other's way. Where Slurm gave a job its card,
the job finds that one alone.
"""

import fcntl
import itertools
import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

VISIBLE = "CUDA_VISIBLE_DEVICES"
_held: list[int] = []  # kept open, since closing a file frees its lock


def devices(folder: Path = Path("/dev")) -> int:
    """The number of NVIDIA devices of this machine, by their files in `folder`; WSL has one file
    for all of them, and the driver knows how many."""
    found = len(list(folder.glob("nvidia[0-9]*")))
    if found or not (folder / "dxg").exists():
        return found
    import pynvml  # which a machine that only plans need not have

    try:
        pynvml.nvmlInit()
        return pynvml.nvmlDeviceGetCount()
    except pynvml.NVMLError:
        return 0


def visible(environment: Mapping[str, str], present: int) -> list[str]:
    """Cards that CUDA would see, by the names that `CUDA_VISIBLE_DEVICES` takes.

    present: number of devices of this machine, all of which it sees where that is not set. As CUDA
    does, what follows -1 is ignored.
    """
    if VISIBLE not in environment:
        return [str(number) for number in range(present)]
    names = (name.strip() for name in environment[VISIBLE].split(","))
    return list(itertools.takewhile(lambda name: name not in ("", "-1"), names))


def per_job() -> int:
    """1 where CUDA sees a card, else 0: what a training job asks for on this machine.

    On a cluster the profile's `set-resources` says it for the nodes instead.
    """
    return min(1, len(visible(os.environ, devices())))


def place(cards: Sequence[str], folder: Path) -> str:
    """The card of the lowest place that is free, now locked until this process ends.

    cards: at least one; folder: of the places' files, one for all who share the cards.
    """
    for number in itertools.count():
        for card in cards:
            file = os.open(
                folder / f"{quote(card, safe='')}.{number}", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            )
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
            else:
                _held.append(file)
                return card


def take(gpus: int) -> None:
    """Let this process see one card alone; call it before CUDA starts.

    gpus: what the job's rule asks for. 0 leaves everything as it is, and so does a machine without
    any card.
    """
    cards = visible(os.environ, devices())
    if gpus and cards:
        folder = Path(tempfile.gettempdir(), f"seqtransfer-cards-{os.getuid()}")
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            raise ValueError(
                f"{folder} is another user's, who could see and hold your cards; set TMPDIR to a"
                " folder of yours"
            )
        os.environ[VISIBLE] = place(cards, folder)
        print(f"GPU {os.environ[VISIBLE]} of {', '.join(cards)}")
