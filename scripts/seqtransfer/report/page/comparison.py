"""Two studies' reports -> what differs in configuration, code, data and numbers, side by side."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from seqtransfer.files import json_tsv
from seqtransfer.report import names
from seqtransfer.report.page import document
from seqtransfer.report.tables import table_files

KEYS = ["task", "initialization", "metric"]  # of a score
ABSENT = "absent"


@dataclass(frozen=True)
class Study:
    """name: of the study; record, ledger: of `record.py` and `judge.py`; scores: test scores in the
    headline metric, with KEYS, `mean`, `low`, `high` and `seeds`."""

    name: str
    record: dict
    ledger: dict
    scores: pd.DataFrame


def read(folder: Path) -> Study:
    """The study whose results are in `folder`, `results/{study}`.

    Raises FileNotFoundError if the folder has no finished report.
    """
    report = folder / "report"
    paths = [report / name for name in ("study.json", "claims.json", "tables/scores.csv")]
    for path in paths:
        if not path.exists():
            raise FileNotFoundError(
                f"{path} is not there: give two folders results/<study> of finished studies"
            )
    record, ledger, scores = (
        json_tsv.read_json(paths[0]),
        json_tsv.read_json(paths[1]),
        table_files.read(paths[2]),
    )
    tested = scores[(scores["split"] == "test") & scores["headline"]]
    return Study(record["configuration"]["study"], record, ledger, tested)


def html(left: Study, right: Study) -> str:
    """The comparison as a page of its own."""
    return document.fill(
        "comparison.html.j2",
        left=left,
        right=right,
        sections=[
            ("Configuration", differing(configuration(left.record), configuration(right.record))),
            ("Code, libraries and machine", differing(makers(left.record), makers(right.record))),
            ("Data", differing(data(left.record), data(right.record))),
        ],
        claims=list(claims(left.ledger, right.ledger)),
        scores=scores(left.scores, right.scores).to_dict("records"),
    )


def differing(left: Mapping[str, str], right: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(key, left, right) of every key whose values differ, in the order of the left, then right."""
    keys = dict.fromkeys([*left, *right])
    pairs = [(key, left.get(key, ABSENT), right.get(key, ABSENT)) for key in keys]
    return [pair for pair in pairs if pair[1] != pair[2]]


def configuration(record: Mapping) -> dict[str, str]:
    """Every key of a study's configuration by its path, such as `finetune.steps`."""
    return dict(_flat(record["configuration"], ""))


def _flat(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, str(value)


def makers(record: Mapping) -> dict[str, str]:
    """Commit, processor, and per stage digests of code, versions and other facts; all of a stage's
    where its results were not made alike."""
    repository = record["repository"] or {"commit": ABSENT, "changed": False}
    changed = ", changed" if repository["changed"] else ""
    found = {"commit": repository["commit"] + changed}
    found["processor of the record"] = record["machine"]["processor"]
    facts: dict[str, list[str]] = {}
    for maker in record["made_by"]:
        versions = maker["versions"].items()
        others = (item for item in maker.items() if item[0] not in ("stage", "files", "versions"))
        for name, value in (*others, *versions):
            facts.setdefault(f"{maker['stage']}: {name}", []).append(str(value))
    return found | {key: ", ".join(sorted(set(values))) for key, values in facts.items()}


def data(record: Mapping) -> dict[str, str]:
    """Digests of sources, splits and encoders, and how many examples a task has."""
    found = {f"source {name}": known["sha256"] for name, known in record["sources"].items()}
    found |= {f"split of {task}": digest for task, digest in record["splits"].items()}
    found |= {
        f"{part} examples of {task}": str(count)
        for task, counts in record["examples"].items()
        for part, count in counts.items()
    }
    return found | {
        f"encoder {known['name']}: {name}": digest
        for known in record["encoders"]
        for name, digest in known["files"].items()
    }


def claims(left: Mapping, right: Mapping) -> Iterator[dict]:
    """Every headline claim: `id`, `title`, and the record of each side, None where it has none."""
    sides = [
        {one["id"]: one for one in ledger["claims"] if one["headline"]} for ledger in (left, right)
    ]
    for name in dict.fromkeys([*sides[0], *sides[1]]):
        pair = [side.get(name) for side in sides]
        title = next(one["title"] for one in pair if one)
        yield {"id": name, "title": title, "left": pair[0], "right": pair[1]}


def scores(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    """Both sides of every score: KEYS in words, `<column>_left` and `<column>_right`, `difference`
    (right - left, NaN where a side lacks it) and `apart`, whether the intervals do not overlap."""
    columns = ["mean", "low", "high", "seeds"]
    both = left[[*KEYS, *columns]].merge(
        right[[*KEYS, *columns]], on=KEYS, how="outer", suffixes=("_left", "_right"), sort=False
    )
    both["difference"] = both["mean_right"] - both["mean_left"]
    both["apart"] = (both["low_right"] > both["high_left"]) | (
        both["low_left"] > both["high_right"]
    )
    both["initialization"] = both["initialization"].map(names.arm)
    both["metric"] = both["metric"].map(names.metric)
    return both.astype(object).where(both.notna(), None)
