"""What a study asks of each of its encoders, and whether they can do it, as far as can be known.

An encoder is known by its folder; before that is there, by the catalogue's `shape`; and one that
lies on this machine by its `config.json`.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from seqtransfer.encoders import encoder_check, initializations
from seqtransfer.files import json_tsv
from seqtransfer.study.checks import configuration, local_sources, settings_tables

# Keys of an encoder or a task in the catalogue that change nothing in its files.
SAID = ("title", "shape", "licence")
MODEL = ("config.json", "model.safetensors")


def check(config: dict, folder: Path, *, files: bool = False) -> None:
    """Raise ValueError if an encoder of a completed study cannot do what the study asks, or cannot
    be read where it lies on this machine, or is not as it was written (files), or if another model
    lies where jobs would put it.

    folder: of the encoders' folders. One that was made from something else than the catalogue now
    says does not count: it will be made anew.
    """
    own, heads = config["encoder"]["name"], {}
    for name in dict.fromkeys([own, *configuration.domain_encoders(config).values()]):
        path, asked = folder / name / "encoder.json", demands(config, name)
        facts = json_tsv.read_json(path) if path.exists() else None
        if facts is None and any((path.parent / file).exists() for file in MODEL):
            raise ValueError(
                f"encoder {name!r}: {path.parent} holds a model without the encoder.json that jobs"
                " write, and they would replace it; move it to a folder of yours, such as my-data/,"
                " or delete it"
            )
        if facts and facts["source"] == record(config["catalogue"], name):
            encoder_check.check(f"encoder {name!r} ({path.parent})", facts, **asked)
            if files:
                encoder_check.check_files(path.parent, facts["files"])
        else:
            _check_place(name, config["catalogue"]["encoders"][name], asked["text"])
            facts = _foretold(config["catalogue"], name)
            encoder_check.check_shape(f"encoder {name!r}", facts, **asked)
        heads[name] = facts.get("heads")
    if "attention" in config["compare"] and any("domain" in p for p in config["compare"]["pairs"]):
        for task, name in configuration.domain_encoders(config).items():
            encoder_check.check_heads(heads[own], heads[name], name, task)


def record(catalogue: Mapping, encoder: str) -> dict:
    """The catalogue's entry of an encoder, without what is only said of it."""
    entry = catalogue["encoders"][encoder]
    return {key: value for key, value in entry.items() if key not in SAID}


def knows_symbols(entry: Mapping) -> bool:
    """Whether an encoder of the catalogue knows symbols of a domain; else word pieces of text."""
    # All conversions but this one are of such encoders.
    return bool(entry.get("symbols")) or entry.get("conversion", "onnx_bert") != "onnx_bert"


def _check_place(encoder: str, entry: Mapping, text: bool) -> None:
    """Raise ValueError if an encoder of symbols is the study's own, or one of texts a domain's."""
    if text and knows_symbols(entry):
        raise ValueError(
            f"encoder.name: {encoder!r} knows symbols of a domain by the catalogue, no word pieces:"
            " it cannot be the study's encoder; name it by"
            f" `domain_encoders: {{<task>: {encoder}}}`"
        )
    if not text and not knows_symbols(entry):
        raise ValueError(
            f"domain_encoders: {encoder!r} knows word pieces by the catalogue, no symbols; name it"
            f" by `encoder: {{name: {encoder}}}`, or, if its vocab.txt lists symbols, write"
            " `symbols: true` in the catalogue"
        )


def _foretold(catalogue: Mapping, encoder: str) -> dict:
    """What is known of an encoder whose folder is not there: by its files, where they lie on this
    machine, and by its `shape`.

    Raises ValueError naming the encoder if its files are there and none that can be read.
    """
    entry = catalogue["encoders"][encoder]
    shape = dict(entry.get("shape", {}))
    path = catalogue["sources"].get(entry.get("source"), {}).get("path")
    if not path or local_sources.is_address(path) or "conversion" in entry:
        return shape
    here = Path(os.path.expanduser(path))
    if here.is_dir():  # not an archive
        try:
            found = encoder_check.checkpoint_configuration(here / entry.get("folder", "."))
            _check_symbols(here / entry.get("folder", "."), entry)
        except ValueError as error:
            raise ValueError(f"encoder {encoder!r}: {error}") from error
        names = {"model_type": "family", **dict.fromkeys(encoder_check.DEPTHS, "layers")}
        names |= dict.fromkeys(encoder_check.HEADS, "heads")
        shape |= {key: found[name] for name, key in names.items() if name in found}
    return shape


def _check_symbols(folder: Path, entry: Mapping) -> None:
    """Raise ValueError if the folder lacks the file that says what symbols or word pieces are."""
    if entry.get("symbols"):
        if not (folder / "vocab.txt").is_file():
            raise ValueError(
                f"{folder}: no vocab.txt; write one that lists the encoder's symbols, one a line,"
                " in the order of the rows of its embedding table"
            )
    elif "tokenizer" not in entry and not (folder / "tokenizer.json").is_file():
        raise ValueError(
            f"{folder}: no tokenizer.json, so that texts cannot be split into word pieces; make it"
            " (`AutoTokenizer.from_pretrained(...).save_pretrained(...)`), name another encoder"
            " that has it, `tokenizer: <name>`, or write `symbols: true` if vocab.txt lists symbols"
        )


def demands(config: dict, encoder: str) -> dict:
    """What a completed study asks of the encoder, as `encoder_check.check` takes it."""
    lengths, layers, pretrained, first = {}, None, [], 0
    if encoder == config["encoder"]["name"]:
        pretrained = configuration.corpora(config)
        arms = map(initializations.parse, config["initializations"])
        first = max((arm.number for arm in arms if arm.kind == "first"), default=0)
        layers, artificial = config["encoder"]["layers"], config["catalogue"]["artificial"]
        lengths |= {task: config["max_length"][task] for task in configuration.tasks(config)}
        lengths |= {name: artificial[name]["length"] for name in pretrained
                    if "length" in artificial.get(name, {})}  # fmt: skip
    for task, name in configuration.domain_encoders(config).items():
        if name == encoder:
            lengths[task] = config["max_length"][task]
    pooled = set(config["tasks"]) - set(settings_tables.unpooled(config))
    runs = [
        (task, arm)
        for task in config["tasks"]
        for arm in config["initializations"]
        if task in pooled and _encoder_of(config, task, arm) == encoder
    ]
    return {
        "layers": layers,
        "lengths": lengths,
        "text": encoder == config["encoder"]["name"],
        "domain": encoder in configuration.domain_encoders(config).values(),
        "poolings": settings_tables.tried(config, runs) if runs else [],
        "pretrained": pretrained,
        "adaptation": config["finetune"]["adaptation"],
        "first": first,
    }


def _encoder_of(config: dict, task: str, arm: str) -> str:
    """The encoder whose weights, or whose shape, an arm starts from."""
    known = configuration.domain_encoders(config)
    own = config["encoder"]["name"]
    return known.get(task, own) if initializations.parse(arm).kind == "domain" else own
