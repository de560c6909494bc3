"""An encoder of the Hugging Face hub at one commit, by the hub's own client and its cache.

The client's own settings apply: HF_ENDPOINT (a mirror), HF_HOME and HF_HUB_CACHE (the cache),
HF_HUB_OFFLINE, and its token where a repository asks for one.
"""

import os
import re
from pathlib import Path

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError

from seqtransfer.files import checksums

COMMIT = re.compile(r"[0-9a-f]{40}")
# All that is fetched: no pickles, no code. Large encoders come in several `model-1-of-2` files.
FILES = (
    "config.json",
    "model.safetensors",
    "model.safetensors.index.json",
    "model-*-of-*.safetensors",
    "tokenizer.json",
    "vocab.txt",
)


class Unreachable(ValueError):
    """The hub cannot be asked, and its cache on this machine has no answer."""


def fetch(repository: str, revision: str, lock: Path) -> tuple[Path, str]:
    """The folder of `FILES` of a repository in the client's cache, and the commit they are of.

    revision: a commit of 40 digits, or the name of a branch or tag. The commit of a name is written
    to the file `lock` at its first use, a line each of repository, name and commit.
    Raises ValueError if the hub has no such repository or revision, cannot be reached while the
    cache lacks a file, or gives other bytes than it lists; and if a name's commit is another one
    than in `lock`.
    """
    commit = revision
    if not COMMIT.fullmatch(revision):
        commit = _commit(repository, revision, lock)
    folder = _snapshot(repository, commit, FILES)
    if not (folder / "config.json").is_file():
        raise ValueError(f"{repository} at {commit}: has no config.json, so no encoder")
    _check(folder)
    if commit != revision:
        record(lock, repository, revision, commit)
    print(f"{repository} at {commit}: {sorted(path.name for path in folder.iterdir())}")
    return folder, commit


def recorded(lock: Path) -> dict[tuple[str, str], str]:
    """(repository, name of a revision) -> commit, for every line of the lock file; {} without one.

    Raises ValueError naming the line if it is malformed.
    """
    known = {}
    for number, line in enumerate(lock.read_text().splitlines() if lock.exists() else (), start=1):
        repository, name, commit = [*line.split(), "", "", ""][:3]
        if len(line.split()) != 3 or not COMMIT.fullmatch(commit):
            raise ValueError(
                f"{lock}: line {number}: expected a repository, a branch or tag, and a commit of "
                f"40 digits, found {line!r}"
            )
        known[repository, name] = commit
    return known


def record(lock: Path, repository: str, name: str, commit: str) -> None:
    """Add a line to the lock file, unless it is there; one write, so that jobs at once can."""
    if (repository, name) not in recorded(lock):
        with open(lock, "a") as file:
            file.write(f"{repository} {name} {commit}\n")


def _commit(repository: str, name: str, lock: Path) -> str:
    """The commit that a branch or tag points to; it must be the one in `lock`, if one is there."""
    known = recorded(lock).get((repository, name))
    try:
        found = _snapshot(repository, name, ("config.json",)).name
    except Unreachable:
        if known is None:
            raise
        return known
    if known not in (None, found):
        raise ValueError(
            f"{repository}: `{name}` is now {found}; {lock} recorded {known} at first use. "
            f"Keep that one with `revision: {known}`, or take the new one: delete the line"
        )
    return found


def _snapshot(repository: str, revision: str, files: tuple[str, ...]) -> Path:
    """The cache's folder, named by the commit, with those of `files` that the repository has."""
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=list(files)))
    except LocalEntryNotFoundError as error:
        cache = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
        held = sorted({path.name for path in cache.glob("snapshots/*/*") if path.exists()})
        raise Unreachable(
            f"{repository} at {revision}: {constants.ENDPOINT} does not answer, and of its files "
            f"the cache has {', '.join(held) or 'none'}. Where there is a network, run `hf download"
            f" {repository} --revision {revision} {' '.join(FILES[:2])} {' '.join(FILES[4:])}` and "
            f"copy the folder {cache.name} of the cache there to {cache}; or name a source with a "
            f"`path:` to the files.\n  {error}"
        ) from error
    # The client raises its own errors, those of its HTTP library, and the system's.
    except Exception as error:
        raise ValueError(
            f"{repository} at {revision}: {constants.ENDPOINT} does not give it; check `hub:` and "
            f"`revision:`, and the token if it is not public.\n  {type(error).__name__}: {error}"
        ) from error


def _check(folder: Path) -> None:
    """Raise ValueError if a file has other bytes than the hub says; the client looks only at sizes.

    In the cache a file is a link to a blob called by the hub's digest of it: sha256 of a large
    file, git's of another. Where a mirror calls them otherwise, or links cannot be made, nothing
    is known.
    """
    for path in sorted(folder.iterdir()):
        blob = Path(os.readlink(path)).name if path.is_symlink() else ""
        kind = {64: "sha256", 40: "git_blob"}.get(len(blob))
        if kind is None or not re.fullmatch("[0-9a-f]+", blob):
            print(f"{path}: no digest is known of it; taken as it is")
            continue
        faults = checksums.faults(path, checksums.Checksums(((kind, blob),)))
        if faults:
            raise ValueError(
                f"{path}: has {'; '.join(faults)}. It was damaged here or on the way: delete "
                f"{path.resolve()} and rerun"
            )
