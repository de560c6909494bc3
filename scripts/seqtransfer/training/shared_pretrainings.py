"""Finished pretrainings in the folder `cache:`, for all studies and checkouts that share it.

`pretrained-<digest>/` holds the files that the job wrote and `digests.json`, the sha256 of each;
the digest in its name is of all that they follow from.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from seqtransfer.files import checksums, json_tsv
from seqtransfer.files.atomic import atomic, whole_folder

DIGESTS = "digests.json"


def place(cache: Path, facts: Mapping) -> Path:
    """The folder of a pretraining that follows from `facts`, which JSON can hold."""
    text = json.dumps(facts, sort_keys=True)
    return cache / f"pretrained-{hashlib.sha256(text.encode()).hexdigest()}"


def take(folder: Path, outputs: Sequence[Path]) -> bool:
    """Copy a pretraining's files to `outputs`, by their names.

    False if they are not there, cannot be read, or are not as their digests say: what is then at
    `outputs` is not to be used.
    """
    try:
        digests = json_tsv.read_json(folder / DIGESTS)
        for path in outputs:
            with atomic(path) as temporary:
                shutil.copyfile(folder / path.name, temporary)
                if checksums.sha256(temporary) != digests[path.name]:
                    raise ValueError(f"{path.name} is not as {DIGESTS} says")
    except FileNotFoundError:
        return False
    except (OSError, ValueError, KeyError) as error:
        print(f"{folder}: not used, {error}")
        return False
    print(f"taken from {folder}")
    return True


def give(folder: Path, outputs: Sequence[Path]) -> None:
    """Copy `outputs` into a pretraining's folder, whole or not at all; if that fails, say so."""
    try:
        with whole_folder(folder, lambda there: (there / DIGESTS).is_file()) as new:
            for path in outputs:
                shutil.copyfile(path, new / path.name)
            json_tsv.write_json(
                new / DIGESTS, {path.name: checksums.sha256(new / path.name) for path in outputs}
            )
    except (OSError, ValueError) as error:
        print(f"not kept in the cache: {error}")
