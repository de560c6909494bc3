"""Finished pretrainings in the folder `cache:`, for all studies and checkouts that share it.

`pretrained-<digest>/` holds the files that the job wrote and `digests.json`, the sha256 of each;
the digest in its name is of all that they follow from.
"""

import contextlib
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from seqtransfer.files import atomic, checksums, json_tsv

DIGESTS = "digests.json"
UNFINISHED = "unfinished"  # the folder of what is being copied, as of downloads
LEFT = re.compile(r"pretrained-[0-9a-f]{64}-\w+")


def place(cache: Path, facts: Mapping) -> Path:
    """The folder of a pretraining that follows from `facts`, which JSON can hold."""
    text = json.dumps(facts, sort_keys=True)
    return cache / f"pretrained-{hashlib.sha256(text.encode()).hexdigest()}"


def take(folder: Path, outputs: Sequence[Path]) -> bool:
    """Copy a pretraining's files to `outputs`, by their names.

    False if they are not there, cannot be read, or are not as their digests say: what is then at
    `outputs` is not to be used.
    """
    if not folder.exists():
        return False
    try:
        digests = json_tsv.read_json(folder / DIGESTS)
        for path in outputs:
            with atomic.atomic(path) as temporary:
                shutil.copyfile(folder / path.name, temporary)
                if checksums.sha256(temporary) != digests[path.name]:
                    raise ValueError(f"{path.name} is not as {DIGESTS} says")
    except (OSError, ValueError, LookupError, TypeError) as error:
        print(f"{folder}: not used, {error}")
        return False
    print(f"taken from {folder}")
    return True


def give(folder: Path, outputs: Sequence[Path]) -> None:
    """Copy `outputs` into a pretraining's folder, whole or not at all.

    What is there is kept if it is whole, another job was faster, and else replaced: its name is
    that of a pretraining. If nothing can be written, that is only said.
    """
    try:
        unfinished = folder.parent / UNFINISHED
        unfinished.mkdir(parents=True, exist_ok=True)
        for left in unfinished.iterdir():  # by jobs that were killed
            if LEFT.fullmatch(left.name) and atomic.is_abandoned(left):
                with contextlib.suppress(OSError):  # another user's, who alone may remove it
                    atomic.remove(left)
        # A name of its own: jobs on several machines may have one process number.
        with tempfile.TemporaryDirectory(dir=unfinished, prefix=f"{folder.name}-") as place:
            new = Path(place) / "new"
            new.mkdir()
            for path in outputs:
                shutil.copyfile(path, new / path.name)
            digests = checksums.of_files(new)
            json_tsv.write_json(new / DIGESTS, digests)
            if folder.exists() and not _whole(folder, digests):
                folder.rename(Path(place) / "damaged")
            if not folder.exists():
                new.rename(folder)
    except OSError as error:
        print(f"not kept in the cache: {error}")


def _whole(folder: Path, names: Collection[str]) -> bool:
    """Whether a pretraining's folder has the files of these names, as its own digests say."""
    try:
        there = checksums.of_files(folder)
        return {name: there[name] for name in names} == json_tsv.read_json(folder / DIGESTS)
    except (OSError, ValueError, LookupError):
        return False
