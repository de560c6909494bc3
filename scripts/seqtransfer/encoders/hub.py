"""Download an encoder from the Hugging Face hub at one commit, with the hub's client and its cache.

The client's settings apply: HF_ENDPOINT (a mirror), HF_HOME and HF_HUB_CACHE (the cache),
HF_HUB_OFFLINE, and a token for repositories that need one.
"""

import os
import re
from pathlib import Path

from huggingface_hub import constants, snapshot_download
from huggingface_hub.errors import LocalEntryNotFoundError

from seqtransfer.files import checksums

LOCK = Path("encoders.lock")  # of a study: where it is run, to be committed with it
COMMIT = re.compile(r"[0-9a-f]{40}")
# Only these are downloaded: no pickles, no code. Large models are split in `model-1-of-2` files.
FILES = (
    "config.json",
    "model.safetensors",
    "model.safetensors.index.json",
    "model-*-of-*.safetensors",
    "tokenizer.json",
    "vocab.txt",
)


class Unreachable(ValueError):
    """The hub does not answer, and its cache on this machine lacks a file."""


def fetch(repository: str, revision: str, lock: Path) -> tuple[Path, str]:
    """The folder of `FILES` of a repository in the client's cache, and their commit.

    revision: a commit of 40 digits, or a branch or tag. At the first use of a branch or tag, its
    commit is written to the file `lock`, as a line of repository, name and commit.
    Raises ValueError if the hub has no such repository or revision, if it does not answer and the
    cache lacks a file, if a file has other bytes than the hub lists, and if a branch or tag has
    another commit than in `lock`.
    """
    commit = revision
    if not COMMIT.fullmatch(revision):
        commit = _commit(repository, revision, lock)
    folder = _snapshot(repository, commit, FILES)
    if not (folder / "config.json").is_file():
        raise ValueError(
            f"{repository} at {commit}: has no config.json, so it is no encoder; check `hub:`"
        )
    _check(folder)
    if commit != revision:
        record(lock, repository, revision, commit)
    print(f"{repository} at {commit}: {sorted(path.name for path in folder.iterdir())}")
    return folder, commit


def recorded(lock: Path) -> dict[tuple[str, str], str]:
    """(repository, branch or tag) -> commit, of every line of the lock file; {} without a file.

    Raises ValueError naming the line if one is malformed.
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
    """Add a line to the lock file, unless it has it; in one write, since jobs run in parallel."""
    if (repository, name) not in recorded(lock):
        text = lock.read_text() if lock.exists() else ""
        end = "\n" if text and not text.endswith("\n") else ""  # an editor left the last line open
        with open(lock, "a") as file:
            file.write(end + f"{repository} {name} {commit}\n")


def _commit(repository: str, name: str, lock: Path) -> str:
    """The commit of a branch or tag; it must be the one in `lock`, if `lock` has one."""
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
    """The folder in the cache, named by the commit; it has those of `files` that the hub has."""
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=list(files)))
    except LocalEntryNotFoundError as error:
        cache = Path(constants.HF_HUB_CACHE) / f"models--{repository.replace('/', '--')}"
        held = sorted({path.name for path in cache.glob("snapshots/*/*") if path.exists()})
        raise Unreachable(
            f"{repository} at {revision}: {constants.ENDPOINT} does not answer, and the cache has "
            f"{', '.join(held) or 'none'} of its files. Where there is a network, run `hf download"
            f" {repository} --revision {revision} {' '.join(FILES[:2])} {' '.join(FILES[4:])}` and "
            f"copy the folder {cache.name} of the cache there to {cache}; or name a source with a "
            f"`path:` to the files.\n  {error}"
        ) from error
    # The client raises its own errors, those of its HTTP library, and the system's.
    except Exception as error:
        raise ValueError(
            f"{repository} at {revision}: cannot be downloaded from {constants.ENDPOINT}; check "
            "`hub:` and `revision:`, and the token if it is not public.\n"
            f"  {type(error).__name__}: {error}"
        ) from error


def _check(folder: Path) -> None:
    """Raise ValueError if a file has another digest than the hub lists: the client checks sizes.

    In the cache a file is a link to a blob, whose name is the hub's digest: sha256 of large files,
    git's of others. Files are not checked where a mirror names blobs otherwise or the file system
    has no links.
    """
    for path in sorted(folder.iterdir()):
        blob = Path(os.readlink(path)).name if path.is_symlink() else ""
        kind = {64: "sha256", 40: "git_blob"}.get(len(blob))
        if kind is None or not re.fullmatch("[0-9a-f]+", blob):
            print(f"{path}: the hub lists no digest of it; not checked")
            continue
        faults = checksums.faults(path, checksums.Checksums(((kind, blob),)))
        if faults:
            raise ValueError(
                f"{path}: has {'; '.join(faults)}. It is damaged: delete {path.resolve()} and rerun"
            )
