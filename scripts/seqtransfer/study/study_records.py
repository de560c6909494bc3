"""What made a study: its repository, its machine, and what its results record."""

import csv
import json
import os
import platform
import re
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from seqtransfer.files import checksums, damage, json_tsv


def makers(stage: str, records: Sequence[Mapping]) -> list[dict]:
    """What made the results of a stage, once each: `code`, `versions`, other facts, and `files`,
    how many results say so. Several codes of equal facts, as those of several arms, are one, joined
    by commas. records: results with a `provenance`, see `provenance.record`."""
    codes: dict[str, list[str]] = {}
    for record in records:
        facts = {key: fact for key, fact in record["provenance"].items() if key != "code"}
        codes.setdefault(json.dumps(facts, sort_keys=True), []).append(record["provenance"]["code"])
    return [
        {
            "stage": stage,
            "files": len(own),
            "code": ", ".join(sorted(set(own))),
            **json.loads(facts),
        }
        for facts, own in codes.items()
    ]


def results(files: Sequence[Path]) -> list[dict]:
    """Results with a `provenance`, from JSON files that hold one result each, or a list of them."""
    read = map(json_tsv.read_json, files)
    return [one for part in read for one in (part if isinstance(part, list) else [part])]


def coded(tables: Sequence[Path]) -> list[dict]:
    """Results with a `provenance` of code alone, from tables with a column `code`."""
    return [
        {"provenance": {"code": code, "versions": {}}} for path in tables for code in _codes(path)
    ]


def processors(timings: Sequence[Mapping]) -> dict[str, int]:
    """Processor -> how many jobs ran on it. timings: of the jobs, see `provenance.timing`."""
    return dict(Counter(timing.get("processor", "not recorded") for timing in timings))


def sources(lists: Sequence[Path]) -> dict[str, dict]:
    """Source -> `files`, how many were unpacked, and `sha256` of their list of digests.

    lists: a file `{source}.sha256` a source.
    """
    return {
        path.stem: {"files": len(path.read_text().splitlines()), "sha256": checksums.sha256(path)}
        for path in lists
    }


def encoders(files: Sequence[Path]) -> list[dict]:
    """Name, revision and digests of the files of every encoder, from its `encoder.json`."""
    keys = ("name", "revision", "files")
    return [{key: known[key] for key in keys} for known in map(json_tsv.read_json, files)]


def machine() -> dict:
    """Processor, its cores and the system of this machine."""
    return {
        "processor": processor(), "cores": os.cpu_count(), "system": platform.platform()
    }  # fmt: skip


def commit(folder: Path) -> dict | None:
    """The commit of the repository whose top is `folder`, and whether files of it were `changed`
    since, None where no git is there to say it, as in a container; None without a repository."""
    try:
        if Path(_git(folder, "rev-parse", "--show-toplevel")).resolve() != folder.resolve():
            return None
        status = _git(folder, "status", "--porcelain", "--untracked-files=no")
        return {"commit": _git(folder, "rev-parse", "HEAD"), "changed": bool(status)}
    except (OSError, subprocess.CalledProcessError):
        head = _head(folder / ".git")
        return head and {"commit": head, "changed": None}


def processor() -> str:
    """The model of this machine's as Linux names it, elsewhere as Python does."""
    information = Path("/proc/cpuinfo")
    text = information.read_text() if information.exists() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    return found[1] if found else platform.processor() or platform.machine()


def _codes(path: Path) -> list[str]:
    """As strings: a digest may have no letter."""
    with damage.named(path), path.open(newline="") as file:
        return list(dict.fromkeys(row["code"] for row in csv.DictReader(file, delimiter="\t")))


def _head(repository: Path) -> str | None:
    """The commit of the branch that is checked out, from the repository's own files; None if they
    do not say it."""
    try:
        head = (repository / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        branch = head.removeprefix("ref: ")
        if (repository / branch).exists():
            return (repository / branch).read_text().strip()
        lines = (repository / "packed-refs").read_text().splitlines()
        return next((line.split()[0] for line in lines if line.endswith(f" {branch}")), None)
    except OSError:
        return None


def _git(folder: Path, *arguments: str) -> str:
    # The folder of another user, as one mounted in a container, is refused by default.
    command = ["git", "-c", f"safe.directory={folder.resolve()}", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
