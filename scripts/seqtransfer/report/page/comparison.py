"""Two studies' reports -> what differs in configuration, code, data and numbers, side by side."""

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from seqtransfer.report import names
from seqtransfer.report.page import document
from seqtransfer.report.studies import meta_analysis
from seqtransfer.report.studies.finished_studies import ABSENT, Study, configuration, differing

OF_ARMS = ("pretraining: code", "fine-tuning: code")  # an arm's own
KEYS = ["task", "initialization", "metric"]  # of a score
OF_EFFECT = ["claim", "contrast", "task", "unit"]  # what an effect is of


def html(left: Study, right: Study) -> str:
    """The comparison as a page of its own."""
    shown = list(claims(left.ledger, right.ledger))
    return document.fill(
        "comparison.html.j2",
        left=left,
        right=right,
        absent=ABSENT,
        sections=[
            ("Configuration", differing(configuration(left.record), configuration(right.record))),
            ("Code, libraries and machine", made_otherwise(left.record, right.record)),
            ("Data", differing(data(left.record), data(right.record))),
        ],
        claims=shown,
        titles={one["id"]: one["title"] for one in shown},
        effects=[
            rows.to_dict("records")
            for _, rows in effects(left, right).groupby(["claim", "contrast"], sort=False)
        ],
        scores=scores(left.scores, right.scores).to_dict("records"),
    )


def made_otherwise(left: Mapping, right: Mapping) -> list[tuple[str, str, str]]:
    """`differing` of the makers of two records. Training has a digest of the code of each arm:
    where the arms differ, those of arms that only one study has are no difference."""
    arms = [
        {*record["configuration"]["initializations"], *record["configuration"].get("controls", ())}
        for record in (left, right)
    ]
    return [
        (key, *pair)
        for key, *pair in differing(makers(left), makers(right))
        if not (arms[0] != arms[1] and key in OF_ARMS and _one_has_all(*pair))
    ]


def _one_has_all(left: str, right: str) -> bool:
    """Whether one of two lists of digests has all of the other's."""
    one, other = (set(side.split(", ")) for side in (left, right))
    return ABSENT not in one | other and (one <= other or one >= other)


def makers(record: Mapping) -> dict[str, str]:
    """Commit, processor, and per stage digests of code, versions and other facts; all of a stage's
    where its results were not made alike."""
    repository = record["repository"] or {"commit": ABSENT, "changed": False}
    changed = ", changed" if repository["changed"] else ""
    found = {"commit": repository["commit"] + changed}
    found["processor of the record"] = record["machine"]["processor"]
    facts: dict[str, list[str]] = {
        f"{stage}: processors": list(known) for stage, known in record.get("processors", {}).items()
    }
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
    """Every claim that is a headline of either side, and `c-share`: `id`, `title`, and the record
    of each side, None where it has none."""
    sides = [{one["id"]: one for one in ledger["claims"]} for ledger in (left, right)]
    both = [*sides[0].items(), *sides[1].items()]
    shown = [name for name, one in both if one["headline"] or name == "c-share"]
    for name in dict.fromkeys(shown):
        pair = [side.get(name) for side in sides]
        title = next(one["title"] for one in pair if one)
        yield {"id": name, "title": title, "left": pair[0], "right": pair[1]}


def effects(left: Study, right: Study) -> pd.DataFrame:
    """Both sides of every task's effect of those of `claims` that both studies test, tasks of both
    first: OF_EFFECT, `<column>_left` and `<column>_right` of `_effects`, `difference` (right -
    left), and `differs`, in words: the side of 0, the verdict, or intervals that do not overlap.
    None where a side lacks a number."""
    pairs = list(claims(left.ledger, right.ledger))
    shown = [
        one["id"]
        for one in pairs
        if all(side and side["effects"] for side in (one["left"], one["right"]))
    ]
    both = _beside(_effects(left, shown), _effects(right, shown), OF_EFFECT)
    paired = both["difference"].notna()
    changed = {
        "other side of 0": both["mean_left"] * both["mean_right"] < 0,
        "other verdict": paired & (both["verdict_left"] != both["verdict_right"]),
        "intervals apart": both["apart"],
    }
    said = [
        ", ".join(what for what, is_so in zip(changed, row, strict=True) if is_so)
        for row in zip(*changed.values(), strict=True)
    ]
    return _or_none(both.assign(differs=said))


def _effects(study: Study, shown: Iterable[str]) -> pd.DataFrame:
    """OF_EFFECT, mean, low, high, level, seeds and verdict of every task of claims `shown`."""
    numbers = ["mean", "low", "high", "level", "seeds"]
    found = [
        meta_analysis.effects([study], name).assign(
            claim=name, contrast=study.claims[name]["contrast"]
        )
        for name in shown
    ]
    columns = [*OF_EFFECT, *numbers, "verdict"]
    every = pd.concat(found) if found else pd.DataFrame(columns=columns)
    return every[columns].astype(dict.fromkeys(numbers, float))


def scores(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
    """Both sides of every test score in its headline metric, those of both studies first: KEYS in
    words, `<column>_left` and `<column>_right`, `difference` (right - left) and `apart`, whether
    the intervals do not overlap. None where a side lacks a number."""
    left, right = (
        side.loc[
            (side["split"] == "test") & side["headline"],
            [*KEYS, "mean", "low", "high", "seeds"],
        ]
        for side in (left, right)
    )
    both = _beside(left, right, KEYS)
    both["initialization"] = both["initialization"].map(names.arm)
    both["metric"] = both["metric"].map(names.metric)
    return _or_none(both)


def _beside(left: pd.DataFrame, right: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The rows of both sides by `keys`, those of both first, with `difference` and `apart`."""
    order = pd.concat([left, right])[keys].drop_duplicates()
    both = order.merge(left, on=keys, how="left")
    both = both.merge(right, on=keys, how="left", suffixes=("_left", "_right"))
    alone = both[["seeds_left", "seeds_right"]].isna().any(axis=1)
    both = pd.concat([both[~alone], both[alone]])
    both["difference"] = both["mean_right"] - both["mean_left"]
    both["apart"] = (both["low_right"] > both["high_left"]) | (
        both["low_left"] > both["high_right"]
    )
    return both.astype({"seeds_left": "Int64", "seeds_right": "Int64"})


def _or_none(table: pd.DataFrame) -> pd.DataFrame:
    return table.astype(object).where(table.notna(), None)
