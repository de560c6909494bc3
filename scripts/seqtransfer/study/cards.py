"""Which of a machine's GPUs a job computes on: the one that the fewest jobs have.

On each card a job locks the first free place, a file, until its process ends, however it ends. With
as many jobs at a time as cards, each has one of its own; with more, they share evenly. Places are
of the user, so that several studies keep out of each other's way. Where Slurm gave a job its card,
the job finds that one alone.
"""

import fcntl
import importlib.util
import itertools
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

VISIBLE = "CUDA_VISIBLE_DEVICES"
RESOURCES = ("gpu", "_gpus", "gres")  # of a job, by which executors give it a card
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
    does, what follows the first name of no device, such as -1, is ignored.
    """
    numbers = [str(number) for number in range(present)]
    if VISIBLE not in environment:
        return numbers
    names = (name.strip() for name in environment[VISIBLE].split(","))

    def is_device(name: str) -> bool:
        """One of the numbers, or a name that the driver knows, such as GPU-8f1c."""
        return name in numbers or (present > 0 and name[:1].isalpha())

    return list(itertools.takewhile(is_device, names))


def per_job() -> int:
    """1 where torch can use a card, else 0: what a training job asks for on this machine.

    On a cluster the profile's `set-resources` says it for the nodes instead.
    """
    return 0 if fault() else min(1, len(visible(os.environ, devices())))


def fault() -> str:
    """Why torch, as it is installed, cannot use the cards that it would see; "" if it can, if it
    sees none, and where nobody can tell.

    Told without torch, which takes seconds to import: by the CUDA that it was built for, and the
    newest that the driver knows. A driver knows all minor versions of a major one.
    """
    if not visible(os.environ, devices()) or not (reason := _unusable()):
        return ""
    remedy = "install torch for it (docs/guides/clusters.md#a-gpu); training is on the CPU now"
    return f"there is a GPU, but {reason}; {remedy}"


def _unusable() -> str:
    """Why torch cannot compute on this machine's cards; "" if it can, or nobody can tell."""
    built, known = _cuda_of_torch(), _cuda_of_driver()
    if built == "":
        return "torch is a build for the CPU"
    if built is None or known is None or known >= int(built.split(".")[0]):
        return ""
    return f"its driver knows CUDA {known}, and torch needs {built}: update the driver"


def _cuda_of_torch() -> str | None:
    """The version of CUDA that torch was built for, "" for none; None without torch."""
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None:
        return None
    said = re.search(
        r"^cuda\b.*= '([\d.]+)'", Path(found.origin).with_name("version.py").read_text(), re.M
    )
    return said[1] if said else ""


def _cuda_of_driver() -> int | None:
    """The major version of CUDA up to which this machine's driver goes; None if it does not say."""
    try:
        import pynvml
    except ImportError:  # a machine that only plans need not have it
        return None
    try:
        pynvml.nvmlInit()
        return pynvml.nvmlSystemGetCudaDriverVersion_v2() // 1000
    except pynvml.NVMLError:
        return None


def place(cards: Sequence[str], folder: Path) -> str:
    """The card of the lowest place that is free, now locked until this process ends.

    cards: at least one; folder: of the places' files, one for all who share the cards.
    Raises ValueError naming the folder if its file system locks no files, and OSError if the file
    of a place cannot be opened or is a link.
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
            except OSError as error:
                os.close(file)
                raise ValueError(
                    f"{folder}: its file system locks no files ({error}), so that jobs could not"
                    " share the cards; set TMPDIR to a folder on a disk of this machine"
                ) from error
            else:
                _held.append(file)
                return card


def take(gpus: int) -> None:
    """Let this process see one card alone; call it before CUDA starts.

    gpus: what the job's rule asks for. 0 leaves everything as it is, and so does a machine without
    any card. Raises RuntimeError if torch cannot use the card: on the processor the job would take
    many times as long, and keep the card from others.
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
        if reason := _unusable():
            raise RuntimeError(
                f"the job was given GPU {os.environ[VISIBLE]}, but {reason}; install torch for this"
                " one (docs/guides/clusters.md#a-gpu), or train on the CPU: ask for no GPU in the"
                " profile"
            )
