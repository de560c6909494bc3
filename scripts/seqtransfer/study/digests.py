"""Digests of a study's files, recorded when they are written, and what differs from them later.

A job's record stands beside its log: `splice.digests.json` by `splice.log`. It maps each file that
the job wrote to its sha256.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from seqtransfer.files import atomic, checksums, json_tsv

SUFFIX = ".digests.json"


def record(log: str | Path, outputs: Iterable[Path]) -> None:
    """Record the digests of the files of a job, those in its folders included."""
    json_tsv.write_json(
        _record(log), {str(path): checksums.sha256(path) for path in _files(outputs)}
    )


def is_recorded(log: str | Path) -> bool:
    """Whether the job has a record: it ended the last time that it ran."""
    return _record(log).exists()


def forget(log: str | Path) -> None:
    """Delete the job's record: its files are about to be written anew."""
    _record(log).unlink(missing_ok=True)
    atomic.remove_partial(_record(log))


def differences(logs: Path, results: Path, passing: Path) -> tuple[int, list[str]]:
    """The number of files recorded below `logs`, and a line for each that differs.

    A file is altered or missing, or it lies below `results` and no job recorded it. Those below
    `passing` are deleted once used, so they may be missing, and are not counted then. States of
    jobs that go on where they were stopped, below `results/unfinished`, are no results. Files and
    records that cannot be read are listed, too. All three are below the current folder.
    """
    recorded: dict[Path, str] = {}
    lines = []
    for path in sorted(logs.rglob(f"*{SUFFIX}")):
        try:
            recorded |= {Path(name): digest for name, digest in json_tsv.read_json(path).items()}
        except (ValueError, AttributeError, OSError) as error:
            lines.append(f"unreadable: {path} ({error})")
    recorded = {
        path: digest
        for path, digest in recorded.items()
        if path.exists() or not path.is_relative_to(passing)
    }
    for path, digest in sorted(recorded.items()):
        if not path.exists():
            lines.append(f"missing: {path}")
            continue
        try:
            if checksums.sha256(path) != digest:
                lines.append(f"altered: {path}")
        except OSError as error:
            lines.append(f"unreadable: {path} ({error})")
    lines += [
        f"not recorded: {path}"
        for path in _files([results])
        if path not in recorded and not path.is_relative_to(results / "unfinished")
    ]
    return len(recorded), lines


def _record(log: str | Path) -> Path:
    return Path(log).with_suffix(SUFFIX)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """The paths that are files, and every file below those that are folders, sorted, but for the
    mark that Snakemake sets into a folder."""
    for path in paths:
        if path.is_dir():
            inner = (one for one in sorted(path.rglob("*")) if not one.is_dir())
            yield from (one for one in inner if one.name != checksums.TIMESTAMP)
        else:
            yield path
