"""What holds of every planned study, written a second time as plain assertions.

`check` knows the registers of converters, tokenizations and measures, but neither the schemas nor
the functions that plan a study.
"""

import codecs
import math
import os
import re
from collections.abc import Iterator

from seqtransfer.corpora.converters import CONVERTERS
from seqtransfer.encoders.controls import CONTROLS
from seqtransfer.similarity.measures import MEASURES
from seqtransfer.tokens.tokenizations import TOKENIZATIONS

SPLITS = {
    "classification": {"stratified"},
    "regression": {"random"},
    "token_classification": {"random"},
}
OF_CLASSES = {"mcc", "accuracy", "macro_f1", "f1"}
METRICS = {
    "classification": OF_CLASSES,
    "regression": {"spearman", "pearson"},
    "token_classification": OF_CLASSES,
}


def values(record: object) -> Iterator[object]:
    """Every value in it that is no map or list, and every key."""
    if isinstance(record, dict):
        yield from record
        for value in record.values():
            yield from values(value)
    elif isinstance(record, list):
        for value in record:
            yield from values(value)
    else:
        yield record


def is_below(folder: str, name: str) -> bool:
    """Whether `name` stays below `folder`, one level at least, however it is written."""
    path = os.path.normpath(os.path.join("/top", folder, name))
    return path.startswith(f"/top/{folder}/") and "\0" not in name and "\n" not in name


def check(study: dict, default: dict) -> None:
    """Raise AssertionError if the completed study breaks a rule; default: the completed default."""
    check_values(study)
    check_names(study)
    for task in study["tasks"]:
        check_task(study, task)
    check_numbers(study)
    check_arms(study)
    check_compared(study)
    if study["study"] == default["study"]:
        assert all(
            study[key] == default[key] for key in {*study, *default} - {"catalogue", "cache"}
        )
    if "cache" in study:
        assert not os.path.isfile(study["cache"])


def check_values(study: dict) -> None:
    for value in values(study):
        assert isinstance(value, str | int | float) or value is None, value
        if isinstance(value, int | float):
            assert math.isfinite(value) and (isinstance(value, float) or abs(value) < 2**63), value
        elif isinstance(value, str):
            value.encode("utf-8")


def check_names(study: dict) -> None:
    assert re.fullmatch("[a-z0-9][a-z0-9_-]*", study["study"])
    for kind in ("sources", "encoders", "tasks", "corpora", "artificial"):
        for name in study["catalogue"][kind]:
            assert re.fullmatch("[A-Za-z0-9][A-Za-z0-9_-]*", name) and len(name) < 100, name
            assert is_below("data/raw", name) and os.sep not in name
    assert len(set(study["tasks"])) == len(study["tasks"]) > 0


def check_task(study: dict, task: str) -> None:
    record, catalogue = study["catalogue"]["tasks"][task], study["catalogue"]
    sources = record["source"] if isinstance(record["source"], list) else [record["source"]]
    assert set(sources) <= set(catalogue["sources"])
    for source in sources:
        assert {"path", "url", "package", "parts"} & set(catalogue["sources"][source])
    kind, converter = record["kind"], CONVERTERS[record["converter"]]
    assert record["format"] in converter.formats
    assert record["metric"] in METRICS[kind]
    assert record["metric"] != "f1" or len(record["classes"]) == 2
    assert record["split"] in {"grouped", "given"} | SPLITS[kind]
    if kind == "token_classification":  # a label a symbol, which stays at its place
        assert record["tokens"]["kind"] == record["format"] == "symbols"
        assert "order" not in record
    if kind != "regression":
        labels = record["classes"]
        assert len(set(labels)) == len(labels) >= 2
        assert all(label == label.strip() != "" and label.isprintable() for label in labels)
    else:
        assert "classes" not in record
    if record["converter"] == "scores":
        assert set(record["classes"]) <= set(study["pieces"])
    check_tokens(record["tokens"], record["format"])
    token_map = record.get("token_map", {"kind": "permutation"})
    assert (token_map.get("shift", 0) > 0) == (token_map["kind"] == "shift")
    assert token_map["kind"] != "identity" or token_map.get("specials", "kept") == "kept"
    check_layout(record.get("layout", {}), record)
    assert 4 <= study["max_length"][task] <= 512
    assert study["represent"]["tokens"] + 2 <= study["max_length"][task]


def check_tokens(tokens: dict, form: str) -> None:
    assert form in TOKENIZATIONS[tokens["kind"]].formats
    if tokens["kind"] == "kmers":
        assert 1 <= tokens["stride"] <= tokens["k"] < 100
    if tokens["kind"] == "bpe":
        assert 2 <= tokens["size"] <= 10**6


def check_layout(layout: dict, record: dict) -> None:
    files = layout.get("files", {})
    paths = [
        *files.values(),
        *(layout[key] for key in ("file", "labels", "table") if key in layout),
    ]
    if record["converter"] == "midi":
        paths = [layout["table"]]  # its `file` is a column
    for path in paths:
        assert is_below("data/raw/x", path), path
    codecs.lookup(layout.get("encoding", "utf-8"))
    assert len(layout.get("delimiter", ",")) == 1
    for fact in ("label", "group", "split"):
        place = layout.get(fact)
        if isinstance(place, dict) and "pattern" in place:
            assert re.compile(place["pattern"]).groups == 1
    if record["converter"] in ("table", "parquet", "fasta", "midi", "lines"):
        parts = set(files) | ({"dev"} if layout.get("dev_share") else set())
        if record["split"] == "given":
            assert "split" in layout or parts == {"train", "dev", "test"}
        if record["split"] == "grouped" and record["format"] != "midi":
            assert "group" in layout


def check_numbers(study: dict) -> None:
    for section in ("pretrain", "finetune"):
        assert 1 <= study[section]["steps"] <= 10**9 and 1 <= study[section]["batch_size"] <= 10**6
        assert 0 <= study[section]["warmup"] <= 1 and 0 <= study[section]["weight_decay"] <= 100
    assert 0 < study["pretrain"]["learning_rate"] <= 100 and 0 < study["claims"]["margin"] <= 1
    assert 0 < study["pretrain"]["mask_rate"] <= 1 and 0 < study["finetune"]["cooldown"] <= 1
    assert min(study["finetune"][key] for key in ("evaluate_every", "patience")) >= 1
    rates = study["sweep"]["learning_rates"]
    assert all(0 < rate <= 100 for rate in rates)
    assert len({repr(float(rate)) for rate in rates}) == len(rates) > 0
    assert all(float(repr(float(rate))) == rate for rate in rates)
    analyse = study["analyse"]
    assert min(analyse["sequences"], analyse["batches"]) >= 2 and analyse["memory"] >= 0
    examples, compare = study["examples"], study["compare"]
    assert min(examples[part] for part in ("train", "dev", "test")) >= 4
    assert 0 < examples.get("train_fraction", 1) <= 1
    assert 2 <= compare["groups"] <= min(study["represent"]["sequences"], examples["test"])
    assert compare["draws"] >= 1 and compare["memory"] >= 0
    chosen = [study["seeds"], study["sweep"]["seeds"], compare["floor_seeds"]]
    for seeds in chosen:
        assert seeds and len(set(seeds)) == len(seeds)
        assert all(type(seed) is int and seed >= 0 for seed in seeds)
    assert not set(chosen[0]) & {*chosen[1], *chosen[2]}


def check_arms(study: dict) -> None:
    catalogue, kept = study["catalogue"], study["pretrain"].get("checkpoints", [])
    assert all(0 < step < study["pretrain"]["steps"] for step in kept)
    assert len(set(study["initializations"])) == len(study["initializations"]) > 0
    for arm in study["initializations"]:
        whole = re.sub("(?<=.)-(embeddings|layernorm|attention|feedforward)-only$", "", arm)
        kind, _, rest = whole.partition("-")
        if kind == "from":
            assert rest in {*catalogue["tasks"], *catalogue["artificial"], "aligned"}, arm
        elif kind == "checkpoint":
            assert int(rest) in {*kept, study["pretrain"]["steps"]}, arm
        elif kind == "first":
            assert 1 <= int(rest) <= study["encoder"]["layers"], arm
        else:
            assert re.fullmatch("[a-z]+(-only|-embedded)?", arm), arm
    assert study["encoder"]["name"] in catalogue["encoders"]
    for task, encoder in study.get("domain_encoders", {}).items():
        assert task in catalogue["tasks"] and encoder in catalogue["encoders"]
        assert "domain" in study["initializations"]
    for task, corpus in study.get("domain_corpora", {}).items():
        assert task in catalogue["tasks"] and corpus in catalogue["corpora"]
        assert corpus not in {*catalogue["tasks"], *catalogue["artificial"]}
        assert task not in study.get("domain_encoders", {})
        lengths = [study["max_length"][other] for other in study["tasks"]
                   if study["domain_corpora"].get(other) == corpus]  # fmt: skip
        apart = catalogue["corpora"][corpus].get("apart", {})
        assert apart.get("kmer", 0) <= max(lengths, default=512) - 2
        if apart and task in study["tasks"]:
            assert catalogue["tasks"][task]["tokens"].get("stride", 1) == 1
    assert set(study["controls"]) <= set(CONTROLS)
    assert not study["controls"] or study["finetune"]["adaptation"] == "full"
    last = re.fullmatch("last-([0-9]+)", study["finetune"]["adaptation"])
    assert not last or int(last[1]) <= study["encoder"]["layers"]
    assert "lora" not in study["finetune"] or study["finetune"]["adaptation"] == "lora"


def check_compared(study: dict) -> None:
    arms, compare = study["initializations"], study["compare"]
    assert compare["reference"] in arms and set(study["represent"]["dropout"]) <= set(arms)
    assert all(not MEASURES[name].distance for name in compare["measures"])
    for left, right in compare["pairs"]:
        assert left in arms and right in arms and left != right
    for left, right, stage in compare["maps"]:
        assert [left, right] in compare["pairs"] and stage in ("before", "after")
